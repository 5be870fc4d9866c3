"""Contracts of every public function of arrays: what kinds of numbers it takes, and what it refuses in a sentence.

The functions are found in the modules and the tables, so that a new one is held to the same contracts.
"""

import dataclasses
import inspect
import math
import re
import types
from decimal import Decimal

import numpy as np
import pytest
from scipy.sparse import csr_array

import wgan
from wgan import WganError
from wgan.maths.exact import as_float64, as_probabilities, rounding
from wgan.maths.metrics import METRICS, Modes, Sets, measurement

MODULES = (wgan.metrics, wgan.transport, wgan.divergences, wgan.density_ratio, wgan.known)


def public(module):
    names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    return {
        f"{module.__name__.rpartition('.')[2]}.{name}": getattr(module, name)
        for name in names
        if isinstance(getattr(module, name), types.FunctionType)
        and getattr(module, name).__module__.startswith(module.__name__)
    }


FUNCTIONS = {name: function for module in MODULES for name, function in public(module).items()}


def rows(seed, count=12, columns=2):
    """Zeros and ones, which every kind of number can hold; both occur in each column, and rows repeat."""
    drawn = np.random.default_rng(seed).integers(0, 2, (count, columns))
    drawn[0], drawn[1] = 0, 1
    return drawn


# What an array argument of this name is given, and what an argument of another kind is given.
SETS = {"real": 0, "fake": 1, "train": 2, "X": 3, "Y": 4, "rows": 5, "on_real": 6, "on_fake": 7}
ARRAYS = {
    **{name: rows(seed) for name, seed in SETS.items()},
    "P": np.array([1, 0, 1, 1]),
    "Q": np.array([1, 1, 0, 1]),
    "log_p": np.array([1, 0, 1]),
    "log_q": np.array([0, 0, 1]),
    "scores": np.array([1, 0, 1]),
    "probabilities": np.eye(2, dtype=int)[rows(8)[:, 0]],
    "real_probabilities": np.eye(2, dtype=int)[rows(9)[:, 0]],
    "fake_probabilities": np.eye(2, dtype=int)[rows(10)[:, 0]],
    "labels": rows(11)[:, 0],
}
OTHERS = {
    "divergence": "js",
    "row": wgan.divergences.js(),
    "modes": Modes(np.array([[0, 0], [1, 1]]), np.array([1, 1])),
    "penalty": 0.1,
}
WITHOUT_ARRAYS = {
    "metrics.measurement": "is tested below for every metric",
    "divergences.between_densities": "takes functions",
    "divergences.bound": "takes the arrays of an engine",
    "known.known": "takes a name",
    "known.independent": "takes a pair and makes rows",
}


def required(function):
    return [name for name, p in inspect.signature(function).parameters.items() if p.default is p.empty and p.kind < 2]


def arrays_of(function):
    return [name for name in required(function) if name in ARRAYS]


CALLED = {name: f for name, f in FUNCTIONS.items() if name not in WITHOUT_ARRAYS and arrays_of(f)}
each = pytest.mark.parametrize("name", CALLED)


def call(name, **given):
    function = CALLED[name]
    return function(**{k: ARRAYS.get(k, OTHERS.get(k)) for k in required(function)} | given)


def numbers(result):
    """All numbers in a result, except how long it took."""
    if isinstance(result, wgan.density_ratio.DensityRatio):
        return result.log_ratio(ARRAYS["rows"]).tolist()
    if dataclasses.is_dataclass(result):
        result = {field.name: getattr(result, field.name) for field in dataclasses.fields(result)}
    if hasattr(result, "_asdict"):
        result = result._asdict()
    if isinstance(result, dict):
        return [x for key, value in result.items() if key != "seconds" for x in numbers(value)]
    if isinstance(result, np.ndarray | list | tuple):
        return [x for value in result for x in numbers(value)]
    return [float(result)] if isinstance(result, int | float | np.generic) else []


def finite_or_a_sentence(function):
    """The numbers of a result, which are finite or infinite by intent, or None where it is refused in a sentence."""
    try:
        found = numbers(function())
    except WganError as problem:
        assert_sentence(problem)
        return None
    assert not np.isnan(found).any(), found
    return found


def assert_sentence(problem):
    text = str(problem)
    assert "\n" not in text
    assert re.search(r"; .+\.$|\.$", text), text
    assert not re.search(r"Traceback|broadcast|axis|ufunc|operands", text), text


def test_every_public_function_is_held_to_the_contracts_or_takes_no_arrays():
    for name, function in FUNCTIONS.items():
        unknown = [k for k in required(function) if k not in ARRAYS and k not in OTHERS]
        if name not in CALLED and name not in WITHOUT_ARRAYS:
            annotated = {str(inspect.signature(function).parameters[k].annotation) for k in required(function)}
            assert annotated <= {
                "<class 'int'>",
                "<class 'float'>",
                "str",
                "str | Divergence",
                "str | wgan.maths.divergences.table.Divergence",
            }, f"{name} takes {annotated}: add it to ARRAYS"
        if name in CALLED:
            assert not unknown, f"{name} takes {unknown}: say in ARRAYS or OTHERS what they hold"
    assert WITHOUT_ARRAYS.keys() <= FUNCTIONS.keys()
    assert len(CALLED) > 25


KINDS = [
    "bool",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float16",
    "float32",
    ">f4",
    ">i2",
]
HELD = {
    **{kind: lambda x, kind=kind: x.astype(kind) for kind in KINDS},
    "longdouble": lambda x: x.astype(np.longdouble),
    "objects": lambda x: x.astype(object),
    "list": lambda x: x.tolist(),
    "decimals": lambda x: np.vectorize(Decimal, otypes=[object])(x),
    "Fortran's order": lambda x: np.asfortranarray(x),
    "every other row": lambda x: np.repeat(x, 2, axis=0)[::2],
    "a mask that hides nothing": lambda x: np.ma.masked_array(x, np.zeros(x.shape, bool)),
    "tensor": lambda x: pytest.importorskip("torch").tensor(x),
    "half tensor": lambda x: pytest.importorskip("torch").tensor(x, dtype=pytest.importorskip("torch").float16),
    "jax": lambda x: pytest.importorskip("jax.numpy").asarray(x),
    "bfloat16": lambda x: np.asarray(pytest.importorskip("jax.numpy").asarray(x, "bfloat16")),
    "data frame": lambda x: pytest.importorskip("pandas").DataFrame(x) if x.ndim == 2 else x,
}


@each
@pytest.mark.parametrize("how", HELD)
def test_numbers_of_any_kind_give_what_the_same_numbers_in_float64_give(name, how):
    plain = {k: ARRAYS[k].astype(np.float64) for k in arrays_of(CALLED[name])}
    expected = numbers(call(name, **plain))
    assert expected
    found = numbers(call(name, **{k: HELD[how](ARRAYS[k]) for k in plain}))
    assert found == expected


def scaled(factor):
    return lambda x: x * factor


def torch_data(x):
    torch = pytest.importorskip("torch")
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.tensor(x)))


def torch_set(x):
    torch = pytest.importorskip("torch")
    return torch.utils.data.TensorDataset(torch.tensor(x))


def hidden(x):
    mask = np.zeros(x.shape, bool)
    mask.flat[0] = True
    return np.ma.masked_array(x.astype(float), mask, fill_value=1e20)


def with_first(value, kind=float):
    def change(x):
        x = x.astype(kind)
        x.flat[0] = value
        return x

    return change


# What is refused, and what the sentence has to say.
REFUSED = {
    "NaN": (with_first(np.nan), "NaN"),
    "masked": (hidden, r"masked values.*filled"),
    "masked rows in a list": (lambda x: list(hidden(x)), r"masked values.*filled"),
    "complex": (lambda x: x.astype(complex), "not an array of numbers .complex128"),
    "text": (lambda x: x.astype(str), "not an array of numbers .<U"),
    "bytes": (lambda x: x.astype("S1"), "not an array of numbers"),
    "dates": (lambda x: x.astype("M8[s]"), "not an array of numbers .datetime64"),
    "None in objects": (with_first(None, object), "not an array of numbers .object"),
    "text in objects": (with_first("a", object), "not an array of numbers .object"),
    "gradients": (
        lambda x: pytest.importorskip("torch").tensor(x, dtype=float, requires_grad=True),
        r"gradients; call \.detach",
    ),
    "gradients in a list": (
        lambda x: [pytest.importorskip("torch").tensor(r, dtype=float, requires_grad=True) for r in x],
        r"gradients; call \.detach",
    ),
    "bfloat16 tensor": (lambda x: pytest.importorskip("torch").tensor(x).bfloat16(), r"float\(\)"),
    "sparse": (lambda x: csr_array(np.atleast_2d(x)), r"sparse.*toarray\(\)"),
    "sparse tensor": (lambda x: pytest.importorskip("torch").tensor(x).to_sparse(), r"sparse.*to_dense\(\)"),
    "loader": (torch_data, "is a DataLoader, not an array"),
    "torch's data set": (torch_set, "is a TensorDataset, not an array"),
    "generator": (lambda x: (row for row in x), "is a generator, not an array"),
    "dict": (lambda x: dict(enumerate(x.tolist())), "is a dict, not an array"),
    "a set": (lambda x: set(np.ravel(x).tolist()), "is a set, not an array"),
    "nothing": (lambda x: None, "is a NoneType, not an array"),
    "ragged": (lambda x: [[1, 2], [1]], "different lengths"),
    "records": (lambda x: np.zeros(3, [("a", float)]), "not an array of numbers"),
    "empty": (lambda x: x[:0], r"empty|shape \(0|positive sum|of 0 real|and 0 fake"),
}


@each
@pytest.mark.parametrize("what", REFUSED)
def test_what_holds_no_plain_numbers_is_refused_with_a_remedy(name, what):
    change, says = REFUSED[what]
    for argument in arrays_of(CALLED[name]):
        if what == "empty" and argument in ("scores", "log_p", "log_q"):
            continue  # nothing of nothing
        if argument == "labels" and name == "metrics.modes_of":
            continue  # the names of the modes, of any kind
        with pytest.raises(WganError, match=says) as refused:
            call(name, **{argument: change(ARRAYS[argument])})
        assert_sentence(refused.value)
        assert str(refused.value).split()[0] in {argument, "the", "a", "there", "scores", "log", "labels", *SETS}


@each
def test_infinity_is_refused(name):
    for argument in arrays_of(CALLED[name]):
        if name == "metrics.modes_of" and argument == "labels":
            continue
        with pytest.raises(WganError, match="infinit"):
            call(name, **{argument: with_first(np.inf)(ARRAYS[argument])})


@each
def test_few_rows_equal_rows_and_numbers_out_of_range_are_measured_or_refused_in_a_sentence(name):
    """No NaN, no warning (they are errors here) and no error of NumPy's own."""
    for argument in arrays_of(CALLED[name]):
        given = ARRAYS[argument].astype(float)
        for changed in (given[:1], given[:2], given[:3], given[0], given * 0, given * 0 + 7, np.repeat(given, 3, 0)):
            finite_or_a_sentence(lambda: call(name, **{argument: changed}))  # noqa: B023, called at once
        for factor in (1e-310, 1e-200, 1e24, 1e100, 1e200, 1e307, -1):
            finite_or_a_sentence(lambda: call(name, **{argument: given * factor}))  # noqa: B023, called at once
    everything = arrays_of(CALLED[name])
    for factor in (1e-310, 1e-200, 1e-90, 1e24, 1e100, 1e200, 1e307):
        finite_or_a_sentence(lambda: call(name, **{k: ARRAYS[k] * factor for k in everything}))  # noqa: B023
    for count in (1, 2, 3, 4, 5):
        finite_or_a_sentence(lambda: call(name, **{k: ARRAYS[k][:count] for k in everything}))  # noqa: B023


SETTINGS = {
    (name, k): p.annotation
    for name, function in CALLED.items()
    for k, p in inspect.signature(function).parameters.items()
    if p.default is not p.empty and re.search(r"\b(int|float)\b", str(p.annotation)) and k != "seed"
}


@pytest.mark.parametrize(("name", "setting"), SETTINGS)
def test_a_setting_that_is_no_such_number_is_refused_in_a_sentence(name, setting):
    annotation = str(SETTINGS[name, setting])
    wrong = ["a", math.nan, math.inf, -1, 0, [1], 1j] + ([2.5] if "float" not in annotation else [])
    if setting == "prior":
        wrong.append(1)
    for value in wrong:
        if setting == "tolerance" and value in (-1, 0):
            continue  # Sinkhorn then ends after `iterations`
        with pytest.raises(WganError, match=setting) as refused:
            call(name, **{setting: value})
        assert_sentence(refused.value)


def test_the_parameters_of_known_pairs_are_numbers():
    for name, function in wgan.known.KNOWN.items():
        for setting, parameter in inspect.signature(function).parameters.items():
            if setting in ("seed", "centres"):
                continue
            for value in ("a", math.nan, math.inf) + ((2.5, 0) if parameter.annotation is int else ()):
                with pytest.raises(WganError, match=setting) as refused:
                    wgan.known.known(name, **{setting: value})
                assert_sentence(refused.value)
        with pytest.raises(WganError, match="n is -3"):
            wgan.known.known(name).sample(-3, 0)


def test_features_of_the_callers_own_are_read_like_rows():
    for features, says in (
        (lambda rows: rows[:5], "have shape"),
        (lambda rows: rows * np.nan, "NaN"),
        (lambda rows: np.ma.masked_less(rows, 1), "masked"),
        (lambda rows: rows.astype(str), "not an array of numbers"),
    ):
        with pytest.raises(WganError, match=says):
            wgan.divergences.between_samples("kl", ARRAYS["real"], ARRAYS["fake"], features=features)


OF_ROWS = {name: f for name, f in CALLED.items() if set(arrays_of(f)) & SETS.keys()}


@pytest.mark.parametrize("name", OF_ROWS)
def test_images_are_flattened_and_one_number_a_row_is_one_column(name):
    sets = [k for k in arrays_of(CALLED[name]) if k in SETS]
    flat = numbers(call(name))
    assert numbers(call(name, **{k: ARRAYS[k].reshape(12, 1, 2, 1) for k in sets})) == flat
    modes = {"modes": Modes(np.array([[0], [1]]), np.array([1, 1]))} if "modes" in required(CALLED[name]) else {}
    if name not in ("density_ratio.density_ratio", "density_ratio.ulsif"):  # `numbers` asks them of two columns
        column = numbers(call(name, **{k: ARRAYS[k][:, :1] for k in sets}, **modes))
        assert numbers(call(name, **{k: ARRAYS[k][:, 0] for k in sets}, **modes)) == column


@pytest.mark.parametrize("name", OF_ROWS)
def test_sets_of_other_sizes_are_compared_and_of_other_columns_refused(name):
    sets = [k for k in arrays_of(CALLED[name]) if k in SETS]
    if name == "metrics.modes_of":
        return  # its labels are one a row
    for k in sets:
        assert finite_or_a_sentence(lambda: call(name, **{k: rows(20, 9)})), k  # noqa: B023, called at once
        if name != "divergences.variational_bound":  # which takes scores of any shape
            with pytest.raises(WganError, match="columns") as refused:
                call(name, **{k: rows(20, 12, 3)})
            assert_sentence(refused.value)


# The metrics by name.


def sets(kind=float, **changed):
    """120 rows of each kind, of whole numbers from 0 to 9 that repeat, so that every kind can hold them."""
    rng = np.random.default_rng(0)
    real, fake, train = (rng.integers(0, 10, (n, 3)).astype(kind) for n in (120, 130, 400))
    p = [np.eye(4, dtype=kind)[rng.integers(0, 4, n)] for n in (120, 130)]
    given = {"real": real, "fake": fake, "train": train, "real_probabilities": p[0], "fake_probabilities": p[1]}
    modes = Modes(real[:5], np.ones(5, kind))
    return Sets(**given | {"modes": modes, "sample_labels": p[1].argmax(1).astype(kind)} | changed)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "bool"])
def test_a_metric_of_any_kind_of_number_is_that_of_float64(name, kind):
    assert measurement(name, sets(kind)) == measurement(name, sets())


FIELDS = [field.name for field in dataclasses.fields(Sets) if field.name not in ("modes", "frechet")]  # pairs


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("what", [what for what in REFUSED if what not in ("nothing", "generator", "empty", "sparse")])
def test_a_metric_refuses_what_holds_no_plain_numbers_in_every_set_that_it_reads(name, what):
    read = []
    for field in FIELDS:
        try:
            measurement(name, sets(**{field: REFUSED[what][0](getattr(sets(), field))}))
        except WganError as problem:
            assert_sentence(problem)
            read.append(field)
    assert set(METRICS[name].needs) - {"modes"} <= set(read)
    assert read, "a metric reads some set"


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_of_repeated_or_equal_rows_is_a_number_or_refused(name):
    one = np.zeros((120, 3))
    for changed in (
        {"fake": one},
        {"real": one},
        {"train": one},
        {"real": one, "fake": one, "train": one},
        {"fake": np.repeat(sets().train[:2], 60, 0)},
        {"fake": sets().train[:130]},
        {"fake": sets().fake.reshape(130, 1, 3, 1), "real": sets().real.reshape(120, 1, 3, 1)},
    ):
        assert finite_or_a_sentence(lambda: measurement(name, sets(**changed))) != []  # noqa: B023, called at once


# The pairs of known W1.


@pytest.mark.parametrize("name", wgan.known.KNOWN)
@pytest.mark.parametrize("field", ["potential", "gradient"])
def test_a_known_pair_reads_rows_of_any_kind_and_refuses_others(name, field):
    pair = wgan.known.known(name)
    function, whole = getattr(pair, field), rows(0, 12, pair.dimension) + 1
    for how in HELD.values():
        held = how(whole)
        if str(getattr(held, "dtype", "")) != "bool":  # which holds no 2
            np.testing.assert_array_equal(function(held), function(whole.astype(float)))
    for change, says in REFUSED.values():
        with pytest.raises(WganError, match=says):
            function(change(whole))
    with pytest.raises(WganError, match="columns"):
        function(rows(0, 12, pair.dimension + 1))


# Sums that are 1 but for rounding.


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_histograms_normalised_in_their_own_dtype_are_equal_in_total(kind):
    rng = np.random.default_rng(0)
    for bins in (2, 10, 255, 1000, 20_000):
        if kind == "float16" and bins > 1000:
            continue  # the sum of so many is beyond what float16 can divide by without losing its bins
        P, Q = (rng.random(bins).astype(kind) for _ in range(2))
        P, Q = P / P.sum(dtype=kind), Q / Q.sum(dtype=kind)
        assert P.dtype == kind
        found = wgan.emd(P, Q)
        exact = wgan.emd(P.astype(float), Q.astype(float), unequal="normalise")
        assert found.cost == pytest.approx(exact.cost, rel=0.05)


def test_a_difference_beyond_rounding_is_refused_and_named():
    for kind, more in (("float64", 1e-8), ("float32", 1e-5), ("float16", 0.02)):
        P = np.full(10, 0.1).astype(kind)
        Q = P.copy()
        Q[0] += np.asarray(more, kind)
        with pytest.raises(WganError, match=r"a difference of \d.*unequal='normalise'"):
            wgan.emd(P, Q)
        assert wgan.emd(P, Q, unequal="normalise").cost > 0
    with pytest.raises(WganError, match=r"P holds 1 and Q holds 1\.00001, a difference of 1e-05;"):
        wgan.emd([0.5, 0.5], [0.5, 0.50001])


def test_rounding_is_that_of_the_dtype():
    assert rounding([1.0], 4, 1.0) == rounding(np.ones(4), 4, 1.0) == 1e-9
    assert 1e-7 < rounding(np.ones(4, "f4"), 4, 1.0) == rounding(np.ones(4, ">f4"), 4, 1.0) < 1e-5
    assert 1e-3 < rounding(np.ones(4, "f2"), 4, 1.0) < 1e-2
    assert rounding(np.ones(4, "i8"), 4, 1.0) == 1e-9


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_probabilities_are_those_of_a_softmax_in_their_dtype_and_no_others(kind):
    logits = np.random.default_rng(0).normal(size=(50, 100))
    p = np.exp(logits).astype(kind)
    p /= p.sum(1, keepdims=True, dtype=kind)
    np.testing.assert_array_equal(as_probabilities(p, "p"), p.astype(float))
    for wrong, says in (
        (np.exp(logits), "sums to .*, not to 1; divide each row by its sum"),
        (p[:, :50], "sums to 0"),
        (logits, "holds -"),
        (p[0], "has shape"),
        (p[:0], "has shape"),
    ):
        with pytest.raises(WganError, match=says):
            as_probabilities(wrong, "p")
    with pytest.raises(WganError, match="not to 1"):
        wgan.metrics.inception_style_score(p * 79)
    other = np.eye(50, dtype=kind)
    with pytest.raises(WganError, match="real_probabilities has 100 classes and fake_probabilities 50"):
        wgan.metrics.class_coverage(p, other)
    with pytest.raises(WganError, match="whole numbers from 0 to 49"):
        wgan.metrics.label_agreement(other, np.arange(50) + 1)


def test_longer_floats_and_numbers_that_float64_lacks_are_refused():
    with pytest.raises(WganError, match=r"beyond 2\*\*53"):
        as_float64([2**60 + 1], "X", "numbers")
    if np.finfo(np.longdouble).nmant > 52:
        with pytest.raises(WganError, match="has to round"):
            as_float64(np.array([np.longdouble(1) / 3]), "X", "numbers")
    assert math.isnan(as_float64([math.nan], "X", "numbers", finite=False)[0])
