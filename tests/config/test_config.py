"""Configs refuse what is wrong in one sentence, survive JSON, and count steps as the formulas say."""

import dataclasses
import inspect
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wgan import PRESETS, WGAN, Config, WganError, preset
from wgan.config import FAMILIES, FIELDS, OPERATIONAL, OPTIMISERS, OWN, READERS, Named, resolve
from wgan.config.other_names import OTHER_MEMBERS
from wgan.config.values import kind
from wgan.engines import ENGINES, get_engine, installed
from wgan.game.constraints import Constraint, clip, gradient_penalty, sphere
from wgan.game.networks import Architecture, mlp
from wgan.game.objectives import minimax

NUMBERS = [name for name, f in FIELDS.items() if kind(f) in (int, float)]


def test_a_config_survives_json():
    config = Config(data="mnist", rows=100, objective="minimax", prior=0.3, network="dcgan", seed=2**63 - 1)
    assert Config.from_json(json.loads(json.dumps(config.to_json()))) == config


def other(name):
    """A value of this field that is not its default."""
    f = FIELDS[name]
    if choices := f.metadata.get("choices"):
        return next(choice for choice in choices if choice != f.default)
    if f.default is None:
        return min(3, f.metadata["high"] / 2)
    return 2 * f.default or 1 if f.type is int else 0.25


MEMBERS = [(family, name) for family, (table, _) in FAMILIES.items() if family != "network" for name in table]


@pytest.mark.parametrize(("family", "name"), MEMBERS)
def test_a_member_in_place_of_its_name_keeps_its_parameters_on_the_way_through_json(family, name):
    make = FAMILIES[family][0][name]
    given = {parameter: other(parameter) for parameter in inspect.signature(make).parameters}
    config = Config(**{family: make(**given)})
    assert config == Config(**{family: name}, **given) == Config().replace(**{family: make(*given.values())})
    again = Config.from_json(json.loads(json.dumps(config.to_json())))
    assert again == config
    assert resolve(family, again) is make(**given)
    for parameter, value in given.items():
        with pytest.raises(WganError, match=f"{parameter} is .*, but the {family} was made with"):
            Config(**{family: make(), parameter: value})
        assert getattr(config.replace(**{family: make()}), parameter) == make().parameters[parameter]


def test_a_field_beside_an_object_is_refused_also_where_it_has_its_default():
    given = {"constraint": gradient_penalty(), "penalty_weight": 1.0}
    with pytest.raises(WganError, match=r"penalty_weight is 1\.0, but the constraint was made with 10\.0"):
        Config().replace(**given)
    with pytest.raises(WganError, match=r"penalty_weight is 1\.0, but the constraint was made with 10\.0"):
        _ = WGAN(**given).config
    assert Config().replace(constraint=gradient_penalty(), penalty_weight=10.0).penalty_weight == 10


@pytest.mark.parametrize("number", [np.float32(0.5), np.float64(0.5), np.int8(1), 1, 0.5], ids=repr)
def test_numbers_of_every_kind_are_numbers(number):
    config = Config(penalty_weight=number)
    assert config.penalty_weight == number
    assert type(config.penalty_weight) is float
    json.dumps(config.to_json())


@pytest.mark.parametrize("wrong", [10**400, -(10**400), "1", [1], np.array([1.0]), None, 1j, float("nan")], ids=str)
def test_what_is_no_number_of_the_range_is_refused_in_a_sentence(wrong):
    with pytest.raises(WganError, match=r"penalty_weight is .*; it must be a number of at least 0"):
        Config(penalty_weight=wrong)
    with pytest.raises(WganError, match=r"penalty_weight is .*; it must be a number of at least 0"):
        Config(constraint=gradient_penalty(penalty_weight=wrong))


@pytest.mark.parametrize("name", ["", 3, None, ["a"]])
def test_an_object_without_a_name_is_refused(name):
    with pytest.raises(WganError, match=r"constraint has the name .*; give it a text"):
        Config(constraint=Constraint(name))


def test_the_parameters_of_a_member_are_checked_as_fields_are():
    with pytest.raises(WganError, match=r"clip is -1; it must be a number of at least"):
        Config(constraint=clip(-1))
    with pytest.raises(WganError, match="unknown penalty_sides 'both'"):
        Config(constraint=gradient_penalty(penalty_sides="both"))


IMPOSTORS = {
    "constraint": [Constraint("clip"), clip(0.1)._replace(project=sphere().project), clip(0.1)._replace(name="sphere")],
    "objective": [minimax(0.3)._replace(name="wasserstein"), minimax()._replace(parameters=None)],
    "network": [Architecture("mlp", [], [], "he"), mlp((2,), 4, 1, "auto", "auto", "auto")],
}


@pytest.mark.parametrize(("family", "one"), [(family, one) for family, some in IMPOSTORS.items() for one in some])
def test_an_object_that_only_bears_the_name_of_a_member_is_refused(family, one):
    with pytest.raises(WganError, match=f"{family} is an object with the name {one.name}, .*give yours another name"):
        Config(**{family: one})
    own = one._replace(name="mine", **({} if family == "network" else {"parameters": None}))
    config = Config(**{family: own})
    assert getattr(config, family) is own
    assert getattr(Config.from_json(config.to_json()), family) == Named("mine"), "a file holds no code"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_name_that_no_family_holds_and_what_is_no_member_are_refused_at_once(family):
    with pytest.raises(WganError, match=f"unknown {family} 'nope'"):
        Config(**{family: "nope"})
    for wrong in (3, None, ["clip"], object(), FAMILIES):
        with pytest.raises(WganError, match=f"{family} is .*; give a name"):
            Config(**{family: wrong})


READING = [
    (family, member, field)
    for family, readers in READERS.items()
    for member in readers
    for field in dict.fromkeys(name for names in readers.values() for name in names)
]


@pytest.mark.parametrize(("family", "member", "field"), READING)
def test_a_field_that_the_chosen_member_does_not_read_is_refused(family, member, field):
    value = other(field)
    if field in READERS[family][member]:
        assert getattr(Config(**{family: member, field: value}), field) == value
        return
    readers = [name for name, fields in READERS[family].items() if field in fields]
    sentence = (
        f"{field} is {value}, which {family} {member} does not read; leave it out, or use {family}=.*{readers[-1]}"
    )
    with pytest.raises(WganError, match=sentence):
        Config(**{family: member, field: value})
    before = Config(**{family: readers[0], field: value})
    assert getattr(before.replace(**{family: member}), field) == FIELDS[field].default, "it goes with what read it"
    for asked in (value, FIELDS[field].default):
        with pytest.raises(WganError, match=f"{field} is .*, which {family} {member} does not read"):
            before.replace(**{family: member, field: asked})
    old = Config().to_json() | {family: member, field: value}
    assert Config.from_json(old) == Config(**{family: member}), "a run of an earlier version, which ignored it"


def test_fields_that_no_switch_turns_on_are_refused_too():
    with pytest.raises(WganError, match="warm_up_critic is 50, but it needs warm_up or warm_up_every; set that too"):
        Config(warm_up_critic=50)
    assert Config(warm_up=3, warm_up_critic=50).replace(warm_up=0).warm_up_critic == FIELDS["warm_up_critic"].default
    with pytest.raises(WganError, match="resize is pad, but it needs size; set that too"):
        Config(resize="pad")
    assert Config(resize="pad", size=8).replace(size=None).resize == "crop"


@pytest.mark.parametrize("name", OWN)
def test_what_both_players_have_is_refused_where_each_has_its_own(name):
    shared, own = other(name), dict.fromkeys(OWN[name], 0.25)
    one = dict([own.popitem()])
    assert getattr(Config(**one, **{name: shared}), name) == shared, "the other player reads it"
    own |= one
    with pytest.raises(WganError, match=f"^{name} is {shared}, but .* are set, so nothing reads it; leave it out"):
        Config(**own, **{name: shared})
    assert getattr(Config(**{name: shared}).replace(**own), name) == FIELDS[name].default
    with pytest.raises(WganError, match="so nothing reads it"):
        Config(**own).replace(**{name: shared})
    config = Config(**own)
    assert Config.from_json(config.to_json()) == config
    assert [config.of_player(name, player) for player in ("critic", "generator")] == [0.25, 0.25]


def test_an_own_beta_goes_with_the_optimiser_that_read_it():
    adam = Config(critic_beta1=0.5, critic_beta2=0.7)
    assert adam.betas("critic") == (0.5, 0.7)
    assert adam.betas("generator") == (0.0, 0.9)
    rmsprop = adam.replace(optimiser="rmsprop")
    assert (rmsprop.critic_beta1, rmsprop.critic_beta2) == (None, 0.7)
    with pytest.raises(WganError, match=r"critic_beta1 is 0\.5, which optimiser rmsprop does not read"):
        Config(optimiser="rmsprop", critic_beta1=0.5)


def test_the_learning_rates_rise_in_a_line_to_their_first_value_and_then_fall_as_they_would():
    plain = Config(learning_rate=1.0, generator_learning_rate=2.0, decay="linear", steps=100)
    warm = plain.replace(learning_rate_warm_up=4)
    assert [warm.learning_rate_at(at) / plain.learning_rate_at(at) for at in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]
    assert warm.learning_rate_at(1, player="generator") == 0.5 * plain.learning_rate_at(1, player="generator")


def test_each_engine_has_the_optimisers_that_a_config_names():
    for engine in filter(installed, ENGINES):
        for name, fields in OPTIMISERS.items():
            made = type(get_engine(engine).optimiser(name, 0.5, 0.9))
            assert tuple(inspect.signature(made).parameters) == fields


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_has_a_text_and_refuses_a_value_of_the_wrong_kind(name):
    assert FIELDS[name].metadata["text"]
    if "family" in FIELDS[name].metadata or name in ("data", "data_dir", "drop", "given"):
        return  # members of families have tests of their own; other names are looked up when training starts
    with pytest.raises(WganError, match=name):
        Config(**{name: [1]})
    with pytest.raises(WganError, match=name):
        Config(**{name: "no such value"})


@pytest.mark.parametrize("name", FIELDS)
def test_only_a_field_that_is_none_by_default_may_be_none(name):
    if FIELDS[name].default is None:
        assert getattr(Config(**{name: None}), name) is None
    else:
        with pytest.raises(WganError, match=f"{name}.* None"):
            Config(**{name: None})


def test_fields_are_given_by_name():
    with pytest.raises(WganError, match="takes its fields by name"):
        Config("digits")


def within(name, value):
    """A config with this value, and with what reads the field."""
    reading = next(
        ({family: one} for family, readers in READERS.items() for one, names in readers.items() if name in names), {}
    )
    return Config(**reading, **({"warm_up": 1} if name == "warm_up_critic" else {}), **{name: value})


@pytest.mark.parametrize("name", NUMBERS)
def test_both_bounds_of_a_number_are_allowed_and_no_more_than_the_upper(name):
    low, high = (FIELDS[name].metadata[end] for end in ("low", "high"))
    assert low >= 0 or name == "alpha", "counts, shares, weights and decays are never negative"
    assert getattr(within(name, low), name) == low
    if high < float("inf"):
        assert getattr(within(name, high), name) == high
        with pytest.raises(WganError, match=f"{name} is .*; it must be a .* and at most "):
            Config(**{name: high + 1})


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_is_bounded_from_below(name):
    low = FIELDS[name].metadata["low"]
    wrong = low - 1
    with pytest.raises(WganError, match=rf"{name} is {wrong}; it must be a .*number of at least"):
        Config(**{name: wrong})
    with pytest.raises(WganError, match=name):
        Config(**{name: float("nan")})
    with pytest.raises(WganError, match=name):
        Config(**{name: float("inf")})
    with pytest.raises(WganError, match=name):
        Config(**{name: True})


def test_a_fraction_is_not_a_whole_number():
    with pytest.raises(WganError, match=r"steps is 1\.5; it must be a whole number"):
        Config(steps=1.5)


def test_batch_norm_in_a_penalised_critic_is_refused_with_the_reason():
    with pytest.raises(WganError, match=r"gradient of each row .* critic_norm='layer'"):
        Config(critic_norm="batch", constraint="gradient-penalty")
    with pytest.raises(WganError, match="critic_norm is batch"):
        Config(critic_norm="batch", constraint=gradient_penalty())
    Config(critic_norm="batch", constraint="clip")


def test_a_config_is_frozen_and_replace_checks():
    config = Config()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.steps = 3
    with pytest.raises(WganError, match="unknown field 'stepz'; did you mean 'steps'"):
        config.replace(stepz=3)


@given(warm_up=st.integers(0, 30), every=st.integers(0, 12), critic=st.integers(1, 9), step=st.integers(0, 80))
def test_critic_steps_before_is_the_sum(warm_up, every, critic, step):
    more = {"warm_up_critic": 7} if warm_up or every else {}
    config = Config(warm_up=warm_up, warm_up_every=every, n_critic=critic, **more)
    assert config.critic_steps_before(step) == sum(config.critic_steps(k) for k in range(step))


def test_the_original_codes_warm_up():
    config = Config(warm_up=25, warm_up_every=500, n_critic=5)  # 100 critic steps for the first 25 and every 500th
    counts = [config.critic_steps(k) for k in (0, 24, 25, 499, 500, 501, 1000)]
    assert counts == [100, 100, 5, 5, 100, 5, 100]


def test_linear_decay_reaches_zero_after_the_last_step():
    config = Config(decay="linear", steps=10, learning_rate=1.0)
    assert [config.learning_rate_at(k) for k in (0, 5, 9)] == pytest.approx([1, 0.5, 0.1])
    assert Config(learning_rate=0.5, decay="none").learning_rate_at(9999) == 0.5


def test_cosine_decay_is_half_a_wave_of_each_players_own_rate():
    config = Config(decay="cosine", steps=6, learning_rate=1.0, generator_learning_rate=0.5)
    assert [config.learning_rate_at(k) for k in (0, 2, 3, 4, 6)] == pytest.approx([1, 0.75, 0.5, 0.25, 0])
    assert [config.learning_rate_at(k, player="generator") for k in (0, 3)] == pytest.approx([0.5, 0.25])
    assert config.has_two_rates()
    assert not Config(learning_rate=0.5, critic_learning_rate=0.5).has_two_rates()


def test_the_average_forgets_the_initial_weights_before_it_takes_its_own_decay():
    config = Config(average=0.9)
    assert [config.average_at(k) for k in (0, 10, 80, 81, 10**6)] == pytest.approx([0.1, 11 / 20, 0.9, 0.9, 0.9])


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_names_its_source_command_and_what_to_expect(name):
    one = preset(name)
    assert one.source
    assert one.expect
    words = one.command.split()
    assert words[:2] == ["wgan", "train"]
    assert name == "default" or words[words.index("--preset") + 1] == name
    shape = (2,) if "gaussians" in words[2] else (28, 28, 1)
    config = one.config
    architecture = resolve("network", config, row=shape)
    assert resolve("objective", config).name == config.objective
    assert resolve("constraint", config).name == config.constraint
    assert architecture.critic


def test_presets_have_the_constants_of_their_papers():
    def values(name):
        return {f: v for f, v in preset(name).config.to_json().items() if f not in OPERATIONAL}

    wgan = values("wgan")
    algorithm_1 = {"optimiser": "rmsprop", "learning_rate": 5e-5, "clip": 0.01, "batch": 64, "n_critic": 5}
    assert algorithm_1.items() <= wgan.items()
    assert (wgan["constraint"], wgan["average"], wgan["warm_up"]) == ("clip", 0.0, 0)
    penalty = values("wgan-gp")
    algorithm_1 = {"penalty_weight": 10, "n_critic": 5, "learning_rate": 1e-4, "beta1": 0.0, "beta2": 0.9}
    assert (algorithm_1 | {"optimiser": "adam", "penalty_sides": "two"}).items() <= penalty.items()
    one_sided = values("wgan-lp")
    assert {k for k in penalty if penalty[k] != one_sided[k]} == {"penalty_sides"}
    toy = values("wgan-gp-toy")
    code = {"latent": 2, "batch": 256, "n_critic": 5, "penalty_weight": 0.1, "beta1": 0.5, "steps": 100_000}
    assert code.items() <= toy.items()
    cifar = values("cifar10")
    code = {"network": "resnet", "dequantise": "uniform", "batch": 64, "generator_batch": 128, "steps": 100_000}
    code |= {"optimiser": "adam", "learning_rate": 2e-4, "beta1": 0.0, "beta2": 0.9, "decay": "linear", "n_critic": 5}
    assert (
        code | {"penalty_weight": 10, "penalty_sides": "two", "latent": 128, "average": 0.0}
    ).items() <= cifar.items()
    assert (values("lsun-64") | {"size": 64, "steps": 200_000, "learning_rate": 1e-4, "decay": "none"}) == values(
        "lsun-64"
    )
    keras = values("mnist-keras")
    assert {"latent": 128, "learning_rate": 1e-5, "clip": 0.01, "n_critic": 5, "batch": 64}.items() <= keras.items()
    assert values("mnist-keras-gp")["learning_rate"] == 1e-4
    stax = values("fashion-stax")
    epochs = stax["steps"] * stax["n_critic"] * stax["batch"] / stax["rows"]
    assert stax["rows"] == 5000
    assert epochs == pytest.approx(100, rel=0.01)


def test_unknown_names_suggest():
    with pytest.raises(WganError, match="unknown preset 'wgan-gpp'; did you mean 'wgan-gp'"):
        preset("wgan-gpp")
    with pytest.raises(WganError, match="unknown penalty_sides 'both'"):
        Config(penalty_sides="both")
    with pytest.raises(WganError, match="unknown objective 'wasserstien'; did you mean 'wasserstein'"):
        Config(objective="wasserstien")


@pytest.mark.parametrize(
    ("family", "name", "member"),
    [(family, name, member) for family, table in OTHER_MEMBERS.items() for name, member in table.items()],
)
def test_a_name_that_papers_have_for_a_member_is_answered_with_ours(family, name, member):
    for written in (name, name.upper().replace("-", "_")):
        with pytest.raises(WganError, match=f"unknown {family} '{written}'; use {family}='{member}'.$"):
            Config(**{family: written})
    assert Config(**{family: member, **({"constraint": "none"} if family == "objective" else {})})


def test_a_long_list_of_names_is_left_out_where_one_is_near():
    with pytest.raises(WganError, match=r"unknown field 'learning_rat'; did you mean 'learning_rate'\?$"):
        Config(learning_rat=0.1)
    with pytest.raises(WganError, match=r"unknown field 'qqqqqqqq'\. \(choose from: activation, "):
        Config(qqqqqqqq=0.1)


@pytest.mark.parametrize(
    "values",
    [None, [], "x", {"width": [3]}, {"column": {"a": "b"}}, {"seed": 2**70}, {"steps": 10**400}, {"latent": 10**12},
     {"depth": 10**6}, {"objective": None}, {"x": 1}, {"best_by": 3},
     {"learning_rate": float("nan")}, {"drop": {}}, {"activation": ["relu"]}, {3: 4}],
    ids=repr,
)  # fmt: skip
def test_whatever_a_file_says_of_a_config_is_a_config_or_one_sentence(values):
    with pytest.raises(WganError) as refused:
        Config.from_json(values)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["data", "data_dir", "drop"])
def test_an_empty_text_is_not_taken_for_the_working_folder(name):
    with pytest.raises(WganError, match=f"^{name} is empty; give a text, or leave it out"):
        Config(**{name: ""})
