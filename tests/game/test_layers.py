"""A contract for every kind of layer in LAYERS: its shape, gradients, engines, graph, slope and matrices."""

import inspect
import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from wgan.engines import ENGINES, get_engine, installed
from wgan.game.arrays import INIT
from wgan.game.building import conv, residual
from wgan.game.constraints import CONSTRAINTS, orthogonal, spectral
from wgan.game.engine import Ops
from wgan.game.layers import (
    EPSILON,
    LAYERS,
    apply_layers,
    convolution_work,
    initial_arrays,
    lipschitz_bound,
    matrices,
    mixes_batch,
    shapes,
    unbounded,
)
from wgan.game.rings import KINDS as OF_RINGS
from wgan.game.rings import moments, rings

EXACT = get_engine("torch", "float64")
BATCH = 5
# every example of every kind; the first has the kind's own name
EXAMPLES = {
    f"{kind} of {len(row) - 1} axes" if number else kind: one
    for kind, known in LAYERS.items()
    for number, one in enumerate(known.examples)
    for row in [one[1]]
}
OF = {name: LAYERS[layer["kind"]] for name, (layer, _) in EXAMPLES.items()}
MIXING = [name for name in EXAMPLES if OF[name].mixes_batch]
NUMBERS = [name for name, (layer, _) in EXAMPLES.items() if "hidden" in layer or layer["kind"] == "told_batch_norm"]
BOUNDED = [name for name, (layer, _) in EXAMPLES.items() if unbounded([layer]) is None]


def example(kind, seed=0, scale=1.0, row=None):
    """A layer of this kind with arrays, a batch, and what it is told: one of three classes, or three numbers."""
    rng = np.random.default_rng(seed)
    layer, row = EXAMPLES[kind][0], row or EXAMPLES[kind][1]
    params = {  # zeros and ones would hide a bias or a scale
        name: scale * (w + 0.3 * rng.normal(size=w.shape))
        for name, w in initial_arrays([layer], row, "he", rng).items()
    }
    label = rng.normal(size=(BATCH, 3)) if kind in NUMBERS else np.eye(3)[rng.integers(3, size=BATCH)]
    return layer, row, params, rng.normal(size=(BATCH, *row)), label


def applied(engine, layer, params, x, label, moments=None):
    """Run as one program: JAX takes several times as long to compile each of its parts alone."""

    def whole(layers, *arrays):
        return apply_layers(engine.ops, layers, *arrays)

    placed = {name: engine.array(w) for name, w in params.items()}
    return engine.run(whole, [layer], placed, engine.array(x), moments, engine.array(label))


@pytest.mark.parametrize("kind", EXAMPLES)
def test_the_output_has_the_shape_that_the_kind_says(kind):
    layer, row, params, x, label = example(kind)
    (out,) = shapes([layer], row)
    found = applied(EXACT, layer, params, x, label)
    assert found.shape[0] == BATCH
    assert kind == "own" or found.shape[1:] == out
    assert all(name.startswith(f"00.{layer['kind']}.") for name in params)
    assert (convolution_work([layer], row) > 0) == ("kernel" in str(layer)), "only convolutions have work"


def normalised(x, axes):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + EPSILON)


def of_channels(x):
    """x with mean 0 and variance 1 for each channel."""
    return normalised(x, tuple(range(x.ndim - 1)))


def told(array, x, c):
    """What the condition c of each row makes of an array, beside the row's map."""
    return (c @ array).reshape(len(x), *[1] * (x.ndim - 2), -1)


def of_condition(layer, a, c):
    """The weights of the score that a condition adds."""
    return (np.tanh(c @ a["hidden"] + a["hidden_bias"]) if "hidden" in layer else c) @ a["classes"]


def pairs(x):
    return np.sort(x.reshape(*x.shape[:-1], -1, 2))[..., ::-1].reshape(x.shape)


def grouped(x, sizes):
    """The channels before the groups, then each group's softmax."""
    first = x.shape[-1] - sum(sizes)
    groups = np.split(np.exp(x[..., first:]), np.cumsum(sizes)[:-1], axis=-1)
    return np.concatenate([x[..., :first], *(group / group.sum(-1, keepdims=True) for group in groups)], -1)


def shared(x, sizes):
    """The total times the softmax over groups times the softmax over the values of each group."""
    parts = grouped(x, (*sizes, len(sizes)))[..., 1:]
    groups = np.repeat(parts[..., sum(sizes) :], sizes, axis=-1)
    return (np.tanh(x[..., :1]) + 1) * parts[..., : sum(sizes)] * groups


def mixture(a, x):
    """The upper envelope of the cones, the lower one and the plane, in shares by a softmax."""
    shares = np.exp(a["shares"]) / np.exp(a["shares"]).sum()
    upper = (a["peak_bias"] - cdist(x, a["peaks"])).max(1)
    lower = (a["valley_bias"] + cdist(x, a["valleys"])).min(1)
    plane = x @ a["normal"][0] / np.linalg.norm(a["normal"])
    return (np.stack([upper, lower, plane], 1) @ shares)[:, None]


def on_rings(layer, x):
    """The root of each value by its group, ring and angle, in loops, times the root of a quadratic for the total."""
    counts, angles, made = layer["counts"], layer["angles"], []
    sizes = [2, 1, len(counts), sum(counts), 2, sum(counts), 1]
    totals, level, groups, rings, lean, spreads, common, noise = np.split(x, np.cumsum(sizes), axis=1)
    log_total = layer["most"] + 0.1 * totals[:, 1] - np.logaddexp(0, totals[:, 0])
    a, b = 0.7 * np.tanh(lean.T)
    layers = np.exp(groups) / np.exp(groups).sum(1, keepdims=True)
    for group, (count, turns) in enumerate(zip(counts, angles, strict=True)):
        own = slice(sum(counts[:group]), sum(counts[: group + 1]))
        share = np.exp(rings[:, own]) / np.exp(rings[:, own]).sum(1, keepdims=True)
        for angle in 2 * np.pi * (np.arange(turns) + 0.5) / turns:
            side = (1 + (turns > 1) * (a * np.cos(angle) + b * np.sin(angle))) / turns
            for ring in range(count):
                m = log_total + 0.1 * level[:, 0] + np.log(layers[:, group] * share[:, ring] * side)
                s = np.logaddexp(0, spreads[:, own][:, ring] + common[:, 0])
                made.append(np.where(m > 0, np.expm1(m / 2), m / 2) + s * noise[:, len(made)])
    return np.stack([with_total(*row) for row in zip(np.maximum(np.stack(made, 1), 0), np.exp(log_total), strict=True)])


def with_total(made, total):
    """c times the roots y > 0, so that the sum of (1 + c y)^2 over them is the total, or what lies above 1 a 20th."""
    count = (made > 0).sum()
    if count == 0:
        return made
    beyond = max(total - count, 0.05 * total)
    return made * max(np.roots([(made**2).sum(), 2 * made.sum(), -beyond]))


def seen_by_physicists(layer, a, x):
    """The values and what is looked at of each group, by weighted averages and in loops over rings."""
    amounts, filled = np.expm1(2 * np.maximum(x, 0)), np.clip(10 * x, 0, 1)
    above = np.log((amounts + filled).sum(1, keepdims=True) + 2) - layer["most"]
    found, first = [x, 5 * above, np.tanh(30 * above), np.tanh(100 * above)], 0
    for group, (rows, turns) in enumerate(zip(layer["places"], layer["angles"], strict=True)):
        part = slice(first, first := first + len(rows[0]))
        own, total = amounts[:, part], amounts[:, part].sum(1, keepdims=True)
        mean, square = ((own @ a[f"group{group}"] ** power) / (total + 2) for power in (1, 2))
        if turns >= 4:
            roots = np.expm1(np.maximum(x[:, part], 0)).reshape(len(x), turns, -1)
            found += [np.log1p(own.reshape(len(x), turns, -1).sum(1)), np.log(rough(roots) + 1e-3) / 2]
        found += [np.log1p(total), 3 * filled[:, part].mean(1, keepdims=True), mean]
        found += [np.sqrt(np.maximum(square - mean**2, 0) + 0.03)]
    return np.concatenate(found, 1)


def rough(roots):
    """The variance over the angles of roots [n, angles, rings], by a filter that gives 0 for a wave of one turn."""
    w = 2 * np.cos(2 * np.pi / roots.shape[1])
    taps = np.array([1, -1 - w, 1 + w, -1])
    made = sum(tap * np.roll(roots, -(3 - at), 1) for at, tap in enumerate(taps))
    return (made**2).mean(1) / (taps**2).sum()


IN_NUMPY = {  # of (layer, arrays, rows, the condition of each row); the convolutions' are in tests/engines
    "dense": lambda _, a, x, c: x @ a["weight"].T + a["bias"],
    "class_bias": lambda _, a, x, c: x + told(a["classes"], x, c),
    "projection": lambda layer, a, x, c: (
        (x * (a["weight"] + of_condition(layer, a, c))).sum(1, keepdims=True) + a["bias"]
    ),
    "batch_norm": lambda _, a, x, c: of_channels(x) * a["scale"] + a["bias"],
    "class_batch_norm": lambda _, a, x, c: of_channels(x) * told(a["scale"], x, c) + told(a["bias"], x, c),
    "told_batch_norm": lambda _, a, x, c: (
        of_channels(x) * (a["scale"] + told(a["told_scale"], x, c)) + a["bias"] + told(a["told_bias"], x, c)
    ),
    "layer_norm": lambda _, a, x, c: normalised(x, tuple(range(1, x.ndim))) * a["scale"] + a["bias"],
    "relu": lambda _, a, x, c: np.maximum(x, 0),
    "leaky_relu": lambda layer, a, x, c: np.where(x > 0, x, layer["slope"] * x),
    "tanh": lambda _, a, x, c: np.tanh(x),
    "swish": lambda _, a, x, c: x / (1 + np.exp(-x)),
    "shifted_softplus": lambda _, a, x, c: np.logaddexp(0, 2 * x + 2) / 2 - 1,
    "groupsort": lambda _, a, x, c: pairs(x),
    "cones": lambda _, a, x, c: mixture(a, x),
    "softmax": lambda layer, a, x, c: grouped(x, layer["sizes"]),
    "log1p": lambda _, a, x, c: np.log1p(np.maximum(x, 0)),
    "rings": lambda layer, a, x, c: on_rings(layer, x),
    "moments": lambda layer, a, x, c: seen_by_physicists(layer, a, x),
    "noisy": lambda layer, a, x, c: np.concatenate(
        [
            np.tanh(x[:, :-2] @ a["body.00.dense.weight"].T + a["body.00.dense.bias"]) @ a["body.02.dense.weight"].T
            + a["body.02.dense.bias"],
            x[:, -2:],
        ],
        1,
    ),
    "shares": lambda layer, a, x, c: shared(x, layer["sizes"]),
    "reshape": lambda layer, a, x, c: x.reshape(-1, *layer["shape"]),
    "upsample": lambda layer, a, x, c: np.kron(x, np.ones((1, *[2] * (x.ndim - 2), 1)))[
        :, *(slice(size) for size in layer["size"])
    ],
    "global_mean": lambda _, a, x, c: x.mean(tuple(range(1, x.ndim - 1))),
}


@pytest.mark.parametrize(
    ("kind", "row"),
    [(kind, None) for kind in EXAMPLES if EXAMPLES[kind][0]["kind"] in IN_NUMPY]
    + [(kind, (4,)) for kind in IN_NUMPY if kind.endswith("norm")],
)
def test_a_kind_computes_what_its_name_says(kind, row):
    layer, _, params, x, label = example(kind, row=row)
    arrays = {name.removeprefix(f"00.{layer['kind']}."): w for name, w in params.items()}
    wanted = IN_NUMPY[layer["kind"]](layer, arrays, x, label)
    np.testing.assert_allclose(EXACT.numpy(applied(EXACT, layer, params, x, label)), wanted, rtol=1e-9, atol=1e-12)


def test_the_values_of_rings_have_the_total_that_their_channels_say():
    layer = rings((4, 3), (1, 5), 4.0)
    x = np.random.default_rng(3).normal(size=(50, 2 + 1 + 2 + 7 + 2 + 7 + 1 + 19))
    x[:, 0] = -3.0  # most of the totals lie near exp(4), far above the number of values
    y = EXACT.numpy(applied(EXACT, layer, {}, x, np.zeros(0)))
    asked = 4.0 + 0.1 * x[:, 1] - np.logaddexp(0, x[:, 0])
    np.testing.assert_allclose(np.log(((1 + y) ** 2 * (y > 0)).sum(1)), asked, rtol=1e-9)
    x[:, -19:] = -1e6  # noise that leaves no value above 0
    assert (EXACT.numpy(applied(EXACT, layer, {}, x, np.zeros(0))) == 0).all()


def test_the_roughness_of_a_ring_leaves_out_its_mean_and_a_lean_and_has_the_variance_of_noise():
    turns, rows = 10, 4000
    layer = moments((1,), (turns,), (((1.0,) * turns,),), 2.0)
    rng = np.random.default_rng(4)
    angle = 2 * np.pi * (np.arange(turns) + 0.5) / turns
    leaning = 3 + np.outer(rng.uniform(-1, 1, rows), np.cos(angle)) + np.outer(rng.uniform(-1, 1, rows), np.sin(angle))
    for deviation in (0.0, 0.2):
        x = np.log1p(leaning + deviation * rng.normal(size=leaning.shape))
        found = EXACT.numpy(applied(EXACT, layer, {"00.moments.group0": np.ones((turns, 1))}, x, np.zeros(0)))
        variances = np.exp(2 * found[:, turns + 4]) - 1e-3  # behind the values, the total thrice, and the ring's sum
        # each is a mean of 10 squares, in whose terms 4 neighbours share noise: its deviation is below the mean itself
        assert abs(variances.mean() - deviation**2) <= 4 * deviation**2 / math.sqrt(rows) + 1e-12


@pytest.mark.parametrize("kind", EXAMPLES)
def test_the_axes_of_an_examples_rows_have_lengths_of_their_own(kind):
    """Else a layer that takes one axis for another would pass."""
    _, row = EXAMPLES[kind]
    assert len(set(row)) == len(row)


CONES = {"peak_bias", "valley_bias", "shares"}
FANS = {  # the shape of each array of weights, and how many numbers each unit takes and each number goes to
    "dense": [((5, 4), 4, 5)],
    "conv": [((5, 3, 4, 4), 3 * 16, 5 * 16)],
    "conv of 1 axes": [((5, 3, 4), 3 * 4, 5 * 4)],
    "conv of 3 axes": [((5, 3, 3, 3, 3), 3 * 27, 5 * 27)],
    "conv of 2 axes": [((6, 2, 3, 3), 2 * 9, 3 * 9)],
    "conv_transpose": [((2, 5, 4, 4), 2 * 16, 5 * 16)],
    "conv_transpose of 1 axes": [((2, 5, 4), 2 * 4, 5 * 4)],
    "conv_transpose of 3 axes": [((2, 5, 4, 4, 4), 2 * 64, 5 * 64)],
    **{kind: [((5, 4), 4, 5)] for kind in ("aol_dense", "orthogonal_dense")},
    "aol_conv": [((5, 3, 4, 4), 3 * 16, 5 * 16)],
    "aol_conv of 1 axes": [((5, 3, 4), 3 * 4, 5 * 4)],
    "aol_conv of 3 axes": [((5, 3, 3, 3, 3), 3 * 27, 5 * 27)],
    "sll_dense": [((4, 4), 4, 4)],
    "sll_conv": [((3, 3, 3, 3), 3 * 9, 3 * 9)],
    "sll_conv of 1 axes": [((3, 3, 3), 3 * 3, 3 * 3)],
    "sll_conv of 3 axes": [((3, 3, 3, 3, 3), 3 * 27, 3 * 27)],
    "orthogonal_conv": [((5, 3, 2, 2), 3 * 4, 5 * 4), *[((3, 1), 3, 1)] * 4],
    "orthogonal_conv of 1 axes": [((5, 3, 2), 3 * 2, 5 * 2), *[((3, 1), 3, 1)] * 2],
    "orthogonal_conv of 3 axes": [((4, 3, 1, 1, 1), 3, 4), *[((3, 1), 3, 1)] * 6],
    "projection": [((1, 4), 4, 1), ((3, 4), 4, 1)],
    "projection of 0 axes": [((1, 4), 4, 1), ((5, 4), 4, 1)],
    "cones": [((5, 4), 2, 2), ((5, 4), 2, 2), ((1, 4), 2, 2)],  # the points have variance 1, as standardised rows do
    "class_bias": [((3, 4), 1, 4)],  # a condition counts as much as all of z
    "class_bias of 2 axes": [((3, 2), 1, 2)],
    "class_bias of 1 axes": [((3, 2), 1, 2)],
    "class_bias of 3 axes": [((3, 2), 1, 2)],
}


BEGIN = ("own", "moments")  # they say themselves where their arrays begin


@pytest.mark.parametrize("kind", [kind for kind in EXAMPLES if not OF[kind].inside])
def test_weights_start_by_the_numbers_that_go_in_and_out(monkeypatch, kind):
    seen = []

    def record(rng, shape, fan_in, fan_out):
        seen.append((shape, fan_in, fan_out))
        return np.full(shape, 7.0)

    monkeypatch.setitem(INIT, "he", record)
    layer, row = EXAMPLES[kind]
    made = initial_arrays([layer], row, "he", np.random.default_rng(0))
    assert seen == FANS.get(kind, [])
    others = {name.split(".")[-1]: w for name, w in made.items() if kind not in BEGIN and (w != 7).any()}
    first = others.pop("hidden", None)  # by Glorot, since a tanh follows it
    assert first is None or 0 < np.abs(first).max() <= math.sqrt(6 / (3 + 5))
    assert all((w == (what == "scale")).all() for what, w in others.items()), "biases start at 0, scales at 1"
    assert others.keys() <= {"bias", "scale", "told_scale", "told_bias", "hidden_bias"} | CONES


@pytest.mark.parametrize("kind", EXAMPLES)
def test_gradients_by_finite_differences_of_the_weights_and_of_a_penalty(kind):
    """The second derivative too: d/dw |d score / dx|^2, where a wrong layer has the right value and no gradient."""
    layer, _, params, x, label = example(kind)
    params = {**params, "x": x}
    fixed = np.random.default_rng(1).normal(size=tuple(applied(EXACT, layer, params, x, label).shape))

    def loss(placed):
        def score(rows):
            y = apply_layers(EXACT.ops, [layer], placed, rows, None, EXACT.array(label))
            return (torch.tanh(y) * EXACT.array(fixed)).reshape(BATCH, -1).sum(1)

        rows = placed["x"].clone()
        slope = torch.autograd.grad(score(rows.requires_grad_()).sum(), rows, create_graph=True)[0]
        return score(rows).sum() + (slope * slope).sum(), {}

    gradient, _ = EXACT.grad(loss, {name: EXACT.array(w) for name, w in params.items()})
    rng, step = np.random.default_rng(2), 1e-6
    for name, w in params.items():
        direction = rng.normal(size=w.shape)
        ends = [
            loss({n: EXACT.array(v + sign * step * direction if n == name else v) for n, v in params.items()})[0].item()
            for sign in (1, -1)
        ]
        along = float((EXACT.numpy(gradient[name]) * direction).sum())
        assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(along, rel=2e-6, abs=2e-6), name


@pytest.mark.parametrize(
    ("kind", "calibrated"), [(kind, False) for kind in EXAMPLES] + [(kind, True) for kind in MIXING]
)
def test_both_engines_compute_the_same(kind, calibrated):
    if not installed("jax"):
        pytest.skip("JAX is not installed")
    layer, _, params, x, label = example(kind)
    one, two = (
        engine.numpy(applied(engine, layer, params, x, label, {} if calibrated else None))
        for engine in (get_engine("torch"), get_engine("jax"))
    )
    np.testing.assert_allclose(one, two, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("kind", [kind for kind in EXAMPLES if kind != "own"])
def test_the_graph_computes_the_same(kind):
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    import onnxruntime

    from wgan.engines.onnx import Graph, Value
    from wgan.engines.onnx import Ops as GraphOps

    layer, row, params, x, label = example(kind)
    graph = Graph()
    rows, told = Value(graph, "x", (-1, *row), np.float32), Value(graph, "label", (-1, 3), np.float32)
    constants = {name: graph.constant(w.astype(np.float32)) for name, w in params.items()}
    found = apply_layers(GraphOps(graph), [layer], constants, rows, None, told)
    session = onnxruntime.InferenceSession(graph.model([rows, told], {"y": found}, {}).SerializeToString())
    given = {"x": x.astype(np.float32), "label": label.astype(np.float32)}
    (y,) = session.run(["y"], {i.name: given[i.name] for i in session.get_inputs()})
    assert y.shape == (BATCH, *found.shape[1:]), "as the graph was told, and what the next layer goes by"
    wanted = EXACT.numpy(applied(EXACT, layer, params, x, label))
    np.testing.assert_allclose(y, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_kind_that_mixes_a_batch_says_so_and_no_other_does(kind):
    layer, _, params, x, label = example(kind)
    whole = EXACT.numpy(applied(EXACT, layer, params, x, label))
    part = EXACT.numpy(applied(EXACT, layer, params, x[:2], label[:2]))
    assert (np.abs(whole[:2] - part).max() > 1e-12) == OF[kind].mixes_batch == mixes_batch([layer])
    assert mixes_batch([residual([], [layer])]) == mixes_batch([layer]), "inside of a residual block too"


def steepest(layer, row, params, label, seed, size=1.0):
    """The largest singular value of the layer's Jacobian at a random row of this size: its slope there."""
    placed = {name: EXACT.array(w) for name, w in params.items()}
    x = EXACT.array(size * np.random.default_rng(seed).normal(size=(1, *row)))

    def function(rows):
        return apply_layers(EXACT.ops, [layer], placed, rows, None, EXACT.array(label[seed % BATCH][None]))

    jacobian = torch.autograd.functional.jacobian(function, x, vectorize=True)
    return np.linalg.norm(jacobian.reshape(-1, x.numel()).numpy(), 2)


@pytest.mark.parametrize("kind", BOUNDED)
@pytest.mark.parametrize("scale", [0.3, 3.0])
def test_no_slope_exceeds_the_bound_and_the_bound_is_near(kind, scale):
    layer, row, params, _, label = example(kind, scale=scale)
    bound, reason = lipschitz_bound([layer], params, row)
    assert reason == ""
    found = max(steepest(layer, row, params, label, seed) for seed in range(8))
    assert found <= bound * (1 + 1e-9)
    # a residual adds the slopes of its branches, a convolution's border tells a little, and the units of a condition
    # or the parts of a share are seldom all at their ends
    far = OF[kind].inside or kind in NUMBERS or kind.startswith("shares")
    assert bound <= (4 if far else 1.25) * found


@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_kind_has_no_bound_only_where_its_slope_has_none(kind):
    """A norm is the steeper the smaller its input. Own code has no bound, and exponentials have no useful one."""
    layer, row, params, _, label = example(kind)
    small, large = (steepest(layer, row, params, label, 0, size) for size in (1e-3, 1.0))
    assert kind in {"own", *OF_RINGS} or (kind in BOUNDED) == (small < 10 * large)


@pytest.mark.parametrize("kind", EXAMPLES)
@pytest.mark.parametrize("part", ["", "body", "shortcut"])
def test_the_bound_is_finite_where_the_kind_has_one_and_else_the_kind_is_named(kind, part):
    layer, row, params, _, _ = example(kind)
    layers = [residual(**{"body": [], "shortcut": []} | {part: [layer]})] if part else [layer]
    path = f"00.residual.{part}." if part else ""
    bound, reason = lipschitz_bound(layers, {f"{path}{name}": w for name, w in params.items()}, row)
    assert math.isfinite(bound) == (kind in BOUNDED)
    named = layer["kind"]
    assert unbounded(layers) == (None if kind in BOUNDED else named)
    said = f"layer 0 is a {named.replace('_', ' ')}, whose slope has no useful bound"
    assert reason == ("" if kind in BOUNDED else said)


PROJECTED = [kind for kind in BOUNDED if example(kind)[2] and not OF[kind].inside]  # a block's slope is up to 2


@pytest.mark.parametrize("kind", PROJECTED)
@pytest.mark.parametrize("constraint", [spectral(), orthogonal()], ids=lambda one: one.name)
def test_what_a_constraint_projects_gives_the_layer_a_slope_of_1(kind, constraint):
    layer, row, params, _, _ = example(kind, scale=9.0)
    placed = {name: EXACT.array(w) for name, w in params.items()}
    projected = {name: EXACT.numpy(w) for name, w in constraint.project(EXACT.ops, placed, [layer]).items()}
    assert lipschitz_bound([layer], projected, row)[0] <= 1 + 1e-6
    changed = {name for name in params if not np.array_equal(params[name], projected[name])}
    assert changed == {name for name, _ in matrices([layer], params)}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_the_matrices_are_arrays_of_the_layer_and_no_weight_is_forgotten(kind):
    layer, _, params, _, _ = example(kind)
    found = dict(matrices([layer], params))
    assert found.keys() <= params.keys()
    assert all(params[name].ndim >= 1 and times >= 1 for name, times in found.items())
    inside = residual([], [layer])
    nested = {f"00.residual.shortcut.{name}": w for name, w in params.items()}
    assert [name for name, _ in matrices([inside], nested)] == [f"00.residual.shortcut.{name}" for name in found]
    weights = [name for name, w in params.items() if name.endswith((".weight", ".w")) and w.ndim > 1]
    assert set(weights) <= found.keys(), "no weight is forgotten"


def test_the_work_of_a_convolution_is_counted_inside_of_blocks_too():
    one = conv(5, 3, 2)  # 4 x 3 outputs of 5 features, each from 3 x 3 x 2 numbers
    assert convolution_work([one], (7, 6, 2)) == 4 * 3 * 5 * 3 * 3 * 2
    assert convolution_work([residual([one], [one])], (7, 6, 2)) == 2 * convolution_work([one], (7, 6, 2))
    up = EXAMPLES["conv_transpose"]  # every pixel of 4 x 3 meets 5 features through 4 x 4 x 2 weights
    assert convolution_work([up[0]], up[1]) == 4 * 3 * 2 * 5 * 4 * 4


# The operators below the layers.

X, MAP = np.linspace(-2, 2, 24).reshape(4, 6), np.random.default_rng(5).normal(size=(2, 5, 4, 3))
W, B = np.random.default_rng(6).normal(size=(4, 3, 3, 3)), np.random.default_rng(7).normal(size=4)
ARGUMENTS = {
    "dense": (X, X[:3], X[0, :3]), "matmul": (X, X.T), "conv": (MAP, W, B, 2, (1, 1)),
    "conv_transpose": (MAP, W.swapaxes(0, 1), B, 2, (1, 1), (9, 7)), "batch_norm": (MAP, W[0, 0, 0], W[0, 0, 1]),
    "moments": (MAP,), "layer_norm": (MAP,), "relu": (X,), "leaky_relu": (X, 0.2), "groupsort": (X,),
    "largest": (X,), "softmax": (X, (2, 3)), "spread": (X, (2, 3, 1, 4, 2, 1)),
    "upsample": (MAP,), "mean_pool": (MAP,), "concatenate": (X, X),
    "transpose": (MAP, (0, 2, 3, 1)), "eye": (X,), "exp": (X,), "expm1": (X,),
    "beside": (X, X[:, :2]), "log1p": (X**2,), "tanh": (X,), "softplus": (X,), "sqrt": (X**2 + 1,),
    "log": (X**2 + 1,), "sign": (X,),
    "clip": (X, -1.0, 0.5), "lerp": (X, X**2, 0.25),
}  # fmt: skip
OPERATORS = [name for name in vars(Ops) if not name.startswith("_") and inspect.isfunction(vars(Ops)[name])]


def test_every_operator_has_an_example():
    assert set(OPERATORS) == ARGUMENTS.keys()


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_means_the_same_on_both_engines_and_in_a_graph(name):
    def parts(found, numpy):
        return [numpy(one) for one in (found if isinstance(found, tuple) else (found,))]

    def called(ops, place):
        return getattr(ops, name)(*(place(a) if isinstance(a, np.ndarray) else a for a in ARGUMENTS[name]))

    wanted = parts(called(EXACT.ops, EXACT.array), EXACT.numpy)
    for other in filter(installed, ENGINES):
        engine = get_engine(other)
        for one, two in zip(parts(called(engine.ops, engine.array), engine.numpy), wanted, strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-5)
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    from wgan.engines.onnx import Graph, Value
    from wgan.engines.onnx import Ops as GraphOps

    graph = Graph()
    first, *rest = ARGUMENTS[name]
    rows = Value(graph, "x", (-1, *first.shape[1:]), np.float32)
    more = [
        rows if a is first else graph.constant(a.astype(np.float32)) if isinstance(a, np.ndarray) else a for a in rest
    ]
    found = getattr(GraphOps(graph), name)(rows, *more)
    outputs = {f"y{k}": value for k, value in enumerate(found if isinstance(found, tuple) else (found,))}
    session = onnxruntime.InferenceSession(graph.model([rows], outputs, {}).SerializeToString())
    results = session.run(list(outputs), {"x": first.astype(np.float32)})
    for one, two, value in zip(results, wanted, outputs.values(), strict=True):
        assert one.shape == tuple(one.shape[axis] if n == -1 else n for axis, n in enumerate(value.shape))
        np.testing.assert_allclose(one.reshape(two.shape), two, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["dense", "conv", "conv_transpose"])
@pytest.mark.parametrize("engine", ENGINES)
def test_in_bfloat16_the_bias_is_added_in_float32(engine, name):
    if not installed(engine):
        pytest.skip(f"{engine} is not installed")
    low = get_engine(engine, "bfloat16")
    x, weight, old, *more = ARGUMENTS[name]
    bias = np.array([1.001, 2.003, -0.7, 3.007], np.float32)[: len(old)]  # of 24 bits, where bfloat16 has 8
    found = low.numpy(getattr(low.ops, name)(low.array(0 * x), low.array(weight), low.array(bias), *more))
    np.testing.assert_array_equal(found, np.broadcast_to(bias, found.shape))


def test_on_jax_every_product_of_the_game_has_the_precision_of_the_weights():
    """A GPU's default for float32 is TF32, which no test on a CPU would feel: so the programs are read."""
    if not installed("jax"):
        pytest.skip("JAX is not installed")
    import jax
    from jax.extend.core import jaxprs_in_params

    engine = get_engine("jax")
    engine.ops.correlate = engine.ops._correlate  # as on a GPU
    seen = []

    def look(program):
        for equation in program.eqns:
            if equation.primitive.name in ("dot_general", "conv_general_dilated"):
                seen.append(equation.params["precision"])
            for part in jaxprs_in_params(equation.params):
                look(part)

    highest = jax.lax.Precision.HIGHEST
    for kind in set(LAYERS) - {"own"}:
        layer, _, params, x, label = example(kind)
        placed = {name: engine.array(w) for name, w in params.items()}

        def function(placed, x, label, layer=layer):
            return apply_layers(engine.ops, [layer], placed, x, None, label).sum()

        given = placed, engine.array(x), engine.array(label)
        look(jax.make_jaxpr(jax.grad(function))(*given).jaxpr)
        for make in CONSTRAINTS.values():
            project = make().project
            look(jax.make_jaxpr(lambda placed, layer=layer, p=project: p(engine.ops, placed, [layer]))(placed).jaxpr)
    assert len(seen) > 50
    assert all(one in (highest, (highest, highest)) for one in seen)
