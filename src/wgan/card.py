"""The model card of an exported generator. It is passed on, so it holds no local path, and no name in it is markup."""

import re
from pathlib import Path

from wgan.config import OPERATIONAL, Config
from wgan.data import DATASETS
from wgan.data.conditions import Columns, Condition
from wgan.evaluation import evaluate, in_words
from wgan.files.printed import shown
from wgan.reports.command import shell_line, train_command
from wgan.runs import folder as runs
from wgan.training.model import Model, z_shape

MOST_NAMED = 100  # classes
BEGINS = "---\nlibrary_name: wgan"


def without_places(config: Config) -> Config:
    """The config without local paths: the data keep their bare name, and `data_dir` is left out."""
    return config.replace(data=bare(config.data), data_dir=None)


def bare(data: str) -> str:
    """The name of data without the path to them; named sets and those of the hub keep theirs.

    Examples:
        >>> bare("/home/ada/t.csv"), bare("hf:user/set"), bare("hf:/home/ada/set")
        ('t.csv', 'hf:user/set', 'hf:set')
    """
    begins, name = ("hf:", data[3:]) if data.startswith("hf:") else ("", data)
    if data in DATASETS or (begins and not name.startswith(("/", ".", "~", "\\"))):
        return data
    return begins + (Path(name).name or Path(name).resolve().name or "data")


def model_card(run: Path, model: Model, weights: int, norms: bool, file: str) -> str:
    """The model card in Markdown: the weights, their data and training, how to sample, and the metrics.

    The generator has so many `weights`; `norms` tells whether it has batch norms.
    """
    saved, game, form, config = runs.read_described(run), model.game, model.made, model.config
    data, name = saved["data"], bare(config.data)
    what = f" {DATASETS[name].text}" if name in DATASETS else ""
    moments = "; NAME.mean and NAME.variance are the moments of its batch norms" if norms else ""
    told, flags = _told(model.classes)
    sampling = shell_line(
        ["wgan", "sample"], file, ["-n", "64", *flags, "--out", f"samples{'.png' if form.picture else '.npy'}"]
    )
    return f"""{BEGINS}
tags: [gan, wasserstein-gan]
---

# A generator of {form.kind}: {text(name)}

- **Input:** z, {" x ".join(map(str, z_shape(config)))} independent standard normal numbers.{told}
- **Output:** {form.kind} of {" x ".join(map(str, form.shape))}, {form.dtype} once decoded.
- **Weights:** {weights:,} in {text(file)}, from step {model.step:,} of {config.steps:,}, named after their
  layers. The metadata of the file list the layers and the config{moments}.

## Sampling

    {sampling}

## Data

The data are {text(name)}.{what} {data["training_rows"]:,} rows to train on, {data["held_out_rows"]:,} held out.
Their SHA-256 is {text(data["sha256"])}.
Samples resemble these rows, with all that they lack or overstate, and may resemble single rows closely. The licence of
the data decides how samples may be used.

## Training

Objective {text(game.objective.name)}, constraint {text(game.constraint.name)}, network {text(game.architecture.name)};
engine {text(saved["engine"])}, wgan {text(saved["versions"]["wgan"])}:

    {train_command(config.to_json(), name, OPERATIONAL)}

## Metrics

{_measured(run, model.step)}
"""


def _told(condition: Condition | None) -> tuple[str, list[str]]:
    """What a conditional generator takes beside z, as a line of a list, and the flags that say it."""
    if condition is None:
        return "", []
    if isinstance(condition, Columns):
        names = ", ".join(map(text, condition.names))
        return f"\n- **Condition:** values of {names}; `wgan sample --given NAME=VALUE` gives them.", []
    names = ", ".join(f"{code} is {text(name)}" for code, name in enumerate(condition.names[:MOST_NAMED]))
    more = f" and {len(condition.names) - MOST_NAMED:,} more" if len(condition.names) > MOST_NAMED else ""
    line = (
        f"\n- **Condition:** one of {len(condition.names):,} classes: {names}{more}. Without --label they are drawn as"
        "\n  often as in the data."
    )
    return line, ["--label", condition.names[0]]


def text(name: object) -> str:
    """A name as Markdown writes it, on one line: each sign that could be markup is an entity.

    A dot between letters is none, unless it could be that of an address.

    Examples:
        >>> text("g.onnx"), text("www.g.onnx")
        ('g.onnx', 'www&#46;g&#46;onnx')
    """
    plain = shown(name)
    dots = r"(?<![A-Za-z0-9])\.|\.(?![A-Za-z0-9])" if "www" not in plain.casefold() else r"\."
    return re.sub(rf"[^\w \-.]|_|{dots}", lambda sign: f"&#{ord(sign[0])};", plain)


def _measured(run: Path, at: int) -> str:
    report = evaluate.read(run)
    if report is None:
        return "Not measured; run `wgan evaluate RUN`, then export again to write the metrics here."
    other = f"Measured at step {report['step']:,}, which is not the step of these weights.\n\n"
    lines = in_words.words(run.resolve().name, report).split("\n")
    block = "\n".join(f"    {line}" for line in lines)  # an indented block has no end that a name could write
    return f"{other if report['step'] != at else ''}{block}"
