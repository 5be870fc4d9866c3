"""The harness: an interrupted study resumes to the same table, and refuses what is not its own; every study's form."""

import csv
import inspect
import json
import sys

import numpy as np
import pytest
from commands import assert_refused, called, run

from wgan import WganError, studies
from wgan.studies import SCALES, STUDIES, Study, known_w1

CALLS = []


def measure(x, seed, label):
    CALLS.append(x)
    if x in STOP_AT:
        STOP_AT.discard(x)
        raise KeyboardInterrupt
    noise = np.random.default_rng(seed).normal()
    return [{"y": x * x + noise * 0, "found": np.float32(x) / 3, "curve": np.arange(3.0)}, {"y": -x, "note": label}]


def draw(rows):
    from matplotlib.figure import Figure

    figure = Figure()
    figure.add_subplot().plot([row["y"] for row in rows])
    return figure


STOP_AT = set()
STUDY = Study(
    title="squares",
    claim="Squares are not negative.",
    source="Euclid",
    cases=lambda scale: [{"x": x, "seed": 5, "label": "a, b"} for x in range(6 if scale == "quick" else 9)],
    measure=measure,
    judge=lambda rows: (all(row["y"] >= 0 for row in rows if "note" not in row), f"{len(rows)} rows."),
    draw=draw,
)


@pytest.fixture(autouse=True)
def _squares(monkeypatch):
    monkeypatch.setitem(STUDIES, "squares", __name__)
    CALLS.clear()
    STOP_AT.clear()


def finish(out, scale="quick", jobs=1, dask=None):
    """jobs=1 is in this process, where CALLS and what a test has patched are."""
    return list(studies.run("squares", scale, out, jobs, dask))


def test_a_study_writes_its_table_figure_and_summary(tmp_path):
    progress = finish(tmp_path / "new" / "a")
    assert [(at.done, at.total) for at in progress] == [(k, 6) for k in range(1, 7)]
    assert progress[2].rows[0] == {"x": 2, "seed": 5, "label": "a, b", "y": 4.0, "found": 2 / 3, "curve": [0, 1, 2]} | {
        "found": float(np.float32(2) / 3)
    }
    with (tmp_path / "new" / "a" / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert rows[5] == {"x": "2", "seed": "5", "label": "a, b", "y": "-2", "found": "", "note": "a, b"}
    assert (tmp_path / "new" / "a" / "figure.png").read_bytes().startswith(b"\x89PNG")
    text = (tmp_path / "new" / "a" / "summary.md").read_text()
    for part in (
        "**Claim** (Euclid): Squares are not negative.",
        "12 rows. **It holds.**",
        "seeds 5, in",
        "| x | seed |",
    ):
        assert part in text
    assert "`wgan study squares --scale quick`" in text


@pytest.mark.parametrize("torn", [False, True])
def test_an_interrupted_study_resumes_to_the_same_table(tmp_path, torn):
    finish(tmp_path / "whole")
    CALLS.clear()
    STOP_AT.add(3)
    with pytest.raises(KeyboardInterrupt):
        finish(tmp_path / "cut")
    assert not (tmp_path / "cut" / "table.csv").exists()
    if torn:  # killed in the middle of a line
        with (tmp_path / "cut" / "rows.jsonl").open("a") as file:
            file.write('{"case": {"x": 3')
    finish(tmp_path / "cut")
    assert CALLS == [0, 1, 2, 3, 3, 4, 5], "what was finished is not measured again"
    whole, cut = ((tmp_path / name / "table.csv").read_bytes() for name in ("whole", "cut"))
    assert whole == cut
    finish(tmp_path / "cut")
    assert len(CALLS) == 7


@pytest.mark.parametrize(("name", "again"), [("rows.jsonl", [0, 1, 2, 3, 3, 4, 5]), ("table.csv", [0, 1, 2, 3, 4, 5])])
def test_a_file_that_cannot_be_written_is_named_and_what_is_finished_stays(tmp_path, name, again):
    """A folder in its place refuses as a full disk does."""
    out = tmp_path / "out"
    running = studies.run("squares", "quick", out, 1)
    assert [next(running).done for _ in range(3)] == [1, 2, 3]
    if (out / name).exists():
        (out / name).rename(tmp_path / "kept")
    (out / name).mkdir()
    with pytest.raises(WganError, match=r"cannot write .*out.*(Is a directory|is not a regular file)"):
        list(running)
    (out / name).rmdir()
    if (tmp_path / "kept").exists():
        (tmp_path / "kept").rename(out / name)
    finish(out)
    assert again == CALLS, "only what was refused is measured again"
    assert (out / "table.csv").is_file()


@pytest.mark.parametrize(
    "line", ["[1]", "{", "[" * 10_000, '{"case": {}, "rows": [], "seconds": 1}', '{"case": {}, "rows": [{}]}',
             '{"case": 1, "rows": [{}], "seconds": 1}', '{"case": {}, "rows": [{}], "seconds": "1"}'],
)  # fmt: skip
def test_rows_that_no_study_wrote_are_one_sentence(tmp_path, line):
    finish(tmp_path / "a")
    with (tmp_path / "a" / "rows.jsonl").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(WganError, match=r"rows\.jsonl is damaged; delete it"):
        finish(tmp_path / "a")


def test_rows_with_nan_resume_and_what_a_kill_left_is_swept(tmp_path):
    finish(tmp_path / "a")
    path = tmp_path / "a" / "rows.jsonl"
    path.write_text(path.read_text().replace('"found": 0.0', '"found": NaN', 1))
    (tmp_path / "a" / ".table.csv.tmp-99999999").touch()
    CALLS.clear()
    finish(tmp_path / "a")
    assert CALLS == []
    assert not list((tmp_path / "a").glob(".*.tmp-*"))


def test_a_figure_that_fails_leaves_the_old_one_whole(tmp_path, monkeypatch):
    finish(tmp_path / "a")
    before = (tmp_path / "a" / "figure.png").read_bytes()

    class Failing:
        def savefig(self, path, format):
            path.write_bytes(b"half")
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys.modules[__name__], "STUDY", STUDY._replace(draw=lambda rows: Failing()))
    with pytest.raises(WganError, match=r"cannot write .*figure\.png \(No space left on device\); make room"):
        finish(tmp_path / "a")
    assert (tmp_path / "a" / "figure.png").read_bytes() == before


def test_a_study_is_not_written_into_the_checkpoints_of_a_run(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(WganError, match="is one of the files that make the run"):
        finish(tmp_path / "checkpoints" / "new")


def test_a_folder_of_something_else_is_refused_untouched(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(WganError, match=r"holds 'thesis.txt'"):
        finish(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]
    finish(tmp_path / "quick")
    before = (tmp_path / "quick" / "rows.jsonl").read_bytes()
    with pytest.raises(WganError, match="holds another study"):
        finish(tmp_path / "quick", "full")
    assert (tmp_path / "quick" / "rows.jsonl").read_bytes() == before
    (tmp_path / "quick" / "rows.jsonl").write_text("not json\n")
    with pytest.raises(WganError, match="damaged"):
        finish(tmp_path / "quick")
    with pytest.raises(WganError, match="unknown scale 'quik'; did you mean 'quick'"):
        finish(tmp_path / "other", "quik")
    with pytest.raises(WganError, match="unknown study 'square'; did you mean 'squares'"):
        list(studies.run("square"))
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("name", [name for name in STUDIES if name != "squares"])
def test_every_study_states_its_claim_and_its_cases_survive_json(name):
    one = studies.study(name)
    assert one.title
    assert one.claim.endswith(".")
    assert one.source
    for scale in SCALES:
        cases = one.cases(scale)
        assert json.loads(json.dumps(cases)) == cases
        assert len({json.dumps(case, sort_keys=True) for case in cases}) == len(cases) > 0
        for case in cases:
            inspect.signature(one.measure).bind(**case)
    assert all(one.cases(small) != one.cases("full") for small in SCALES[:-1]) or name == "earth-mover"


def test_known_w1_at_a_tiny_scale_tells_a_clipped_from_a_penalised_critic(tmp_path, monkeypatch):
    every = known_w1.cases("quick")
    few = [case for case in every if case["method"] in ("clip", "default") and case["dimension"] == 16]
    few = [case | {"steps": 200, "batch": 128} for case in few if case.get("funnels") == 4]
    monkeypatch.setattr(known_w1, "ROWS", 4000)
    monkeypatch.setattr(known_w1, "STUDY", known_w1.STUDY._replace(cases=lambda scale: few))
    (clip,), (default, *others) = (at.rows for at in studies.run("known-w1", "quick", tmp_path / "out", jobs=1))
    theirs = {row["method"]: row for row in others}
    assert theirs.keys() == {f"published {name}" for name in known_w1.published().keys() - {"true"}}
    assert theirs["published wgan-lp"]["cosine"] == 0.9636, "of the published table, 16 dimensions and 4 funnels"
    assert all(row["dimension"] == 16 for row in others)
    assert default["cosine"] > clip["cosine"] + 0.2
    assert default["lower"] <= default["w1"] * 1.1
    assert "The best published method, sort-out, has 0.971 and 0.06." in (tmp_path / "out" / "summary.md").read_text()
    for row in (clip, default):
        assert row["lipschitz_lower"] <= row["lipschitz_upper"]


def test_the_true_potential_has_cosine_1_scale_1_and_no_deviation_but_sampling():
    from types import SimpleNamespace

    pair = known_w1.known("funnels", dimension=4, funnels=64, seed=1)
    best = SimpleNamespace(score=pair.potential, gradient=pair.gradient)
    row = known_w1.against(pair, best, 3)
    assert row["cosine"] == pytest.approx(1)
    assert row["scale"] == pytest.approx(1)
    assert abs(row["deviation"]) < 10  # 5 standard errors of two independent means of 4,096 rows
    opposite = SimpleNamespace(score=lambda x: -2 * pair.potential(x), gradient=lambda x: -2 * pair.gradient(x))
    row = known_w1.against(pair, opposite, 3)
    assert (row["cosine"], row["scale"]) == pytest.approx((-1, -0.5))
    assert row["deviation"] < -280


def test_the_command_lists_studies_and_refuses_what_is_wrong(tmp_path):
    listed = run("study", cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert all(name in listed.stdout for name in STUDIES if name != "squares")
    for arguments, part in (
        (["known-w"], "did you mean 'known-w1'"),
        (["known-w1", "--scale", "ful"], "did you mean 'full'"),
    ):
        assert_refused(called("study", *arguments, cwd=tmp_path), part)
    assert list(tmp_path.iterdir()) == []
