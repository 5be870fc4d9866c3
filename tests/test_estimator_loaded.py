"""A model that was read from a run folder or unpickled does what a fitted one does."""

import pickle

import numpy as np
import pandas as pd
import pytest

import wgan
from wgan import WGAN, Config, WganError, train
from wgan.config.other_names import ATTRIBUTES
from wgan.runs import folder as runs

SMALL = {"width": 4, "batch": 4, "latent": 2, "network": "mlp", "engine": "torch", "log_every": 2, "steps": 6}
ROWS = np.random.default_rng(0).normal(size=(60, 2))
FRAME = pd.DataFrame({"age": np.arange(60.0), "sex": ["f", "m"] * 30, "income": ROWS[:, 0]})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    np.save(folder / "rows.npy", ROWS)
    config = Config(**SMALL, data=str(folder / "rows.npy"), checkpoint_every=2, diagnose_every=2, keep=9)
    return folder / "run", list(train(config, out=folder / "run"))


def test_a_loaded_model_has_the_records_of_its_run_up_to_its_step(run):
    path, records = run
    assert wgan.load(path).records_ == records
    assert [type(value) for value in wgan.load(path).records_[0].values()] == [type(v) for v in records[0].values()]
    assert wgan.load(path, step=2).records_ == records[:2]


def test_a_saved_loaded_model_is_the_run_again_and_no_save_shortens_a_run(run, tmp_path):
    path, records = run
    wgan.load(path, step=4).save(tmp_path / "copy")
    copy = wgan.load(tmp_path / "copy")
    assert copy.records_ == records[:3]
    np.testing.assert_array_equal(copy.sample(5), wgan.load(path, step=4).sample(5))
    log = (path / "log.jsonl").read_bytes()
    with pytest.raises(WganError, match=r"goes on to step 6, and this model is of step 4; save to another folder"):
        wgan.load(path, step=4).save(path)
    assert (path / "log.jsonl").read_bytes() == log
    wgan.load(path).save(path)
    assert wgan.load(path).records_ == records


def test_the_report_of_a_loaded_model_is_that_of_its_run_up_to_its_step(run, tmp_path):
    path, _ = run
    whole = wgan.load(path).report(tmp_path / "whole.html").read_text()
    assert "are not shown" not in whole, "the rows are read from their file"
    assert "ends at the checkpoint" not in whole
    assert (
        "This page ends at the checkpoint of step 2." in wgan.load(path, step=2).report(tmp_path / "a.html").read_text()
    )
    with pytest.raises(WganError, match="exists"):
        wgan.load(path).report(tmp_path / "a.html")


def test_a_loaded_model_that_goes_on_continues_its_records(run, tmp_path):
    path, records = run
    longer = wgan.load(path).set_params(steps=8).fit(np.load(path.parent / "rows.npy"), extend=True)
    assert [record["step"] for record in longer.records_] == [0, 2, 4, 6, 8]
    assert longer.records_[:3] == records[:3]
    assert "step 8 of 8" in longer.report(tmp_path / "longer.html").read_text(), "its own report, not the folder's"


@pytest.mark.parametrize("given", [None, ("age", "sex")])
def test_a_table_has_its_report_after_a_pickle_and_a_load(given, tmp_path):
    model = WGAN(**SMALL, given=given).fit(FRAME)
    model.save(tmp_path / "run")
    for name, other in {"pickled": pickle.loads(pickle.dumps(model)), "loaded": wgan.load(tmp_path / "run")}.items():
        assert other.records_ == model.records_
        assert "step 6 of 6" in other.report(tmp_path / f"{name}.html").read_text()
        other.save(tmp_path / name)
        assert wgan.load(tmp_path / name).records_ == model.records_
        assert other.plot().axes[0].lines, "the curves"


def test_a_log_gives_back_what_was_appended(tmp_path):
    record = {"step": 3, "extended_to": 9, "critic_loss": float("inf"), "estimate": -0.25, "note": "text", "none": None}
    runs.append(tmp_path, record)
    assert runs.records(tmp_path) == [record]
    assert runs.records(tmp_path, 2) == []
    assert runs.last_step(tmp_path) == 3
    assert runs.last_step(tmp_path / "none") == -1


@pytest.mark.parametrize("name", [*ATTRIBUTES, "n_iter_", "history_"])
def test_a_name_of_another_library_is_answered_and_is_still_no_attribute(name):
    model = WGAN()
    assert not hasattr(model, name)
    with pytest.raises(AttributeError, match=rf"has no attribute '{name}'; .*\.$"):
        getattr(model, name)


def test_no_answer_hides_what_a_model_has():
    made = {*dir(WGAN()), "records_"}
    assert not made & {*ATTRIBUTES}
    with pytest.raises(AttributeError, match=r"'WGAN' object has no attribute 'nonsense'$"):
        WGAN().nonsense  # noqa: B018
    with pytest.raises(WganError, match=r"not fitted, so it has no records_"):
        WGAN().records_  # noqa: B018
