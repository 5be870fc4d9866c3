"""The structure of samples in the log, in verdicts and on the page, from a run to its report."""

import json

import numpy as np
import pytest
from commands import called
from logs import log
from test_verdicts import HEALTHY, the

from wgan import data
from wgan.config import Config
from wgan.maths import fields
from wgan.maths.metrics.structure import autocorrelation
from wgan.reports.run import read
from wgan.reports.structure import ERRORS, TIMES
from wgan.reports.structure_axes import data_in_words
from wgan.reports.structure_charts import CHARTS, _sentences, structure_of
from wgan.reports.verdicts import verdicts
from wgan.runs import folder as runs
from wgan.runs.of_structure import MEASURES
from wgan.training import structure
from wgan.training.loop import train

SMALL = {"network": "mlp", "width": 8, "batch": 8, "latent": 2, "engine": "torch", "steps": 2, "log_every": 1}
SMALL |= {"diagnose_every": 1, "held_out": 0.4, "sample_every": 2, "checkpoint_every": 2}


def odd(name, at=0.25, difference=-0.4, channel=1.0, value=3 * TIMES, certain=2 * ERRORS):
    """Columns in which a measure differs."""
    return {
        name: 0.1 * value, f"{name}_floor": 0.1, f"{name}_worst": difference,
        f"{name}_worst_error": abs(difference) / certain, f"{name}_worst_at": at, f"{name}_worst_channel": channel,
    }  # fmt: skip


def run_of(tmp_path, rows, kind, **fields):
    """A run folder of a short run on these rows, and its log."""
    dataset = data.from_array(rows, kind=kind)
    list(train(Config(data="array", **SMALL | fields), dataset, out=tmp_path / "run"))
    return tmp_path / "run", runs.read_log(tmp_path / "run")


SENTENCES = {
    "spectrum": "spectrum of the samples differs from the data's at 0.250 cycles a step in channel 1: 2.51 times too "
    "little power",
    "autocorrelation": "autocorrelation of the samples differs from the data's at a lag of 3 in channel 1: it is 0.400 "
    "± 0.040 too low",
    "channels": "correlation of channels 0 and 1 of the samples differs from the data's: it is 0.400 ± 0.040 too low",
    "two_point": "two-point function of the samples differs from the data's at a distance of 3 in channel 1",
    "phase_fraction": "share of the phase 3 in the samples differs from the data's in channel 1: it is 40.0 % ± 4.0 % "
    "too low",
    "amplitude": "values of the samples differ from the data's in channel 1: those just above 3.00 standard deviations",
}
PLACES = {"spectrum": 0.25, "channels": 0.0}
TOLD_APART = ("Power spectrum", "Autocorrelation", "Two-point function")


@pytest.mark.parametrize("name", MEASURES)
def test_each_measure_that_differs_has_a_sentence(name):
    found = the("structure", verdicts(log(**HEALTHY | odd(name, at=PLACES.get(name, 3.0)))))
    assert SENTENCES[name] in found.sentence
    assert found.kind == "note"
    assert "between real rows" in found.evidence
    assert "2 times the score of real rows and 5 standard errors" in found.evidence


def test_a_row_of_one_channel_names_none_and_too_much_is_too_much():
    found = the("structure", verdicts(log(**HEALTHY | odd("spectrum", difference=0.4, channel=np.nan))))
    assert "at 0.250 cycles a step: 2.51 times too much power (error 0.231)." in found.sentence


@pytest.mark.parametrize(
    "columns", [{"value": TIMES * 0.99}, {"certain": ERRORS * 0.99}, {"value": np.nan}, {"difference": np.nan}]
)
def test_what_is_near_the_floor_or_not_certain_is_no_difference(columns):
    found = verdicts(log(**HEALTHY | odd("spectrum", **columns)))
    assert the("structure", found) is None
    assert found[0].sentence == "The samples cannot be told from held-out rows."


def test_the_surest_difference_comes_first_and_samples_of_another_structure_are_not_called_equal():
    columns = odd("spectrum") | odd("two_point", at=3.0, certain=5 * ERRORS)
    found = verdicts(log(**HEALTHY | columns))
    assert "two-point function" in the("structure", found).sentence
    assert "2.51 times too little power" in the("structure", found).evidence
    assert not any(one.kind == "good" and one.name == "difference from the data" for one in found)
    assert "the structure of the samples does" in the("difference from the data", found).sentence


def test_the_newest_measurement_counts():
    spoilt, mended = odd("spectrum"), odd("spectrum", value=1.0)
    early = {name: np.where(np.arange(41) < 40, spoilt[name], mended[name]) for name in spoilt}
    assert the("structure", verdicts(log(**HEALTHY | early))) is None


def test_noise_on_signals_is_named_where_it_is():
    """Between rows of one law no measure differs; with a wave the spectrum does, at its frequency."""
    real, others, fake = (fields.waves(600, seed, 32) for seed in (0, 1, 2))
    known = structure.prepare(real, others)
    record, _ = structure.compare(known, fake)
    assert the("structure", verdicts(log(**HEALTHY | known.floors | record))) is None
    phase = np.random.default_rng(0).uniform(0, 2 * np.pi, (len(fake), 1))
    fake[..., 0] += np.cos(2 * np.pi * 12 / 32 * np.arange(32) + phase)
    record, _ = structure.compare(known, fake)
    found = the("structure", verdicts(log(**HEALTHY | known.floors | record)))
    assert "spectrum of the samples differs from the data's at 0.375 cycles a step in channel 0" in found.sentence
    assert "too much power" in found.sentence


def test_a_run_on_signals_logs_and_draws_its_structure(tmp_path):
    run, logged = run_of(tmp_path, fields.waves(60, 0, 16), "signals")
    assert {"spectrum", "spectrum_floor", "autocorrelation_worst_at", "channels", "amplitude"} <= logged.keys()
    assert not {"two_point", "phase_fraction"} & logged.keys()
    kept = json.loads((run / "structure.json").read_text())
    assert kept["step"] == 2
    assert (kept["real_rows"], kept["samples"]) == (24, 512)
    assert list(kept["curves"]) == ["spectrum", "autocorrelation", "amplitude"]
    assert np.isfinite(logged["spectrum"]).all()
    page = called("report", str(run)).stdout.strip()
    with open(page, encoding="utf-8") as file:
        text = file.read()
    for title in (
        "Power spectrum, channel 1",
        "Autocorrelation, channel 0",
        "Amplitudes, channel 1",
        'class="band c1"',
    ):
        assert title in text
    assert '"before": "frequency"' in text.replace("&#34;", '"')


def test_media_have_phases_and_pictures_and_tables_have_no_structure(tmp_path):
    run, logged = run_of(tmp_path, fields.medium(40, 0, 8, 3), "volumes")
    assert {"two_point", "phase_fraction", "two_point_floor"} <= logged.keys()
    assert "two_point_worst_channel" not in logged
    shown = structure_of(read(run))
    assert [str(one).count("<polygon") for one in shown.charts] == [2] * 10
    titles = [str(one).partition("<h3>")[2].partition("</h3>")[0] for one in shown.charts]
    along = [f"{what} along axis {axis}" for what in TOLD_APART for axis in range(3)]
    assert titles == ["Power spectrum", *along]
    assert all("between real rows: " in str(one) for one in shown.charts[1:])
    assert len(shown.axes) == 4
    pictures = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), np.uint8)
    for rows, kind in ((pictures, "images"), (np.random.default_rng(0).normal(size=(40, 3)), "table")):
        run, logged = run_of(tmp_path / kind, rows, kind)
        assert "spectrum" not in logged
        assert structure_of(read(run)) is None


def kept_of(known, fake, step=1):
    """What structure.json holds of samples."""
    _, curves = structure.compare(known, fake)
    return json.loads(json.dumps({"step": step, **curves}))


def stretched(rows, axis):
    """The same rows, twice as coarse along one axis."""
    return np.take(rows, np.arange(rows.shape[axis + 1]) // 2, axis + 1)


@pytest.mark.parametrize(("shape", "axis"), [((16, 16), 1), ((8, 8, 8), 0)], ids=["images", "volumes"])
@pytest.mark.parametrize("who", ["samples", "data"])
def test_an_axis_along_which_samples_or_data_differ_is_named(shape, axis, who):
    """Rows whose places have nothing to do with each other, and such rows that are stretched along one axis."""
    real, others, fake = (np.random.default_rng(seed).normal(size=(60, *shape, 1)) for seed in range(3))
    if who == "samples":
        fake = stretched(fake, axis)
    else:
        real, others, fake = (stretched(rows, axis) for rows in (real, others, fake))
    said = _sentences(kept_of(structure.prepare(real, others), fake))
    about_data, *about_samples = said
    assert len(about_samples) == 2
    if who == "data":
        assert about_data.startswith(
            "The axes of the data differ: at a lag of 1 the autocorrelation of held-out rows is "
        )
        assert f"along axis {axis}" in about_data
        assert all("is not seen to differ from the data's along any axis" in one for one in about_samples)
    else:
        assert about_data == "The autocorrelation of the data is not seen to differ between the axes."
        of_correlation = next(one for one in about_samples if "autocorrelation" in one)
        others_of = [str(one) for one in range(len(shape)) if one != axis]
        not_along = f"axis {others_of[0]}" if len(others_of) == 1 else f"axes {' and '.join(others_of)}"
        assert f"differs from the data's along axis {axis}, and not along {not_along}: " in of_correlation


def test_axes_of_the_data_that_are_alike_are_seldom_said_to_differ():
    """Under the null a chance below 0.001 in each of 300 sets of 6 rows: more than 3 have the chance 0.0003."""
    differ = 0
    for seed in range(300):
        real = np.random.default_rng(seed).normal(size=(6, 8, 8, 1))
        along = [
            {"at": [*range(1, 5)], "real": structure._drawn(autocorrelation(real, np.arange(1, 5), axis))}
            for axis in range(2)
        ]
        differ += "differ:" in data_in_words("autocorrelation", "autocorrelation", along, len(real))
    assert differ <= 3


def test_slices_and_single_axes_have_no_charts_by_axis():
    real, others = (np.random.default_rng(seed).normal(size=(40, 8, 8, 1)) for seed in range(2))
    assert kept_of(structure.prepare(real, others, by_axis=False), others)["along"] == []
    signals = fields.waves(40, 0, 16)
    assert kept_of(structure.prepare(signals, signals), signals)["along"] == []


@pytest.mark.parametrize(
    ("second", "logarithmic"),
    [(1.0, True), (np.linspace(1, 2, 8), True), (np.linspace(0, 2, 8), False)],  # a zero has no logarithm
)
def test_the_spectra_of_all_channels_have_the_same_kind_of_axis(tmp_path, second, logarithmic):
    run, _ = run_of(tmp_path, fields.waves(60, 0, 16), "signals")
    kept = json.loads((run / "structure.json").read_text())
    spectrum = kept["curves"]["spectrum"]
    for side in ("real", "samples"):
        spectrum[side]["mean"] = [np.geomspace(1, 50, 8).tolist(), np.broadcast_to(second, 8).tolist()]
        spectrum[side]["error"] = [[0.01] * 8] * 2
    spectrum["at"] = list(np.arange(1, 9) / 16)
    (run / "structure.json").write_text(json.dumps(kept))
    charts = [str(one) for one in structure_of(read(run)).charts if "Power spectrum" in str(one)]
    assert ["The vertical axis is logarithmic" in one for one in charts] == [logarithmic] * 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda kept: "no JSON",
        lambda kept: json.dumps(kept | {"curves": 3}),
        lambda kept: json.dumps(kept | {"step": 3}),
        lambda kept: json.dumps(kept | {"channels": []}),
        lambda kept: json.dumps(kept | {"curves": {"spectrum": kept["curves"]["spectrum"] | {"at": [0.5]}}}),
    ],
)
def test_a_damaged_file_or_one_of_a_later_step_is_a_remark(tmp_path, damage):
    run, _ = run_of(tmp_path, fields.waves(60, 0, 16), "signals")
    kept = json.loads((run / "structure.json").read_text())
    (run / "structure.json").write_text(damage(kept))
    found = read(run)
    assert structure_of(found) is None
    assert "The structure of the samples is not shown" in found.remarks[-1]
    called("report", str(run))


def test_a_restart_removes_the_curves_and_rows_of_many_channels_have_some_charts(tmp_path):
    rows = np.random.default_rng(0).normal(size=(60, 9, 7))
    run, _ = run_of(tmp_path, rows, "signals")
    shown = structure_of(read(run))
    assert (len(shown.charts), shown.left_out) == (CHARTS, 21 - CHARTS)
    list(train(Config(data="array", **SMALL | {"held_out": 0}), data.from_array(rows, kind="signals"),
               out=run, restart=True))  # fmt: skip
    assert not (run / "structure.json").exists()
