"""The commands that make something: runs, samples and exported files, and the lists of what they are made from."""

import math
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wgan.cli import flags, terminal
from wgan.cli.flags import FilePath
from wgan.cli.help import Command
from wgan.config import FIELDS, Config
from wgan.errors import WganError
from wgan.files.printed import columns_of, say, say_json, say_list, say_page
from wgan.files.settings import read_settings
from wgan.presets import PRESETS, preset

CHANNELS_SHOWN = 32  # of signals, images or volumes, each with its range

if TYPE_CHECKING:
    from wgan.data import Dataset
    from wgan.training.drawing import Drawn
    from wgan.training.state import Training


@click.command(
    cls=Command,
    epilog="""wgan data
wgan data people.csv --column zip=text""",
)
@click.argument("name", required=False)
@click.option("--data-dir", type=FilePath(), metavar="DIR", help=flags.help_of("data_dir"))
@click.option("--size", type=click.IntRange(1, 4096), metavar="N", help=flags.help_of("size"))
@click.option(
    "--resize",
    default=FIELDS["resize"].default,
    metavar="NAME",
    type=click.Choice(FIELDS["resize"].metadata["choices"]),
    help=flags.help_of("resize"),
)
@flags.of_reading
@click.option("--verify", is_flag=True, help="Read all rows, compare them with the SHA-256 of the cache, and print it.")
@click.option("--stored", is_flag=True, help="NAME is a run: list which parts of its data are shared with the model.")
def data(
    name: str | None,
    data_dir: Path | None,
    size: int | None,
    resize: str,
    kind: str,
    drop: str | None,
    column: tuple[str, ...],
    verify: bool,
    stored: bool,
) -> None:
    """List the data sets, or describe a data set or a file.

    NAME is a data set, a folder or a file. The description says what it holds and where it was found. A table gets a
    line for each column: its kind, an example, and what samples will hold. A ? marks a guess, which is explained below.
    """
    from wgan.data import DATASETS, describe, is_table, load, look, note_lines, read_table, verified
    from wgan.data.axes import in_words
    from wgan.data.stored import words
    from wgan.runs.folder import read_described
    from wgan.training.choice import recommended, recommended_for_folder

    if stored:
        if name is None:
            raise WganError("--stored needs the folder of a run; give wgan data --stored RUN.")
        say_page(words(name, read_described(Path(name)), columns_of(sys.stdout)))
        return
    if name is None:
        say_list((info.name, info.text) for info in DATASETS.values())
        return
    if (size, resize, kind, drop, data_dir, verify) == (None, "crop", "auto", None, None, False) and (
        found := look(name)
    ):
        count, choice = recommended_for_folder(name)
        say_page("\n".join([found, f"{choice.why}.", *_few(count, choice.preset)]))
        return
    if is_table(name) and (path := Path(os.path.expanduser(name))).is_file():
        dataset = read_table(path, drop, column, refuse=False)
    else:
        dataset = load(name, data_dir=data_dir, size=size, resize=resize, drop=drop, column=column, kind=kind)
    if verify:
        say(f"SHA-256 of the rows: {verified(dataset)}")
    rows = dataset.rows
    plain = f"{len(rows):,} rows of {terminal.size_in_words(dataset)}"
    in_space = dataset.form.space and not dataset.form.picture
    about = in_words(len(rows), dataset.form.shape, dataset.form.kind) if in_space else plain
    if is_table(name):
        say(f"{dataset.name}: {about}")
        say(f"from {dataset.source}")
        choice = recommended(dataset)
        say_page("\n".join([describe(dataset), f"{choice.why}.", *_few(len(rows), choice.preset)]))
        return
    say(f"{dataset.name}: {about}, {dataset.form.dtype if in_space else rows.dtype}")
    say(f"from {dataset.source}; values {_range(rows)}")
    for line in _by_channel(dataset):
        say(line)
    choice = recommended(dataset)
    for line in (*_told(dataset), *note_lines(dataset), f"{choice.why}.", *_few(len(rows), choice.preset)):
        say(line)


def _told(dataset: "Dataset") -> list[str]:
    """Lines on the labels and the condition of a data set."""
    from wgan.data import label_counts

    counts, given = label_counts(dataset.labels, dataset.label_names), dataset.condition
    if given is None:
        return [counts] if counts else []
    names = ", ".join(str(column.name) for column in given.form.columns)
    return [*([counts] if counts else []), f"each row has a condition, which samples are given: {names}"]


def _by_channel(dataset: "Dataset") -> list[str]:
    """The range of each channel of signals, images or volumes with several, unless these are pictures."""
    form, rows = dataset.form, dataset.rows
    if not form.space or form.picture or not 1 < rows.shape[-1] <= CHANNELS_SHOWN:
        return []
    return [f"  channel {k}: {_range(rows[..., k])}" for k in range(rows.shape[-1])]


def _range(values: Any) -> str:
    """The ends and the mean of an array in words, with the digits that tell them apart, as those of 1e9 and 1e9 + 1."""
    low, high, mean = float(values.min()), float(values.max()), float(values.mean(dtype="float64"))
    far = math.log10(max(-low, high, 0) / (high - low)) if low < high and max(-low, high) > 0 else 0
    more = min(max(0, int(far)), 11)
    return f"{low:.{6 + more}g} to {high:.{6 + more}g}, mean {mean:.{4 + more}g}"


def _few(count: int, preset: str) -> list[str]:
    """A line if `train` would refuse so many rows."""
    from wgan.training.choice import too_few

    return [f"{one}." for one in [too_few(count, preset)] if one]


@click.command(
    cls=Command,
    epilog="""wgan presets
wgan presets wgan-gp""",
)
@click.argument("name", required=False)
def presets(name: str | None) -> None:
    """List the presets, or show one with all its settings.

    The page of a preset has its source, its command, the result to expect and every setting.
    """
    if name is None:
        say_list((title, one.source) for title, one in PRESETS.items())
        return
    one = preset(name)
    say_page(f"{name}: {one.source}\n\n    {one.command}\n\n{one.expect}\n\n")
    for field, value in one.config.to_json().items():
        mark = " " if value == FIELDS[field].default else "*"
        say(f"  {mark} {field:{max(map(len, FIELDS))}} {value}")
    say_page("\n  * set by this preset; the others are the fields' defaults")


@click.command(
    cls=Command,
    epilog="""wgan train digits --steps 2000
wgan train photos/ --size 32 --out runs/photos""",
)
@click.argument("data", metavar="[DATA]", required=False)
@click.option(
    "--config",
    "file",
    type=FilePath(),
    metavar="FILE",
    help="Read settings from a YAML, TOML or JSON file. The output of --dry-run is one, and so is the config.json of a "
    "run. A flag overrides the file.",
)
@click.option(
    "--preset",
    "preset_name",
    metavar="NAME",
    help="The settings to begin with; `wgan presets` lists them. [default: chosen from the data]",
)
@click.option(
    "--out",
    type=FilePath(),
    metavar="DIR",
    help="The run folder. [default: runs/DATA-PRESET, or runs/DATA-FILE with --config]",
)
@click.option("--restart", is_flag=True, help="Delete the run in --out and start from the beginning.")
@click.option("--extend", is_flag=True, help="Give the run in --out more steps. --steps is the new total.")
@click.option("--dry-run", is_flag=True, help="Check everything, print the config, and stop.")
@click.option("--tensorboard", is_flag=True, help="Write event files for TensorBoard to OUT/tensorboard too.")
@flags.of_fields
def train(
    data: str | None,
    file: Path | None,
    preset_name: str | None,
    out: Path | None,
    restart: bool,
    extend: bool,
    dry_run: bool,
    tensorboard: bool,
    **flags: Any,
) -> None:
    """Train on a data set, a folder of images or a file.

    DATA is the name of a data set (see `wgan data`), a folder of images or scans, an LMDB, hf:NAME, or a .npy, .npz,
    .csv, .tsv, .parquet, .tif, .nii or .h5 file. A .csv may be compressed, as .csv.gz. Tables need the extra `table`.
    Without DATA it is digits.

    The same command resumes the run in --out. Ctrl-C saves the run, then stops. With --extend and more --steps a
    finished run continues.

    The defaults below are those of the preset `default`. Another preset may have other values. A flag overrides the
    preset.
    """
    from wgan.runs import folder as runs
    from wgan.training import crew, loop, parallel, state
    from wgan.training.tensorboard import Board

    given = {name: value for name, value in flags.items() if value not in (None, ())}
    settings = read_settings(file) if file else {}
    here = crew.crew_here()
    tell = terminal.told(here.leads)
    config, preset_name, dataset = _config(data, preset_name, settings, given, tell)
    out = out or Path("runs") / f"{Path(config.data).resolve().stem}-{file.stem if file else preset_name}"
    crew.check(here, config)
    training = loop.start(loop.same_engine(config, out), dataset, here)
    state.refuse_none(given.get("conditional", settings.get("conditional")), training)
    if here.leads:
        say_page(terminal.summary(training), err=True)
    if dry_run:
        about = loop.described(training, out, restart, extend)
        runs.check(out, about, restart=restart, may_change=loop.may_change(config, extend))
        if here.leads:
            say_json(config.replace(conditional=training.config.conditional).to_json())
        return
    with parallel.together(training), ExitStack() as stack:
        finished = parallel.led(training, lambda: loop.opened(training, out, restart, stack, tell, extend))
        if not here.leads:
            if not finished:
                terminal.follow(training)
            return
        if finished:
            tell(loop.finished_in_words(training, out))
        else:
            board = Board(out, training.step) if tensorboard else None
            said = terminal.advance(training, out, board)
    ended = finished or training.step == config.steps or loop.no_better(training)
    if not finished:
        tell(f"{'done' if ended else 'stopped'} at step {training.step:,}; {said}")
    _say_best(training, out)
    say(f"samples: {out / 'samples' / f'{training.step:08d}.png'}")
    if not ended:
        tell("The same command continues from here.")


def _say_best(training: "Training", out: Path) -> None:
    """Say which checkpoint is the best."""
    from wgan.runs import best, checkpoint
    from wgan.training import loop

    if found := best.best(out, checkpoint.steps(out / "checkpoints")):
        steps = training.config.until_no_better
        since = f"; the measure has not fallen for {steps:,} steps" if loop.no_better(training) else ""
        say(f"best checkpoint: step {found.step:,} ({best.in_full(found)}){since}", err=True)


def _config(
    data: str | None,
    preset_name: str | None,
    settings: dict[str, Any],
    given: dict[str, Any],
    tell: Callable[[str], None],
) -> "tuple[Config, str, Dataset | None]":
    """The config of `train`, the name of its preset, and the data if they are read to choose the preset.

    The config is the preset, changed by the file, changed by the flags.
    """
    from wgan.training.choice import chosen
    from wgan.training.state import dataset_of

    def made(name: str) -> Config:
        return preset(name).config.with_settings(settings).replace(**given)

    given |= {"data": data} if data else {}
    if preset_name is not None:
        return made(preset_name), preset_name, None
    dataset = dataset_of(made("default"))
    preset_name = chosen(dataset, settings.keys() | given.keys(), tell)
    return made(preset_name), preset_name, dataset


def _check_samples(out: Path, run: Path, overwrite: bool) -> None:
    """Raise WganError if samples of a run may not be written to `out`."""
    from wgan.runs import overwriting

    if out.suffix:
        overwriting.check_file(out, run, overwrite=overwrite)
    else:
        overwriting.check_folder(
            out, lambda name: name[:-4].isdecimal() and name.endswith(".png"), run, overwrite=overwrite
        )


@click.command(
    cls=Command,
    epilog="""wgan sample runs/digits-default
wgan sample RUN -n 1000 --step best --out samples.npy""",
)
@click.argument("run", type=FilePath(), metavar="RUN")
@click.option(
    "-n",
    "--count",
    type=click.IntRange(1),
    metavar="N",
    help="The number of samples. [default: 64, or as many as --z or --given have]",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), metavar="N", help="The seed of the draw. [default: 0]")
@click.option(
    "--label",
    metavar="NAME",
    help="Draw one class only, from a run that was trained with labels. [default: all classes, as often as in the "
    "data]",
)
@click.option(
    "--given",
    "given_text",
    metavar="NAME=VALUE",
    help="The condition of the samples: NAME=VALUE,NAME=VALUE. A number may be a range, FIRST:LAST:COUNT. A .csv, "
    ".parquet or .npy file has a row for each condition. [default: drawn from the conditions of the data]",
)
@click.option(
    "--where",
    metavar="NAME>VALUE",
    help="Keep the samples of a table for which these comparisons hold: NAME>VALUE,NAME=VALUE. Others are rejected, so "
    "rare rows take long. At most a million samples are made.",
)
@flags.step
@click.option(
    "--out",
    type=FilePath(),
    metavar="FILE",
    help="A .png grid, a .gif that walks from sample to sample or through a volume, a .npy, .npz or .h5 array, a .tif "
    "or .nii scan, a .csv, .tsv, .csv.gz or .parquet table, or a folder that gets one PNG or .npy for each sample. "
    "[default: RUN/sample.png, or .csv for a table and .npy for an array]",
)
@click.option(
    "--z",
    type=FilePath(),
    metavar="FILE",
    help="A .npy file of the latents [n, latent] to use, one for each sample or frame of a .gif. [default: drawn by "
    "--seed]",
)
@click.option(
    "--size",
    type=click.IntRange(1, 4096),
    metavar="N",
    help="The side of volumes, from a run with --slices. [default: the side of the slices]",
)
@click.option("--periodic", is_flag=True, help="Make opposite faces of volumes fit together, in a run with --slices.")
@flags.overwrite
def sample(
    run: Path,
    count: int | None,
    seed: int | None,
    label: str | None,
    given_text: str | None,
    where: str | None,
    step: str | None,
    out: Path | None,
    z: Path | None,
    size: int | None,
    periodic: bool,
    overwrite: bool,
) -> None:
    """Draw samples from a run or an exported file.

    RUN is a run folder, or a file that `wgan export` wrote. An exported file needs no run folder, and an .onnx file
    needs onnxruntime but no framework. The same --seed gives the same samples from the folder and from the file.
    """
    from wgan.data.columns import TableForm
    from wgan.data.said import label_or
    from wgan.runs import overwriting
    from wgan.training import drawing, samples
    from wgan.training.kept import TRIED, kept

    if label is not None and given_text is not None:
        raise WganError("--label and --given are both given; give one of them, such as --given label=NAME.")
    if z and count:
        raise WganError("-n is not read with --z, whose file says how many samples there are; leave out one of them.")
    if where is not None and z:
        raise WganError("--where is not read with --z, since each latent makes one sample; leave out one of them.")
    if out is not None:
        _check_samples(out, run, overwrite)
    asked = Path(given_text) if given_text and "=" not in given_text else label_or(given_text or None, label)
    wanted, count = count, TRIED if where is not None else count
    drawn, at = _drawn(run, step, count, seed, asked, z, size, periodic, out)
    form = drawn.form
    for text in drawn.warnings:
        say(f"wgan: {text}", err=True)
    if where is not None:
        drawn, words = kept(drawn, where, wanted or drawing.USUAL)
        say(words, err=True)
    suffix = "png" if form.picture else "csv" if isinstance(form, TableForm) else "npy"
    if out is None:
        out = at.with_name(f"{at.name}.{suffix}")
        overwriting.check_file(out, run, overwrite=overwrite or overwriting.is_chosen_by_wgan(out))
    if drawn.total <= drawing.rows_of_part(form):
        samples.write(drawn, out)
    else:
        with terminal.bar("samples", every=10) as show:
            samples.write(drawn, out, lambda done: show(done, drawn.total, "samples"))
    say(out)


def _drawn(
    run: Path,
    step: str | None,
    count: int | None,
    seed: int | None,
    asked: Any,
    z: Path | None,
    size: int | None,
    periodic: bool,
    out: Path | None,
) -> "tuple[Drawn, Path]":
    """The samples of a run or an exported file, and where they are written if nobody says it, without a suffix."""
    from wgan import export
    from wgan.training import drawing, latents
    from wgan.training import model as models

    chosen, seed = seed is not None, seed or 0
    given, moves = latents.read(z) if z else None, z is None and out is not None and out.suffix.lower() == ".gif"
    model = None if run.suffix.lower() in export.READERS and not run.is_dir() else models.load_model(run, step)
    if moves and model and len(model.made.space) == 3:  # the slices of a volume move
        count, moves = count or 1, False
    count = given.total if given else count
    given = latents.looping(count or drawing.USUAL, seed) if moves else given
    if model is None:
        if step is not None:
            raise WganError(
                f"--step chooses a checkpoint of a run folder, but {run} is one exported file; leave out --step."
            )
        if size is not None or periodic:
            raise WganError(f"--size and --periodic need a run folder, but {run} is one exported file; leave them out.")
        drawn, at = export.drawn(run, count, seed, asked, given), run.with_suffix("")
    else:
        drawn, at = models.drawn(model, count, seed, asked, given, size, periodic), run / "sample"
    if z and chosen and drawn.labels is None and drawn.conditions is None:
        raise WganError("--seed is not read with --z, whose file holds the latents; leave out one of them.")
    return drawn, at


@click.command(
    cls=Command,
    epilog="""wgan export runs/digits-default --step best
wgan export RUN --out digits.safetensors""",
)
@click.argument("run", type=FilePath(), metavar="RUN")
@click.option(
    "--out", type=FilePath(), metavar="FILE", help="A .onnx or .safetensors file. [default: RUN/generator.onnx]"
)
@flags.step
@flags.overwrite
def export(run: Path, out: Path | None, step: str | None, overwrite: bool) -> None:
    """Write the generator as one file for other programs.

    An .onnx file is a graph of plain operators from z to samples. Before it is written, its samples are compared with
    those of the run. A .safetensors file holds the weights alone, with a model card beside it. `wgan sample FILE` draws
    from either.
    """
    from wgan.export import export as write
    from wgan.export import words

    written = write(run, out or run / "generator.onnx", step, overwrite=overwrite or out is None)
    say(words(written), err=True)
    say(written.path)
