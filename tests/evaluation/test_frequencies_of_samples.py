"""Levels and classes that samples lack are named by `wgan evaluate`, the verdict, `wgan runs` and the report."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from commands import called

import wgan
from wgan.evaluation import evaluate, in_words
from wgan.evaluation.frequencies import frequencies_of
from wgan.reports import proven
from wgan.reports.verdicts import verdicts
from wgan.runs import folder
from wgan.training import frequencies


def people(rows, rare="diver", seed=0):
    """Rows with a job, of which one in fifty is rare, and an age."""
    draws = np.random.default_rng(seed)
    job = np.where(draws.random(rows) < 0.02, rare, draws.choice(["clerk", "cook", "nurse"], rows))
    return pd.DataFrame({"job": job, "age": draws.normal(40, 9, rows).round()})


def test_two_tables_are_compared_level_by_level():
    found = wgan.evaluate(people(2000), people(1000, rare="cook", seed=1))["protocol"]["frequencies"]["levels"]
    rare = int((people(2000)["job"] == "diver").sum())
    assert found["named"] == [{"what": "lack job = 'diver'", "samples": 0, "rows": rare}]
    assert (found["samples"], found["rows"]) == (1000, 2000)
    new = wgan.evaluate(people(2000), people(1000, rare="pilot", seed=1))["protocol"]["frequencies"]["levels"]
    assert [one["what"] for one in new["named"]] == ["lack job = 'diver'", "show job = 'pilot' too often"]
    same = wgan.evaluate(people(2000), people(1000, seed=1))["protocol"]["frequencies"]["levels"]
    assert same["named"] == []


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A short run on a table whose generator never makes the rare level, since its unit is far below the others."""
    out = tmp_path_factory.mktemp("levels") / "run"
    place = out.with_name("people.csv")
    people(2000).to_csv(place, index=False)
    made = {"data": str(place), "network": "mlp", "engine": "torch", "width": 8, "latent": 2, "batch": 16}
    config = wgan.Config(**made, steps=6, diagnose_every=2, log_every=2, average=0.0)
    records = list(wgan.train(config, out=out))
    return SimpleNamespace(out=out, records=records, config=config)


def test_a_record_has_the_number_and_the_surest_of_them(run):
    for record in run.records:
        assert record["unlike_levels"] >= 1
        assert record["unlike_level_numbers"].endswith("of 2,000 rows")
        assert record["unlike_level"].split()[0] in ("lack", "show")
    log = folder.read_log(run.out)
    assert list(log["unlike_level"]) == [record["unlike_level"] for record in run.records]


def test_a_resumed_run_logs_what_an_unbroken_one_does(run, tmp_path):
    list(wgan.train(run.config, out=tmp_path / "run", stop=lambda step: step == 3))
    again = list(wgan.train(run.config, out=tmp_path / "run"))
    names = ("unlike_levels", "unlike_level", "unlike_level_numbers")
    assert [again[-1][name] for name in names] == [run.records[-1][name] for name in names]


def test_data_without_levels_are_not_counted():
    training = SimpleNamespace(dataset=wgan.data.load("8gaussians"))
    assert frequencies.prepare(training) is None


GOOD = {"energy_distance": 0.0, "energy_distance_error": 1e-4, "energy_distance_chance": 1e-3, "measured_rows": 256.0}
STEPS = np.arange(0, 2050, 50.0)


def log_of(**more):
    columns = {name: np.full(len(STEPS), value) for name, value in GOOD.items()}
    for name, value in more.items():
        columns[name] = np.array([value] * len(STEPS), object if isinstance(value, str) else float)
    return {"step": STEPS} | columns


LACKING = {
    "unlike_levels": 3.0,
    "unlike_level": "lack job = 'diver'",
    "unlike_level_numbers": "0 of 4,096 samples and 41 of 3,000 rows",
}


def test_samples_that_lack_a_level_are_not_called_equal():
    assert verdicts(log_of(unlike_levels=0.0))[0].kind == "good"
    found = {one.name: one for one in verdicts(log_of(**LACKING))}
    assert found["levels"].sentence == "The samples lack job = 'diver'."
    assert found["levels"].evidence.startswith("0 of 4,096 samples and 41 of 3,000 rows have it. 2 others differ too.")
    assert found["difference from the data"].kind == "note"
    assert "cannot be told" not in str(found)
    one_other = {one.name: one for one in verdicts(log_of(**LACKING | {"unlike_levels": 2.0}))}
    assert "1 other differs too." in one_other["levels"].evidence


def test_the_newest_measurement_of_levels_counts():
    mended = log_of(**LACKING)
    mended["unlike_levels"][-1] = 0.0
    assert verdicts(mended)[0].kind == "good"


PROVEN = {
    "step": 2000,
    "protocol": {
        "frequencies": {
            "classes": {
                "kinds": 10,
                "samples": 5000,
                "rows": 3000,
                "least": 20,
                "named": [{"what": f"lack class {name}", "samples": 0, "rows": 300} for name in range(9)],
            }
        }
    },
}


def test_what_an_evaluation_proved_is_said_by_the_verdict_too():
    log = log_of()
    assert proven.judged(log, {}, None)[0].kind == "good"
    found = proven.judged(log, {}, PROVEN)[0]
    assert found.kind == "note"
    assert found.sentence.endswith("the samples lack class 0.")
    assert proven.judged(log, {}, PROVEN | {"step": 100})[0].kind == "good", "an early checkpoint says nothing"
    assert proven.judged(log, {}, {"step": 2000, "protocol": {"frequencies": {"levels": 3}}})[0].kind == "good"


def test_at_most_eight_kinds_are_listed_and_the_rest_is_counted():
    ((sentence, kinds),) = proven.in_words(proven.frequencies_of(PROVEN))
    assert sentence.startswith("classes, by the classifier: 9 of 10 are at least twice too rare or too frequent")
    assert kinds[0] == "the samples lack class 0: 0 of 5,000 samples and 300 of 3,000 rows"
    assert kinds[8:] == ["1 more in evaluation.json"]


def test_classes_are_named_by_their_labels():
    odds = np.eye(3)[np.repeat([0, 1, 2], 100)]
    dataset = SimpleNamespace(label_names=("cat", "dog", "ship"))
    found = frequencies_of(dataset, odds, np.arange(300), (odds, odds[:200]))["classes"]
    assert [one["what"] for one in found["named"]] == ["lack class ship"]


def test_every_place_names_the_level_that_the_evaluation_proved(run):
    report = evaluate.evaluate(run.out, 500)
    named = report["protocol"]["frequencies"]["levels"]["named"]
    assert named
    text = in_words.words(run.out, report, 80)
    assert f"  the samples {named[0]['what']}:" in text
    assert max(map(len, text.splitlines())) <= 80
    assert json.loads((run.out / "evaluation.json").read_text())["protocol"]["frequencies"]["levels"]["named"] == named
    page = wgan_report(run.out)
    assert "levels, missing values and spikes" in page.lower()


def wgan_report(out):
    assert called("report", out).returncode == 0
    return (out / "report.html").read_text()
