"""Configs refuse what is wrong in one sentence, survive JSON, and count steps as the formulas say."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wgan import PRESETS, Config, WganError, preset
from wgan.config import FIELDS, OPERATIONAL, resolve
from wgan.game.constraints import CONSTRAINTS, gradient_penalty
from wgan.game.networks import NETWORKS
from wgan.game.objectives import OBJECTIVES


def test_a_config_survives_json():
    config = Config(data="mnist", rows=100, prior=0.3, network="dcgan", seed=2**63 - 1)
    assert Config.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_an_object_in_place_of_a_name_is_stored_by_its_name():
    config = Config(constraint=gradient_penalty(penalty_weight=3.0))
    assert config.to_json()["constraint"] == "gradient-penalty"
    assert resolve("constraint", CONSTRAINTS, config.constraint, config) is config.constraint


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_has_a_text_and_refuses_a_value_of_the_wrong_kind(name):
    assert FIELDS[name].metadata["text"]
    if "family" in FIELDS[name].metadata or name in ("data", "data_dir", "drop"):
        return  # names are looked up when training starts, and objects are allowed
    with pytest.raises(WganError, match=name):
        Config(**{name: [1]})
    with pytest.raises(WganError, match=name):
        Config(**{name: "no such value"})


@pytest.mark.parametrize("name", [n for n, f in FIELDS.items() if f.metadata["low"] > float("-inf")])
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
    with pytest.raises(WganError, match=r"gradient of each row .* --critic-norm layer"):
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
    config = Config(warm_up=warm_up, warm_up_every=every, warm_up_critic=7, n_critic=critic)
    assert config.critic_steps_before(step) == sum(config.critic_steps(k) for k in range(step))


def test_the_original_codes_warm_up():
    config = Config(warm_up=25, warm_up_every=500, n_critic=5)  # 100 critic steps for the first 25 and every 500th
    counts = [config.critic_steps(k) for k in (0, 24, 25, 499, 500, 501, 1000)]
    assert counts == [100, 100, 5, 5, 100, 5, 100]


def test_linear_decay_reaches_zero_after_the_last_step():
    config = Config(decay="linear", steps=10, learning_rate=1.0)
    assert [config.learning_rate_at(k) for k in (0, 5, 9)] == pytest.approx([1, 0.5, 0.1])
    assert Config(learning_rate=0.5, decay="none").learning_rate_at(9999) == 0.5


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
    architecture = resolve("network", NETWORKS, config.network, config, row=shape, constraint=config.constraint)
    assert resolve("objective", OBJECTIVES, config.objective, config).name == config.objective
    assert resolve("constraint", CONSTRAINTS, config.constraint, config).name == config.constraint
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
        resolve("objective", OBJECTIVES, "wasserstien", Config())
