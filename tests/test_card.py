"""The model card: commands that a shell reads back word for word, no markup from names, no local path."""

import json
import os
import re
import shlex
import shutil
import subprocess

import numpy as np
import pytest
from commands import SMALL, called

from wgan import card, export
from wgan.presets import PRESETS
from wgan.reports.command import shell_line, train_command

HOSTILE = [
    "x; touch pwned #.csv",
    "-rf.csv",
    "--out",
    "$(touch pwned)`touch pwned`.csv",
    'it\'s "so".csv',
    "a\n---\n```\n# title\n\n<script>alert(1)</script>.csv",
    "<img src=x onerror=alert(1)>",
    "[x](http://evil.example) **b** _i_ | a | b",
    "http:evil www.evil.example a@evil.example",
    "\x1b]0;x\x07\u202e\x9b.csv",
    os.fsdecode(b"\xff\xfe'.csv"),
    "~ada",
    "naïve 日本.csv",
    "\\",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_shell_reads_the_command_back(name):
    line = shell_line(["wgan", "train"], name, ["--column", f"{name}=text"])
    assert line.isprintable()
    if "\n" not in line and name.isprintable():
        words = shlex.split(line)
    else:
        asked = subprocess.run(["bash", "-c", rf"printf '%s\0' {line}"], capture_output=True)
        words = list(map(os.fsdecode, asked.stdout.split(b"\0")[:-1]))
    plain = [word for word in words if word != "--"]
    assert sorted(plain) == sorted(["wgan", "train", name, "--column", f"{name}=text"])
    assert name in words[2:3] or words[-2:] == ["--", name], "a name that begins with a dash is no flag"


def test_the_command_has_each_value_of_a_field_that_takes_several():
    config = PRESETS["table"].config.replace(data="t.csv", column=("a b=text", "c=date"), steps=7).to_json()
    line = train_command(json.loads(json.dumps(config)), "t.csv", frozenset({"steps"}))
    assert shlex.split(line) == ["wgan", "train", "t.csv", "--column", "a b=text", "--column", "c=date"]


@pytest.mark.parametrize("data", ["t.csv", "digits", "photos"])
@pytest.mark.parametrize("preset", PRESETS)
def test_the_command_makes_the_config_again_and_has_no_flag_of_its_preset(data, preset):
    wanted = PRESETS[preset].config.replace(data=data, seed=3)
    words = shlex.split(train_command(json.loads(json.dumps(wanted.to_json())), data, frozenset()))
    given = dict(zip(words[3::2], words[4::2], strict=True))
    named = given.pop("--preset", "table" if data == "t.csv" else "default")
    assert given == {"--seed": "3"}, "what the preset says is no flag"
    assert PRESETS[named].config.replace(data=data, seed=3) == wanted


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_is_markup(name):
    markdown = pytest.importorskip("markdown")
    from html import unescape

    found = markdown.markdown(f"# A generator: {card.text(name)}\n\nThe data are {card.text(name)}.\n")
    assert re.findall(r"<[^>]*>", found) == ["<h1>", "</h1>", "<p>", "</p>"]
    assert card.shown(name) in unescape(found)
    assert not re.search(r"[^\w\s&#;\-.]|_|(?<!\w)\.|\.(?!\w)|www\.", card.text(name)), (
        "no sign that any writing of Markdown knows"
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of data whose path and names are hostile."""
    home = tmp_path_factory.mktemp("home-of-ada")
    data = home / "`x`; touch pwned #<script>.npz"
    rng = np.random.default_rng(0)
    np.savez(data, rows=rng.normal(size=(80, 2)))
    done = called("train", data, *SMALL, "--out", home / "run")
    assert done.returncode == 0, done.stderr
    return home / "run"


def test_no_local_path_leaves_with_an_exported_file(run, tmp_path):
    for name in ("g.safetensors", "g.onnx"):
        export.export(run, tmp_path / name)
        assert b"home-of-ada" not in (tmp_path / name).read_bytes()
        assert len(export.sample(tmp_path / name, 3).rows) == 3
    assert "home-of-ada" not in (tmp_path / "g.md").read_text()
    assert "home-of-ada" in (run / "config.json").read_text(), "the test looks for what is there"


def test_the_whole_card_keeps_its_form(run, tmp_path):
    """Names stand nowhere but in entities and in indented blocks, whose lines no name can end."""
    other = tmp_path / "```\n---\n<script>"
    shutil.copytree(run, other)
    assert called("evaluate", other, "--samples", 40, "--features", "rows").returncode in (0, 2)
    (other / "evaluation.json").write_text(json.dumps(_evaluation()))
    out = tmp_path / "-g <b>.safetensors"
    export.export(other, out)
    lines = out.with_suffix(".md").read_text().split("\n")
    assert lines[:4] == ["---", "library_name: wgan", "tags: [gan, wasserstein-gan]", "---"]
    assert lines.count("---") == 2
    outside = [line for line in lines if not line.startswith("    ")]
    assert not [line for line in outside if "<" in line or "```" in line or ("touch pwned" in line and "`" in line)]
    assert [line for line in outside if line.startswith("#")][1:] == [
        "## Sampling",
        "## Data",
        "## Training",
        "## Metrics",
    ]
    commands = [shlex.split(line) for line in lines if line.startswith("    wgan ")]
    assert commands[0] == ["wgan", "sample", "-n", "64", "--out", "samples.npy", "--", "-g <b>.safetensors"]
    assert commands[1][:3] == ["wgan", "train", "`x`; touch pwned #<script>.npz"]


@pytest.mark.parametrize("conditional", ["projection", "none"])
def test_the_card_of_a_conditional_generator_lists_its_classes_and_how_to_ask_for_one(tmp_path, conditional):
    rng = np.random.default_rng(0)
    names = np.array(["cat", "<b>", "x.y"])[np.arange(60) % 3]
    np.savez(tmp_path / "t.npz", X=rng.normal(size=(60, 2)), y=names)
    flags = [*SMALL, "--network", "mlp", "--conditional", conditional]
    assert called("train", tmp_path / "t.npz", *flags, "--out", tmp_path / "run").returncode == 0
    export.export(tmp_path / "run", tmp_path / "g.safetensors")
    words = (tmp_path / "g.md").read_text()
    asked = next(shlex.split(line) for line in words.splitlines() if line.startswith("    wgan sample"))
    if conditional == "none":
        assert "classes" not in words
        assert "--label" not in asked
        return
    assert "one of 3 classes: 0 is &#60;b&#62;, 1 is cat, 2 is x.y." in words
    assert asked[asked.index("--label") + 1] == "<b>"
    assert called(*asked[1:2], tmp_path / asked[2], *asked[3:-1], tmp_path / asked[-1]).returncode == 0, "it runs"


def _evaluation():
    protocol = dict.fromkeys(("samples", "seed", "real_rows"), 1)
    protocol |= dict.fromkeys(("data", "against", "features_text", "floor"), "a\n```\n<script>")
    return {"step": 3, "steps": 3, "finished": True, "protocol": protocol, "metrics": {}, "lacking": {"x": "a\n---"}}
