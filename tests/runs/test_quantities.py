"""Every logged number has one entry with its words, every entry is logged, and what reads a number is what it says."""

import ast
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wgan import Config, WganError, data
from wgan.data.conditions import told
from wgan.maths import fields
from wgan.reports.verdicts import VERDICTS
from wgan.runs import folder as runs
from wgan.runs.quantities import AXES, QUANTITIES, entry, label, markdown_table, on_axis, quantity, shown_in, title
from wgan.training.loop import advance
from wgan.training.state import start

ROOT = Path(__file__).parent.parent.parent
SMALL = {"data": "digits", "engine": "torch", "network": "mlp", "width": 8, "depth": 1, "batch": 16, "latent": 4}
SMALL |= {"steps": 2, "log_every": 1, "diagnose_every": 1}
KINDS = {
    "gradient penalty": {"constraint": "gradient-penalty"},
    "clip": {"constraint": "clip"},
    "no constraint": {"constraint": "none"},
    "auxiliary": {"conditional": "auxiliary"},
    "projection": {"conditional": "projection"},
    "no average": {"average": 0},
    "no held-out rows": {"held_out": 0},
    "another measure": {"best_by": "sliced_w1"},
    "a rate for each player": {"generator_learning_rate": 0.1},
}


def logged(folder, config, dataset=None, harm=lambda training: None):
    """The names in the log of a run; `harm` may spoil the run before it begins."""
    training = start(config, dataset)
    harm(training)
    (folder / "samples").mkdir(parents=True)
    with suppress(WganError):
        list(advance(training, folder))
    return set(runs.read_log(folder))


def spoil(training):
    for weights in training.state.critic.values():
        weights.fill_(float("nan"))


def add_steps(training):
    training.extended = ((0, 1),)


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """The names that a run of each kind logs."""
    at = tmp_path_factory.mktemp("kinds")
    found = {name: logged(at / name, Config(**SMALL | fields)) for name, fields in KINDS.items()}
    points = data.from_array(np.random.default_rng(0).standard_normal((99, 3)).astype(np.float32))
    for name, rows in (("signals", fields.waves(60, 0, 9)), ("volumes", fields.medium(40, 0, 8, 3))):
        found[name] = logged(at / name, Config(**SMALL, held_out=0.4), data.from_array(rows, kind=name))
    levels = np.random.default_rng(0).integers(0, 2, (40, 9, 2), np.uint8)
    found["phases"] = logged(at / "phases", Config(**SMALL, held_out=0.4), data.from_array(levels, kind="signals"))
    numbers = np.random.default_rng(0).normal(size=(60, 3))
    found["given"] = logged(at / "given", Config(**SMALL, held_out=0.4), told(data.from_array(numbers), numbers[:, 0]))
    table = data.from_array(
        pd.DataFrame({"a": np.resize(list("xxxxxxxxxy"), 400), "b": np.random.default_rng(0).random(400)})
    )
    found["a table"] = logged(at / "a table", Config(**SMALL), table)
    found["no labels"] = logged(at / "no labels", Config(**SMALL), points)
    found["more steps"] = logged(at / "more steps", Config(**SMALL), harm=add_steps)
    found["a fault"] = logged(at / "a fault", Config(**SMALL), harm=spoil)
    return found


def test_each_logged_name_has_an_entry(names):
    for kind, those in names.items():
        assert {entry(name) for name in those} <= set(QUANTITIES), kind


def test_each_entry_is_logged_by_a_run_of_some_kind(names):
    assert {entry(name) for those in names.values() for name in those} == set(QUANTITIES)
    assert "fault" in names["a fault"]
    assert [kind for kind, those in names.items() if "extended_to" in those] == ["more steps"]
    for name in ("classes", "kinds", "missing_mass_lower", "largest_class"):
        assert name not in names["no labels"]
        assert name in names["no average"]


def test_each_entry_has_words_and_names_what_is_there():
    titles = [one.title for one in QUANTITIES.values()]
    assert len(set(titles)) == len(titles)
    for key, one in QUANTITIES.items():
        assert entry(key) == key
        assert one.title[0].isupper(), key
        assert one.sentence[0].isupper(), key
        assert one.sentence.endswith("."), key
        assert "|" not in one.sentence + one.unit, key
        assert one.axis is None or one.axis in AXES, key
        assert label(key) or one.axis is None, key
        assert {one.floor, one.beside} - {None} <= set(QUANTITIES), key
        assert set(one.verdicts) <= set(VERDICTS), key
        if one.floor:
            assert (QUANTITIES[one.floor].unit, QUANTITIES[one.floor].text) == (one.unit, one.text), key
            assert label(one.floor), key
        if one.text is not str:
            assert one.text(0.5), key
    for axis in AXES:
        assert on_axis(axis), axis
        assert len({label(key) for key in on_axis(axis)}) == len(on_axis(axis)), axis
    for key in shown_in("comparison"):
        assert quantity(key).axis, key


def test_a_member_of_a_family_has_its_familys_entry_and_its_own_name():
    assert quantity("critic_gradient.00.conv") is QUANTITIES["critic_gradient.LAYER"]
    assert label("critic_gradient.00.conv") == "00.conv"
    assert title("critic_gradient.00.conv") == "Gradient of a layer of the critic: 00.conv"


@pytest.mark.parametrize("name", ["critic_gradients.00.conv", "w_1", "", "critic_gradient"])
def test_an_unknown_name_fails_loudly(name):
    with pytest.raises(KeyError, match="is not a logged quantity; give it an entry in QUANTITIES"):
        quantity(name)


class Watched(dict):
    """A log that keeps the names which are asked of it."""

    def __init__(self, columns):
        super().__init__(columns)
        self.asked = set()

    def __getitem__(self, name):
        self.asked.add(name)
        return super().__getitem__(name)

    def __contains__(self, name):
        self.asked.add(name)
        return super().__contains__(name)

    def get(self, name, default=None):
        self.asked.add(name)
        return super().get(name, default)

    def __iter__(self):
        pytest.fail("a verdict reads columns by name, and this one goes through all of them")

    keys = values = items = __iter__


def test_verdicts_read_the_quantities_that_say_so_and_no_others():
    """Over random logs, so many that every branch of every verdict is taken."""
    rng, steps, asked = np.random.default_rng(0), np.arange(0.0, 40), defaultdict(set)
    for _ in range(400):
        columns = {
            name: np.geomspace(1, rng.choice([0.5, 1.0]), 40)
            * rng.choice([1e-9, 0.1, 0.3, 1.0] + [3.0, 500.0] * (one.unit != "share"))
            for name, one in QUANTITIES.items()
            if name not in ("step", "fault") and rng.random() < 0.9
        }
        columns |= {name: np.array(["words"] * 40, object) for name in columns if QUANTITIES[name].text is str}
        for name, verdict in VERDICTS.items():
            log = Watched({"step": steps, **columns})
            verdict(log, {})
            asked[name] |= log.asked - {"step"}
    for name in VERDICTS:
        assert asked[name] == {key for key, one in QUANTITIES.items() if name in one.verdicts}, name


def names_read(tree):
    """The names that code reads from a log or a record: `log["name"]`, `"name" in log`, and in calls."""
    logs, calls = ("log", "record", "measured"), ("quantity", "title", "label", "last", "column")
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(ast.Name(of) | ast.Attribute(attr=of), ast.Constant(str(name))) if of in logs:
                yield name
            case ast.Compare(ast.Constant(str(name)), comparators=[ast.Name(of)]) if of in logs:
                yield name
            case ast.Call(ast.Attribute(ast.Name(of), "get"), [ast.Constant(str(name)), *_]) if of in logs:
                yield name
            case ast.Call(ast.Name(called) | ast.Attribute(attr=called), [ast.Constant(str(name))]) if called in calls:
                yield name


def test_what_code_reads_by_name_is_logged():
    package, read = ROOT / "src" / "wgan", defaultdict(set)
    for file in [
        *package.glob("cli/*.py"),
        *package.glob("reports/*.py"),
        *package.glob("training/*.py"),
    ]:
        for name in names_read(ast.parse(file.read_text())):
            read[name].add(file.name)
    assert {"w1", "estimate", "step", "steps_per_second", "measured_rows", "generator_gradient"} <= set(read)
    unknown = {name: files for name, files in read.items() if entry(name) not in QUANTITIES}
    assert not unknown


def test_the_docs_list_each_quantity_once():
    page = (ROOT / "docs" / "log.md").read_text()
    assert markdown_table() in page, "make it again: python benchmarks/quantities.py"
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    keys = [row.split("`")[1] for row in rows]
    assert [key for key in keys if key in QUANTITIES] == list(QUANTITIES)
