"""`wgan lab` writes a page that is the bundle of its sources, whole, without a network."""

import html.parser
import json
import re

import numpy as np
import pytest
from click.testing import CliRunner
from lab.node import run
from reports.logs import STEPS
from scipy.stats import rankdata

import wgan.lab
from benchmarks import lab_page, lab_tables, lab_verdicts
from wgan.cli import cli
from wgan.errors import WganError, by_command
from wgan.reports.verdicts import VERDICTS, verdicts
from wgan.runs.quantities import QUANTITIES


def lab(*arguments):
    return CliRunner().invoke(cli, ["lab", *arguments], standalone_mode=False)


def test_the_page_is_written_and_another_file_is_not_replaced(tmp_path):
    out = tmp_path / "new" / "lab.html"
    assert lab("--out", str(out)).exit_code == 0
    assert out.read_bytes() == wgan.lab.PAGE.read_bytes()
    out.write_text("mine")
    assert isinstance(lab("--out", str(out)).exception, WganError)
    assert out.read_text() == "mine"
    assert lab("--out", str(out), "--overwrite").exit_code == 0
    assert out.read_bytes() == wgan.lab.PAGE.read_bytes()
    assert isinstance(lab("--out", str(tmp_path)).exception, WganError)


def test_the_page_is_that_of_its_sources():
    """A changed source without `make lab` fails here, also where there is no Node."""
    assert f"sources {lab_page.digest()}" in wgan.lab.PAGE.read_text(encoding="utf-8"), "run `make lab`"


def test_a_rebuild_gives_the_same_bytes():
    command = lab_page.esbuild(offline=True)
    if command is None:
        pytest.skip(f"esbuild {lab_page.ESBUILD} is not in npm's cache; `make lab` fetches it")
    assert lab_page.page(command) == wgan.lab.PAGE.read_text(encoding="utf-8")


def test_the_tables_of_normal_draws_are_those_of_the_installed_numpy():
    assert lab_tables.OUT.read_text() == lab_tables.text()


def test_the_rules_in_the_page_are_those_of_the_package():
    assert lab_verdicts.OUT.read_text(encoding="utf-8") == lab_verdicts.text()


def test_the_page_is_small_and_names_nothing_outside():
    page = wgan.lab.PAGE.read_text(encoding="utf-8")
    assert len(page.encode()) < lab_page.MOST
    found = []

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag, attributes):
            found.extend(value for name, value in attributes if name in ("src", "href") and value)

    Reader().feed(page[: page.index("<script>")])
    assert all(value.startswith(("#", "data:")) for value in found)
    assert set(re.findall(r"https?://[\w./]+", page)) <= {"http://www.w3.org/2000/svg"}
    assert "eval(" not in page
    assert "new Function" not in page


def random_log(random):
    """A log with most of the columns that verdicts read, of any length, with gaps, constants and trends."""
    count = int(random.integers(1, len(STEPS) + 1))
    log = {"step": STEPS[:count]}
    for name in QUANTITIES:
        if (
            "." in name
            or name in ("step", "fault")
            or "dependence" in name
            or "_worst" in name
            or "unlike_level" in name
            or random.random() < 0.25
        ):
            continue
        start = 10 ** random.uniform(-3, 1.5) if random.random() < 0.7 else random.uniform()
        values = start * np.exp(random.normal() * np.linspace(0, 2, count) + 0.1 * random.normal(size=count))
        values = np.full(count, start) if random.random() < 0.1 else values
        values[random.random(count) < random.choice([0, 0.4])] = np.nan
        log[name] = values
    if random.random() < 0.1:
        log["fault"] = np.array([None] * (count - 1) + ["critic_loss became nan"], dtype=object)
    return log


def random_config(random, log):
    steps = int(log["step"][-1]) + int(random.choice([0, 500]))
    config = {"steps": steps, "clip": 0.01, "diagnose_every": 50, "held_out": float(random.choice([0, 0.1]))}
    config["constraint"] = str(random.choice(["clip", "none", "gradient-penalty", "r1", "spectral"]))
    config["objective"] = str(random.choice(["wasserstein", "minimax"]))
    config["average"], config["generator_norm"] = float(random.choice([0, 0.99])), str(random.choice(["none", "batch"]))
    return config


def test_the_verdicts_of_the_page_are_pythons_on_random_logs():
    random = np.random.default_rng(0)
    logs = [random_log(random) for _ in range(400)]
    cases = [(log, random_config(random, log)) for log in logs]
    given = [
        [{name: [plain(value) for value in values.tolist()] for name, values in log.items()}, config]
        for log, config in cases
    ]
    found = run("return given.map(([log, config]) => JSON.stringify(v.verdicts(log, config)));", given, v="verdicts")
    seen = set()
    for one, (log, config) in zip(found, cases, strict=True):
        with by_command():  # the page speaks of the command line
            expected = verdicts(log, config)
        wanted = [verdict._asdict() | {"explains": list(verdict.explains)} for verdict in expected]
        seen |= {verdict["name"] for verdict in wanted}
        assert json.loads(one) == wanted
    # these need rows with axes of space, columns of levels, or a condition, which the page has not
    assert seen == set(VERDICTS) - {"structure", "levels", "ignored condition"} | {"too early"}


def test_numbers_are_written_as_python_writes_them_halves_and_powers_too():
    numbers = [0.5, 1.5, 2.5, 0.125, 0.375, 0.25, 1234.5, 1e-5, 0.00123456, 123456.789, 999.95, 1e16, -0.5, 3, 0.0625]
    specs = [".0f", ".2f", ",.0f", ".1e", "g", ".3g", "#.3g"]
    given = [[number, spec] for number in numbers for spec in specs]
    assert run("return given.map((one) => py.format(...one));", given, py="python") == [
        format(float(number), spec) for number, spec in given
    ]


def test_equal_numbers_share_their_rank():
    values = [3.0, 1.0, 1.0, 2.0, 3.0, 3.0]
    assert run("return py.builtin.rankdata(given).values;", values, py="python").tolist() == rankdata(values).tolist()


def plain(value):
    return None if value is None or (isinstance(value, float) and np.isnan(value)) else value


def test_syntax_that_is_not_translated_is_refused():
    module = lab_verdicts.Module("reports.remedies", {name: {} for name in lab_verdicts.MODULES})
    node = lab_verdicts.ast.parse("while True: pass").body[0]
    with pytest.raises(NotImplementedError):
        lab_verdicts.Function(module, {}).statement(node)
