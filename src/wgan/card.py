"""The model card of an exported generator. It is passed on, so it holds no local path, and no name in it is markup."""

import re
from pathlib import Path

from wgan.config import OPERATIONAL, Config
from wgan.data import DATASETS
from wgan.evaluation import evaluate
from wgan.files.printed import shown
from wgan.reports.command import shell_line, train_command
from wgan.runs import folder as runs
from wgan.training.model import Model, z_shape

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
    sampling = shell_line(
        ["wgan", "sample"], file, ["-n", "64", "--out", f"samples{'.png' if form.picture else '.npy'}"]
    )
    return f"""{BEGINS}
tags: [gan, wasserstein-gan]
---

# A generator of {form.kind}: {text(name)}

- **Input:** z, {" x ".join(map(str, z_shape(config)))} independent standard normal numbers.
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


def text(name: object) -> str:
    """A name as Markdown writes it: each sign that could be markup is an entity, on one line."""
    return re.sub(r"[^\w \-]|_", lambda sign: f"&#{ord(sign[0])};", shown(name))


def _measured(run: Path, at: int) -> str:
    report = evaluate.read(run)
    if report is None:
        return "Not measured; run `wgan evaluate RUN`, then export again to write the metrics here."
    other = f"Measured at step {report['step']:,}, which is not the step of these weights.\n\n"
    lines = evaluate.words(run.resolve().name, report).split("\n")
    block = "\n".join(f"    {line}" for line in lines)  # an indented block has no end that a name could write
    return f"{other if report['step'] != at else ''}{block}"
