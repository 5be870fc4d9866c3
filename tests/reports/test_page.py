"""The report: what it says of whole, broken and hostile runs, and how it behaves in a browser."""

import base64
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from commands import assert_refused, called

from wgan import Config, WganError, data
from wgan.errors import WganWarning
from wgan.reports import page as report
from wgan.reports.run import command, read
from wgan.runs import checkpoint
from wgan.runs import folder as runs
from wgan.runs.quantities import QUANTITIES, Quantity, number, share
from wgan.training.loop import train

SMALL = {"data": "digits", "width": 8, "batch": 16, "latent": 4, "steps": 6, "log_every": 1, "diagnose_every": 1}
SMALL |= {"engine": "torch", "sample_every": 2, "checkpoint_every": 2}
EVIL = "<script>alert(1)</script>\"><img src=x onerror=alert(1)>'{{ 7*7 }}"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "first"
    list(train(Config(**SMALL), out=out))
    return out


@pytest.fixture
def run(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "first")


class Page(HTMLParser):
    """Every tag with its attributes, and the text outside of scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.said, self.inside = [], [], ""
        self.feed(text)
        self.text = " ".join(" ".join(self.said).split())

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.inside = tag

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, text):
        if self.inside not in ("script", "style"):
            self.said.append(text)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def page(*paths, **options):
    return Page(report.write(list(paths), **options).read_text())


def change(run, **fields):
    config = json.loads((run / "config.json").read_text())
    config["config"] |= fields
    (run / "config.json").write_text(json.dumps(config))


def test_a_run_is_told_whole(run):
    found = page(run)
    assert found.text.index("The samples are far from the data.") < found.text.index("Samples over time")
    assert "No fault" not in found.text
    assert "Looked for" not in found.text  # beside a fault
    for part in ("Samples over time", "Distance to the data", "Real and generated",
                 "Nearest training images", "Not measured yet", "gradient-penalty", "What it is".lower()):  # fmt: skip
        assert part in found.text
    pictures = [image for image in found.all("img") if "data-step" in image]
    assert [int(image["data-step"]) for image in pictures] == [0, 2, 4, 6]
    for image, step in zip(pictures, (0, 2, 4, 6), strict=True):
        saved = (run / "samples" / f"{step:08d}.png").read_bytes()
        assert base64.b64decode(image["src"].split(",")[1]) == saved
    for field in Config.from_json({}).to_json():
        assert field in found.text


def test_nothing_is_fetched_and_every_picture_has_words(run):
    found = page(run)
    text = (run / "report.html").read_text()
    assert not re.search(r"https?://|@import|url\(", text)
    for name, attributes in found.tags:
        for attribute in ("src", "href"):
            assert attributes.get(attribute, "data:").startswith(("data:", "#")), name
    assert all(image.get("alt") for image in found.all("img"))
    assert all(svg.get("aria-label") for svg in found.all("svg") if svg.get("role") == "img")
    assert len([svg for svg in found.all("svg") if svg.get("role") == "img"]) >= 6


def test_one_entry_puts_a_logged_number_on_the_page(run, tmp_path, monkeypatch):
    words = Quantity("Colourfulness", "How colourful the samples are.", "share", axis="variety", label="in colour",
                     floor="colours_floor", text=share, shown=("tile", "table", "comparison"))  # fmt: skip
    floor = Quantity(
        "Colourfulness of real rows", "How colourful real rows are.", "share", label="real rows", text=share
    )
    monkeypatch.setitem(QUANTITIES, "colours", words)
    monkeypatch.setitem(QUANTITIES, "colours_floor", floor)
    assert "in colour" not in page(run).text
    for step, value in ((7, 0.25), (8, 0.5)):  # the page shows the median of the last quarter in every place
        runs.append(run, {"step": step, "colours": value, "colours_floor": 0.75})
    found = page(run)
    assert "Colourfulness 38 % real rows: 75 %" in found.text
    assert "in colour 38 %" in found.text
    found = page(run, run, out=tmp_path / "both.html")
    assert f"Colourfulness {2 * '38 % (real rows: 75 %) '}{words.sentence}" in found.text
    charts = [svg["aria-label"] for svg in found.all("svg") if svg.get("role") == "img"]
    assert any(label.startswith("Colourfulness.") and "goes from 25 % to 50 %" in label for label in charts)


def test_what_files_hold_is_shown_and_never_run(run, tmp_path):
    change(run, data=EVIL, objective=EVIL, **{EVIL: EVIL})
    runs.append(run, {"step": 7, "estimate": 1.0, f"critic_gradient.{EVIL}": 1.0})
    runs.append(run, {"step": 8, "estimate": 1.0, f"critic_gradient.{EVIL}": 2.0, "fault": EVIL})
    (run / "evaluation.json").write_text(
        json.dumps({"step": EVIL, "protocol": {EVIL: EVIL}, "metrics": [{"name": EVIL, "value": EVIL, "floor": EVIL}]})
    )
    hostile = run.rename(tmp_path / "<img src=x onerror=alert(2)>")
    for found in (page(hostile), page(hostile, hostile)):
        assert EVIL in " ".join(found.said)
        assert len(found.all("script")) == 1
        assert not [tag for tag, attributes in found.tags if any(name.startswith("on") for name in attributes)]
        assert not [image for image in found.all("img") if not image["src"].startswith("data:image/png;base64,")]


def test_a_run_that_is_not_finished_is_told_as_far_as_it_is(run):
    change(run, steps=100)
    assert "Unfinished: this run is at step 6 of 100" in page(run).text
    column = "energy_distance"
    (run / "log.jsonl").write_text("".join(f'{{"step": {step}, "{column}": {step + 1}}}\n' for step in (0, 2, 4, 6)))
    text = page(run).text
    assert "was better" not in text
    assert "Nothing says how good the samples are." in text
    assert "Looked for" not in text  # nothing was measured that could show it
    kept = checkpoint.steps(run / "checkpoints")[0]
    change(run, until_no_better=6 - kept)
    stopped = f"Stopped at step 6, since none of the last {6 - kept} steps was better."
    assert stopped in page(run).text
    change(run, diagnose_every=4)  # at step 6 nothing was due, so that someone stopped the run there
    assert stopped not in page(run).text
    (run / "log.jsonl").unlink()
    assert "no record yet" in page(run).text
    shutil.rmtree(run / "samples")
    shutil.rmtree(run / "checkpoints")
    assert "Samples over time" not in page(run).text


@pytest.mark.parametrize(
    ("config", "column", "measure", "said"),
    [
        ({"best_by": "energy_distance"}, "energy_distance", "energy_distance", "energy distance 0.500 ± 0.020"),
        ({"best_by": "sliced_w1"}, "best_by.sliced_w1", "sliced_w1", "sliced W1 0.500 ± 0.020"),
        ({"best_by": "of_my_own"}, "best_by.of_my_own", "of_my_own", "of my own 0.500 ± 0.020"),
    ],
)
def test_the_best_checkpoint_is_on_the_page_whatever_chose_it(run, config, column, measure, said):
    change(run, **config)
    steps, records = checkpoint.steps(run / "checkpoints"), []
    best = steps[1]
    for step in steps:
        records.append({"step": step, "energy_distance": 0.3, column: 0.25 + abs(step - best)})
        records[-1] |= {f"reported.{measure}": 0.5, f"reported_error.{measure}": 0.02}
    (run / "log.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    found = page(run)
    assert f"Best checkpoint step {best} {said} on held-out rows that did not choose it" in found.text
    assert "on the half of them that chooses the best checkpoint" in found.text, "the other energy distance of a step"
    assert f"step {best}: {said}" in page(run, run).text
    assert any(f"best checkpoint: step {best}" in text for text in found.said), "it is marked on a chart"


def test_a_run_without_a_fault_says_what_was_looked_for_below_its_first_verdict(run, tmp_path):
    record, told = {"coverage": 0.9, "precision": 0.9, "copied": 0.0}, "The samples can be told from held-out rows."
    for step in range(7, 30):
        runs.append(run, {"step": step, "energy_distance": 0.02, "energy_distance_error": 1e-3, **record})
    text = page(run).text
    assert text.index(told) < text.index("Looked for and not seen: an exploding")
    assert "copies of training rows" in text
    log = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    lines = [json.dumps({name: value for name, value in one.items() if name != "copied"}) for one in log]
    (run / "log.jsonl").write_text("\n".join(lines) + "\n")
    assert "copies of training rows" not in page(run).text  # without a measurement nobody has looked for them
    assert f"verdict {told} {told}" in page(run, run, out=tmp_path / "both.html").text


def test_what_a_note_found_is_not_among_what_was_not_seen(run):
    """Few kinds in the samples are told by the note on their difference from the data, so no collapse is denied."""
    floors = {"coverage_floor": 0.95, "precision_floor": 0.95, "measured_rows": 500}
    runs.append(run, {"step": 7, **floors})
    record = {"energy_distance": 0.02, "energy_distance_error": 1e-3, "precision": 0.9}
    for coverage, denied in ((0.7, False), (0.94, True)):
        for step in range(8, 40):
            runs.append(run, {"step": step, **record, "coverage": coverage})
        text = page(run).text
        assert "The samples can be told from held-out rows." in text
        assert ("Coverage: 70 % of held-out rows" in text) != denied
        assert ("mode collapse" in text[text.index("Looked for") :][:200]) == denied
        (run / "log.jsonl").write_text("".join((run / "log.jsonl").read_text().splitlines(keepends=True)[:-32]))


def test_a_run_that_ended_in_a_fault_says_so_first(run):
    runs.append(run, {"step": 7, "fault": "critic_loss became nan"})
    text = page(run).text
    assert "Looked for" not in text
    assert text.index("The critic exploded") < text.index("Samples over time")


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (None, "mine.npy"),
        (np.arange(99 * 64, dtype=np.uint8).reshape(99, 8, 8), "have changed since this run was trained"),
    ],
)
def test_a_run_whose_data_has_gone_is_told_without_it(tmp_path, rows, why):
    images = np.random.default_rng(0).integers(0, 255, (99, 8, 8)).astype(np.uint8)
    np.save(tmp_path / "mine.npy", images)
    out = tmp_path / "run"
    list(train(Config(**SMALL | {"data": str(tmp_path / "mine.npy"), "steps": 2}), out=out))
    assert "Nearest training images" in page(out).text
    (tmp_path / "mine.npy").unlink()
    if rows is not None:
        np.save(tmp_path / "mine.npy", rows)
    text = page(out).text
    assert "Real images are not shown" in text
    assert re.search(why, text)
    assert "Nearest training images" not in text
    assert "Distance to the data" in text


def test_the_nearest_row_of_a_copied_image_is_itself(run):
    from wgan.reports import figures

    dataset = data.load("digits")
    rows, _ = data.split(dataset, 0.1, None, 0)
    copies = dataset.rows[rows[5:9]]
    figures.samples(copies, dataset.form, run / "samples" / "00000006.png")
    found = page(run)
    near = [image["alt"] for image in found.all("img") if image["alt"].startswith("Training row")]
    assert [near[i] for i in (0, 3, 6, 9)] == [f"Training row {row}, at distance 0" for row in rows[5:9]]
    expected = np.sqrt(((dataset.rows[rows] / 127.5 - copies[0] / 127.5) ** 2).sum((1, 2, 3)))
    assert near[1].endswith(f"distance {number(np.sort(expected)[1])}")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "1 of 4 pictures of samples are left out: RUN/samples/00000006.png is not a PNG file"),
        (
            b"<svg onload='alert(1)'>",
            "1 of 4 pictures of samples are left out: RUN/samples/00000006.png is not a PNG file.",
        ),
        (None, "1 of 4 pictures of samples are left out: RUN/samples/00000006.png is a pipe, not a file"),
        (b"\x89PNG\r\n\x1a\nbroken", "last picture of samples cannot be read"),
    ],
)
def test_a_broken_picture_costs_only_itself(run, content, why):
    last = run / "samples" / "00000006.png"
    if content is None:
        last.unlink()
        os.mkfifo(last)
    else:
        last.write_bytes(content)
    text = page(run).text
    assert "Samples over time" in text
    assert why.replace("RUN", str(run)) in text


@pytest.mark.parametrize("content", ["", "[1]", "{", "[" * 10_000])
def test_a_broken_evaluation_is_named(run, content):
    (run / "evaluation.json").write_text(content)
    assert "evaluation.json cannot be read" in page(run).text


def test_a_damaged_newest_checkpoint_is_named(run):
    arrays = run / "checkpoints" / "00000006" / "arrays.safetensors"
    arrays.write_bytes(arrays.read_bytes()[:-9])
    with pytest.warns(WganWarning, match=r"checkpoint 6 is damaged \(arrays\.safetensors has .*; using \d instead\."):
        text = page(run).text
    assert "Checkpoint 6 is damaged (arrays.safetensors has" in text


def test_a_report_replaces_an_earlier_report_and_nothing_else(run, tmp_path):
    report.write([run, run])
    report.write([run, run])
    for name in ("mine.html", "comparison.html"):
        (tmp_path / name).write_text("mine")
        with pytest.raises(WganError, match=rf"{name} exists already; give another name, or overwrite=True"):
            report.write([run, run], None if name == "comparison.html" else tmp_path / name)
        assert (tmp_path / name).read_text() == "mine"
    report.write([run], tmp_path / "mine.html", overwrite=True)
    before = (run / "config.json").read_bytes()
    with pytest.raises(WganError, match=r"config\.json is one of the files that make the run"):
        report.write([run], run / "config.json", overwrite=True)
    assert (run / "config.json").read_bytes() == before


@pytest.mark.parametrize("listed", [True, False])
def test_metrics_are_shown_with_their_floors(run, listed):
    one = {"value": 3.14159, "error": 0.02, "floor": 0.63, "floor_error": 0.01, "better": "lower"}
    one |= {"estimates": "Frechet distance on pixels"}
    metrics = [{"name": "frechet", **one}] if listed else {"frechet": one}
    protocol = {"samples": 10_000, "label_names": ["naught"], "classifier_accuracy": None}
    found = {"step": 6, "protocol": protocol, "metrics": metrics, "lacking": {"kid": "Too few samples for kid."}}
    (run / "evaluation.json").write_text(json.dumps(found))
    text = page(run).text
    expected = "frechet 3.142 ± 0.020 0.630 ± 0.010 lower Frechet distance on pixels Too few samples for kid."
    for part in (expected, "samples 10000", "Measured at step 6"):
        assert part in text
    assert "naught" not in text


def test_the_command_repeats_the_run(run):
    words = shlex.split(command(read(run)))
    assert words[:3] == ["wgan", "train", "digits"]
    done = subprocess.run(
        [sys.executable, "-m", *words[:-2], "--dry-run"], capture_output=True, text=True, timeout=120, cwd=run
    )
    assert json.loads(done.stdout) == runs.read_config(run)["config"], done.stderr


def test_runs_side_by_side_tell_what_differs(run, tmp_path):
    other = tmp_path / "second"
    list(train(Config(**SMALL | {"learning_rate": 0.5, "keep": 1}), out=other))
    out = tmp_path / "both.html"
    found = page(run, other, out=out)
    text = found.text
    table = text[text.index("Differences of the settings") : text.rindex("Last samples")]
    assert "learning_rate 0.002 0.5" in table
    assert "keep" not in table
    assert "seed" not in table
    assert "first 3" not in table
    lines = [svg["aria-label"] for svg in found.all("svg") if svg.get("role") == "img"]
    assert any("first goes from" in label and "second goes from" in label for label in lines)
    assert "different data" not in text
    change(other, width=9)
    config = json.loads((other / "config.json").read_text())
    config["data"]["sha256"] = "other"
    (other / "config.json").write_text(json.dumps(config))
    assert "different data" in page(run, other, out=out, overwrite=True).text
    same = shutil.copytree(run, tmp_path / "more" / "first")
    assert str(same) in page(run, same, out=out, overwrite=True).text


def test_the_command_line(finished, run, tmp_path):
    done = called("report", run)
    assert (done.returncode, done.stdout.strip()) == (0, str(run / "report.html"))
    for arguments, part in (
        ((tmp_path / "none",), "is not a run folder"),
        ((run, tmp_path), "is not a run folder"),
        ((run, "--out", run / "log.jsonl" / "x.html"), "cannot write"),
        ((), "Missing argument"),
    ):
        assert_refused(called("report", *arguments), part)
    (run / "log.jsonl").write_text('{"estimate": 1}\n{"step": 2}\n')
    assert "without a step" in called("report", run).stderr


SHOWN = "[...document.querySelectorAll('#pictures img')].filter(i => !i.hidden).map(i => i.dataset.step).join()"


@pytest.mark.browser
def test_the_slider_moves_the_picture_by_key_and_the_console_stays_empty(run, browser):
    browser.open(report.write([run]))
    assert browser.value(SHOWN) == "6"
    before = browser.picture()
    browser.value("document.getElementById('slider').focus()")
    browser.press("ArrowLeft", 37)
    assert browser.value(SHOWN) == "4"
    assert browser.value("document.getElementById('shown').textContent") == "step 4"
    assert browser.picture() != before
    browser.press("Home", 36)
    assert browser.value(SHOWN) == "0"
    browser.value("document.getElementById('play').click()")
    wait = (
        "new Promise(done => { const t = setInterval(() => { if (%s === '6') { clearInterval(t); done(1); } }, 50); })"
    )
    browser.value(wait % SHOWN)
    assert browser.complaints() == []


@pytest.mark.browser
@pytest.mark.parametrize("runs_shown", [1, 2])
@pytest.mark.parametrize("width", [390, 1200])
def test_it_fits_and_reads_at_every_width_in_light_and_dark(run, tmp_path, browser, width, runs_shown):
    path = report.write([run] * runs_shown, tmp_path / "page.html")
    colours = []
    for dark in (False, True):
        browser.open(path, width=width, dark=dark)
        assert browser.value("document.documentElement.scrollWidth") <= width
        if runs_shown > 1:  # every cell of the tables is in sight
            edge = "Math.max(...[...document.querySelectorAll('td')].map(t => t.getBoundingClientRect().right))"
            assert browser.value(edge) <= width
        assert browser.value("Math.min(...[...document.querySelectorAll('.plot text')].map("
                             "t => t.getBoundingClientRect().height))") > 9  # fmt: skip
        colours.append(
            [browser.value(f"getComputedStyle(document.body).{part}") for part in ("backgroundColor", "color")]
        )
        browser.picture()
        assert browser.complaints() == []
    light, dark = ([sum(map(int, re.findall(r"\d+", colour)[:3])) / 3 for colour in pair] for pair in colours)
    assert light[0] - light[1] > 180
    assert dark[1] - dark[0] > 180


@pytest.mark.browser
def test_no_name_turns_the_text_beside_it_or_holds_a_control_character(run, tmp_path):
    hostile = run.rename(tmp_path / "x\u202ey\x1b[2J\x9bz")
    text = report.write([hostile]).read_text(encoding="utf-8")
    assert "x\\u202ey\\x1b[2J\\x9bz" in text
    assert {one for one in text if not one.isprintable()} <= {"\n", "\u202f", "\xa0"}


def test_a_hostile_name_runs_nothing_in_a_browser(run, browser):
    evil = "<script>window.owned = 1</script><img src=x onerror='window.owned = 1'>"
    change(run, data=evil)
    path = report.write([run])
    browser.open(path)
    assert browser.value("window.owned === undefined")
    assert browser.value("document.querySelector('h1').textContent").startswith(evil)
    path.write_text(path.read_text().replace("</h1>", f"</h1>{evil}"))  # as if the escape had failed
    browser.open(path)
    assert browser.value("window.owned === undefined")  # the page's own policy holds
