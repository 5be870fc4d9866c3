"""Calls that a Python user may well write: each works, or is answered with one sentence that says what to write."""

import numpy as np
import pandas as pd
import pytest

import wgan
from wgan.data.said import said
from wgan.errors import WganError, by_command
from wgan.game import estimates
from wgan.game.constraints import CONSTRAINTS
from wgan.game.objectives import OBJECTIVES
from wgan.training.model import architecture_of

SMALL = {"network": "mlp", "width": 8, "batch": 8, "latent": 2, "steps": 2, "engine": "torch"}
FRAME = pd.DataFrame(
    {"a": np.random.default_rng(0).normal(size=60), "b, c": np.arange(60) % 3, "d": np.arange(60.0) ** 2}
)


@pytest.mark.parametrize("drop", [["d", "b, c"], ("d", "b, c"), np.array(["d", "b, c"]), 'd,"b, c"'])
def test_columns_to_drop_are_a_list_or_a_text(drop, tmp_path):
    assert wgan.Config(drop=drop).drop == 'd,"b, c"'
    assert list(wgan.WGAN(drop=drop, **SMALL).fit(FRAME).sample(3).columns) == ["a"]
    FRAME.to_csv(tmp_path / "f.csv", index=False)
    assert [column.name for column in wgan.data.load(tmp_path / "f.csv", drop=drop).form.columns] == ["a"]
    compared = wgan.evaluate(FRAME, FRAME[::-1], drop=drop)
    assert "column_w1" in compared["metrics"]


@pytest.mark.parametrize("drop", [[], [None], 3, [""], {"a": 1}])
def test_what_names_no_columns_is_refused_in_one_sentence(drop):
    with pytest.raises(WganError, match=r"drop is .*give the names of columns, as NAME,NAME or a list"):
        wgan.Config(drop=drop)


@pytest.mark.parametrize("make", [lambda: wgan.WGAN("default", 5), lambda: wgan.Config("digits")])
def test_fields_without_a_name_are_refused_in_one_sentence(make):
    with pytest.raises(WganError, match=r"takes its fields by name, but (5|'digits') has none; write"):
        make()


def test_a_parameter_of_another_library_is_answered_with_ours():
    with pytest.raises(AttributeError, match=r"no attribute 'lr'; config.learning_rate has its value"):
        _ = wgan.WGAN().lr
    assert not hasattr(wgan.WGAN(), "neither")


def test_a_frame_of_two_rows_is_too_small_and_no_identifier():
    with pytest.raises(WganError, match=r"batch is 8 but .* has only 1 training row"):
        wgan.WGAN(**SMALL).fit(pd.DataFrame({"name": ["x", "y"], "n": [1.5, 2.5]}))
    with pytest.raises(WganError, match="looks like an identifier"):
        wgan.WGAN(**SMALL).fit(pd.DataFrame({"name": list("vwxyz"), "n": np.arange(5.0)}))


def test_a_flag_is_named_on_the_command_line_and_nowhere_else():
    with pytest.raises(WganError) as found:
        said(None, "a=1")
    assert "--" not in str(found.value)
    with by_command(), pytest.raises(WganError, match="use --where, which keeps"):
        said(None, "a=1")


@pytest.mark.parametrize("network", ["mlp", "resnet"])
@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_an_estimate_is_called_certified_where_each_layer_is_bounded(constraint, network):
    config = wgan.Config(network="mlp", constraint="clip", **{k: SMALL[k] for k in ("width", "latent")})
    row = (16, 16, 1) if network == "resnet" else (2,)
    critic = architecture_of(config.replace(network=network), row).critic
    text = estimates.in_words(OBJECTIVES["wasserstein"](), CONSTRAINTS[constraint](), critic)
    assert ("certified lower bound" in text) == CONSTRAINTS[constraint]().bounds_layers
    if CONSTRAINTS[constraint]().bounds_layers:
        blocks = sum("main" in layer or "branch" in layer or layer["kind"] == "residual" for layer in critic)
        assert f"Lipschitz constant at most {2**blocks}" in text
        assert estimates.in_words(OBJECTIVES["minimax"](), CONSTRAINTS[constraint](), critic) == (
            OBJECTIVES["minimax"]().estimates
        )
