"""The studies on images at a tiny scale, on scikit-learn's digits of 8 x 8, which need no file."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from wgan import WganError, data, studies
from wgan.presets import preset
from wgan.studies import critic_overfit, loss_meaning, mode_collapse


def rows_of(module, name, few, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "STUDY", module.STUDY._replace(cases=lambda scale: few))
    rows = [row for at in studies.run(name, "quick", tmp_path / "out", jobs=1) for row in at.rows]
    for file in ("table.csv", "figure.png", "summary.md"):
        assert (tmp_path / "out" / file).stat().st_size > 0
    with (tmp_path / "out" / "table.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == len(rows)
    return rows


# loss-meaning


def test_loss_meaning_at_a_tiny_scale_sees_wgan_gp_fall_and_a_gan_not(tmp_path, monkeypatch):
    tiny = {"data": "digits", "generator": "dcgan", "seed": 0, "batch": 32, "width": 8, "units": 32, "records": 12}
    few = [
        tiny | {"method": "gan", "steps": 60},
        tiny | {"method": "wgan-gp", "steps": 60, "learning_rate": 1e-3, "chosen": "pca"},
    ]
    gan, gp = rows_of(loss_meaning, "loss-meaning", few, tmp_path, monkeypatch)
    assert gan["trend"] > 0.5, "a discriminator from scratch gets better at first, whatever the samples do"
    assert gp["w1_end"] < gp["w1_start"] - 0.5
    assert gp["low"] <= gp["rank"] <= gp["high"]
    for row in (gan, gp):
        assert len(row["step"]) == len(row["w1"]) == len(row["held_out_estimate"]) == 13
        assert row["w1_floor"] < row["w1_end"]
    assert len(gp["feature_w1"]) == 13
    assert gp["feature_w1"][-1] < gp["feature_w1"][0]


def test_loss_meaning_is_judged_by_its_intervals():
    gan = {"method": "gan", "generator": "mlp", "seed": 0, "rank": 0.1, "low": -0.3, "high": 0.5, "trend": 0.9}
    gan |= {"trend_high": 0.95}
    good = gan | {"method": "wgan", "rank": 0.8, "low": 0.6, "high": 0.9, "trend": -0.9, "trend_high": -0.8}
    assert loss_meaning.judge([gan, good])[0] is True
    assert loss_meaning.judge([gan, good | {"low": 0.4}])[0] is None
    assert loss_meaning.judge([gan, good | {"low": 0.1, "high": 0.4}])[0] is False
    falls = gan | {"trend": -0.5, "trend_high": -0.2}
    holds, said = loss_meaning.judge([falls, falls | {"seed": 1}, good])
    assert holds is False
    assert said.endswith("Against the claim: the estimate of gan with mlp falls.")
    assert loss_meaning.judge([good])[0] is None
    assert "wgan with mlp 0.80 (-0.90)" in loss_meaning.judge([gan, good])[1]


def test_the_mlp_generator_has_dcgans_critic():
    config = preset("gan").config.replace(network="dcgan", width=8)
    pair, mixed = (loss_meaning.players(config, generator, 32, (28, 28, 1)) for generator in ("dcgan", "mlp"))
    assert mixed.critic == pair.critic
    kinds = [layer["kind"] for layer in mixed.generator]
    assert kinds == ["dense", "relu"] * 4 + ["dense", "reshape", "tanh"]


@pytest.mark.parametrize("module", [loss_meaning, critic_overfit])
def test_a_study_without_its_data_says_so_in_a_sentence(module, monkeypatch):
    def absent(*_, **__):
        raise WganError("cannot download it; put it by hand.")

    monkeypatch.setattr(data, "load", absent)
    with pytest.raises(WganError, match="put it by hand"):
        module.measure(**module.cases("quick")[0])


# mode-collapse


def test_stacked_rows_hold_the_digits_that_their_labels_name():
    single = data.load("digits")
    single = replace(single, rows=single.labels.astype(np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 1), np.uint8))
    found = mode_collapse.stacked(single, 5000, 3)
    assert found.rows.shape == (5000, 8, 8, 3)
    assert found.form.shape == (8, 8, 3)
    np.testing.assert_array_equal(found.rows[:, 4, 4].astype(int) @ [100, 10, 1], found.labels)
    again, other = mode_collapse.stacked(single, 5000, 3), mode_collapse.stacked(single, 5000, 4)
    np.testing.assert_array_equal(found.rows, again.rows)
    assert (found.labels != other.labels).mean() > 0.9
    # each channel is uniform over the rows: 1,000 modes, of which 5,000 rows miss e^-5 (6.7, standard error 2.6)
    assert 980 < len(np.unique(found.labels)) <= 1000
    assert abs(np.corrcoef(found.labels // 100, found.labels % 10)[0, 1]) < 5 / 5000**0.5


def test_modes_are_counted_by_what_each_channel_shows():
    single = data.load("digits")
    stacked = mode_collapse.stacked(single, 20_000, 0)
    real = mode_collapse.found(single, stacked.rows)
    assert real["accuracy"] > 0.95
    # KL of N rows of 1,000 nearly uniform modes to uniform is about 999 / (2 N) = 0.025
    assert real["modes"] >= 998
    assert 0.015 < real["kl"] < 0.05
    one = np.flatnonzero(stacked.labels == stacked.labels[0])
    alone = mode_collapse.found(single, stacked.rows[np.repeat(one[:1], 500)])
    assert alone["modes"] == alone["digits_found"] == 1
    assert alone["kl"] == pytest.approx(np.log(1000))
    ordered = mode_collapse.found(single, single.rows[single.labels == 7][:100].repeat(3, axis=3))
    assert ordered["modes"] <= 10, "sevens in all three channels, but for what the classifier gets wrong"


def test_the_critic_alone_changes_its_size():
    config = preset("gan").config.replace(network="keras-cnn")
    small, large = (mode_collapse.players(config, 16, share, (8, 8, 3)) for share in (0.25, 1.0))
    assert small.generator == large.generator
    assert [layer["features"] for layer in small.critic if layer["kind"] == "conv"] == [4, 8, 16]
    assert [layer["features"] for layer in large.critic if layer["kind"] == "conv"] == [16, 32, 64]


def test_mode_collapse_at_a_tiny_scale_finds_fewer_modes_than_real_rows_have(tmp_path, monkeypatch):
    tiny = {"data": "digits", "rows": 2000, "samples": 2000}
    few = [tiny | {"method": "real rows", "seed": 0}]
    few += [tiny | {"width": 4, "steps": 0, "batch": 32, "method": "untrained", "critic_share": 1.0, "seed": 0}]
    few += [
        tiny | {"width": 4, "steps": 4, "batch": 32, "method": method, "critic_share": share, "seed": 0}
        for method in ("gan", "wgan", "wgan-gp")
        for share in (0.25, 1.0)
    ]
    rows = rows_of(mode_collapse, "mode-collapse", few, tmp_path, monkeypatch)
    # 2,000 rows of 1,000 modes miss 1000 e^-2 = 135 of them (standard error 9): 865, and more as classes differ in size
    assert 800 < rows[0]["modes"] < 900
    for row in rows[1:]:
        assert 1 <= row["modes"] < rows[0]["modes"]
        assert rows[0]["kl"] < row["kl"] <= np.log(1000) + 1e-9


def test_mode_collapse_is_judged_on_the_mean_over_seeds():
    def row(method, share, modes, seed=0):
        return {"method": method, "critic_share": share, "modes": modes, "kl": 1.0, "samples": 10, "accuracy": 0.9} | {
            "seed": seed
        }

    real = row("real rows", 0, 1000)
    good = [row(m, s, n) for m, s, n in [("gan", 0.25, 10), ("gan", 1.0, 90), ("wgan", 0.25, 50), ("wgan", 1.0, 100)]]
    good += [row("wgan-gp", 0.25, 60), row("wgan-gp", 1.0, 95)]
    assert mode_collapse.judge([real, *good])[0] is True
    assert mode_collapse.judge([real, *good, row("wgan-gp", 1.0, 60, 1)])[0] is False, "mean 77.5 of two seeds"
    assert mode_collapse.judge([real, row("gan", 1.0, 0, 1), row("gan", 1.0, 0, 2), row("gan", 1.0, 0, 3), *good])[0], (
        "mean 22.5, still above 10"
    )
    holds, said = mode_collapse.judge([real, row("untrained", 1.0, 95), *good])
    assert holds is True, "an untrained generator is a yardstick, not a method"
    assert "untrained 95 (1.00)" in said
    assert "against 2 of 2 critics" in said


# critic-overfit


def test_critic_overfit_on_few_rows_parts_and_on_many_less(tmp_path, monkeypatch):
    tiny = {"data": "digits", "method": "wgan-gp", "seed": 0, "network": "mlp", "width": 64, "batch": 32, "steps": 160}
    tiny |= {"records": 10, "learning_rate": 2e-3}
    few = [tiny | {"rows": 64}, tiny | {"rows": None}]
    small, whole = rows_of(critic_overfit, "critic-overfit", few, tmp_path, monkeypatch)
    assert small["parted"] is not None
    assert small["gap"] > 0.2
    assert small["gap"] > whole["gap"] + 0.1
    assert small["late_estimate"] > small["late_held_out_estimate"]


def test_critic_overfit_of_a_critic_that_died_is_no_gap():
    tiny = {"data": "digits", "method": "wgan", "seed": 0, "network": "mlp", "width": 8, "batch": 32, "steps": 10}
    row = critic_overfit.measure(**tiny, records=5, rows=64, clip=1e-12)
    assert (row["late_estimate"], row["gap"], row["parted"]) == (0.0, 0.0, None)


def test_critic_overfit_parts_where_the_median_of_five_records_does_to_the_end(monkeypatch):
    def parted(*scores):
        names = ("estimate", "held_out_estimate", "w1", "memorised_score_error", "w1_floor")
        log = [{"step": k, "memorised_score": x, **dict.fromkeys(names, 1.0)} for k, x in enumerate(scores)]
        monkeypatch.setattr(critic_overfit, "start", lambda config: None)
        monkeypatch.setattr(critic_overfit, "recorded", lambda run: iter(log))
        return critic_overfit.measure("wgan", 10, data="digits", steps=len(scores) - 1)["parted"]

    assert parted(0, 0, 0, 0, 4, 4, 4, 4, 4, 4) == 4
    assert parted(0, 0, 0, 0, 4, 4, 2, 4, 4, 4) == 5, "one record that does not part is noise"
    assert parted(4, 4, 4, 4, 4, 0, 0, 0, 0, 0) is None
    assert parted(0, 0, 0, 4, 0, 0, 0, 0, 0, 0) is None


def test_critic_overfit_is_judged_against_all_rows():
    few = {
        "method": "wgan",
        "rows": 1000,
        "seed": 0,
        "steps": 20_000,
        "parted": 200,
        "late_estimate": 2.0,
        "late_held_out_estimate": 1.0,
    }
    few |= {"gap": 0.5, "w1_end": 3.0, "w1_floor": 2.0}
    whole = few | {"rows": None, "parted": None, "gap": 0.01}
    assert critic_overfit.judge([few, whole])[0] is True
    assert critic_overfit.judge([few, whole | {"gap": 0.6}])[0] is False
    assert critic_overfit.judge([few, whole, few | {"method": "wgan-gp", "parted": None}])[0] is False
    short = few | {"steps": 1000, "parted": None}
    assert critic_overfit.judge([short, whole])[0] is None, "it might part later"
    assert critic_overfit.judge([whole])[0] is None
    assert "2 against 1 (a difference of 50%; the scores part at step 200)" in critic_overfit.judge([few, whole])[1]
