"""The command line: one function for each command; the flags of `train` are made from the config's fields."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click

from wgan import __version__, terminal
from wgan.config import FIELDS, kind
from wgan.errors import WganError, unknown_name
from wgan.files import bars
from wgan.files.printed import drop, ended, say, say_json, say_page
from wgan.files.reading import reason, remedy
from wgan.presets import PRESETS, preset


class _Commands(click.Group):
    """A group of commands whose error for an unknown command suggests a known one."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise unknown_name("command", args[0], self.list_commands(ctx))
        return super().resolve_command(ctx, args)

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **more: Any) -> click.Context:
        if any("\0" in one for one in args):
            raise WganError("an argument has a NUL character, which no name and no number has; leave it out.")
        with _quiet_when_closed():
            return super().make_context(info_name, args, *rest, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with _quiet_when_closed():
            return super().invoke(ctx)


class _Path(click.Path):
    """A path; an empty one would be the working folder."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("it is empty; give the name of a file or a folder.", param, ctx)
        return super().convert(value, param, ctx)


@contextmanager
def _quiet_when_closed() -> Iterator[None]:
    """End with status 0 when the program that reads the help has ended; click would exit with 1."""
    try:
        yield
    except BrokenPipeError as fault:
        drop(sys.stdout)
        ended(fault)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, message="wgan %(version)s")
def cli() -> None:
    """Train, measure and explain Wasserstein GANs."""
    terminal.print_warnings()


def main() -> None:
    """Run the command; a mistake that the user can mend exits with status 2 and one sentence."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a closed stream is None
            stream.reconfigure(errors="backslashreplace")  # the help and the bars have more letters than LANG=C
    try:
        sys.exit(cli(standalone_mode=False))
    except click.exceptions.NoArgsIsHelpError as problem:
        say_page(problem.format_message())
        sys.exit(0)
    except (click.Abort, KeyboardInterrupt) as problem:  # click raises Abort, a RuntimeError, at Ctrl-C
        if isinstance(problem.__cause__, EOFError):  # click takes it for the end of what was typed
            raise problem.__cause__ from None
        sys.exit(130)
    except click.ClickException as problem:
        message = problem.format_message()
    except WganError as problem:
        message = str(problem)
    except (MemoryError, RuntimeError, ImportError) as problem:
        # torch says so when memory is short, and the loader of libraries where a limit leaves no room for one
        short = any(words in str(problem) for words in ("allocate", "failed to map"))
        if not (isinstance(problem, MemoryError) or short):
            raise
        message = "there is not enough memory for this; lower --width, --latent, --batch or the number of samples."
    except OSError as problem:
        message = f"cannot use {problem.filename or 'a file or stdout'} ({reason(problem)}); {remedy(problem)}."
        drop(sys.stdout)
    say("wgan: " + " ".join(message.split()), err=True)
    sys.exit(2)


_overwrite = click.option(
    "--overwrite",
    is_flag=True,
    help="replace a file that exists; only what wgan itself named in a run folder is replaced without this, and the "
    "files that make a run and its data are never replaced",
)


def _check_samples(out: Path, run: Path, overwrite: bool) -> None:
    """Raise WganError if samples of a run may not be written to `out`."""
    from wgan.runs import overwriting

    if out.suffix:
        overwriting.check_file(out, run, overwrite=overwrite)
    else:
        overwriting.check_folder(
            out, lambda name: name[:-4].isdecimal() and name.endswith(".png"), run, overwrite=overwrite
        )


def _with_field_flags(command: click.Command) -> click.Command:
    """The command with a flag for each field of the config except `data`, which is its argument."""
    for name, f in FIELDS.items():
        if name == "data":
            continue
        choices = f.metadata.get("choices") or _members(f.metadata.get("family"))
        text = f.metadata["text"] + (f": {', '.join(choices)}" if choices else "")
        command.params.append(
            click.Option(
                ["--" + name.replace("_", "-"), name],
                type={int: int, float: float}.get(kind(f), str),
                metavar={int: "N", float: "X"}.get(
                    kind(f), "NAME=KIND" if "read" in f.metadata else f.metadata.get("metavar", "NAME")
                ),
                multiple="read" in f.metadata,
                help=text if f.default is None else f"{text} [{f.default}]",
            )
        )
    return command


def _members(family: str | None) -> list[str]:
    from wgan.game.constraints import CONSTRAINTS
    from wgan.game.networks import NETWORKS
    from wgan.game.objectives import OBJECTIVES

    tables: dict[str, Any] = {"objective": OBJECTIVES, "constraint": CONSTRAINTS, "network": NETWORKS}
    return list(tables.get(family or "", ()))


@_with_field_flags
@cli.command()
@click.argument("data", metavar="DATA", default="digits")
@click.option(
    "--preset", "preset_name", metavar="NAME", help="the settings to begin with [default; table for .csv and .parquet]"
)
@click.option("--out", type=_Path(), metavar="DIR", help="the run folder [runs/DATA-PRESET]")
@click.option("--restart", is_flag=True, help="delete the run in --out and begin anew")
@click.option("--extend", is_flag=True, help="give the run in --out more steps, as many as --steps says in all")
@click.option("--dry-run", is_flag=True, help="check everything, print the config, and stop")
@click.option("--tensorboard", is_flag=True, help="also write event files for TensorBoard to OUT/tensorboard")
def train(
    data: str,
    preset_name: str | None,
    out: Path | None,
    restart: bool,
    extend: bool,
    dry_run: bool,
    tensorboard: bool,
    **flags: Any,
) -> None:
    """Train on DATA: a data set's name (see `wgan data`; digits if none is given), a folder of images, an LMDB,
    hf:NAME, or a .npy, .npz, .csv or .parquet file.

    The same command resumes the run in --out; with --extend and more --steps it goes on beyond its end. Ctrl-C saves,
    then stops. Brackets show the values of the preset
    `default`; another preset (see `wgan presets`) may have other values, and a flag overrides them.
    """
    from wgan.data import is_table

    given = {name: value for name, value in flags.items() if value not in (None, ())}
    preset_name = preset_name or ("table" if is_table(data) else "default")
    config = preset(preset_name).config.replace(data=data, **given)
    out = out or Path("runs") / f"{Path(data).resolve().stem}-{preset_name}"

    from wgan.runs import best, checkpoint
    from wgan.runs import folder as runs
    from wgan.training import loop
    from wgan.training.tensorboard import Board

    training = loop.start(loop.same_engine(config, out))
    say_page(terminal.summary(training), err=True)
    if dry_run:
        about = loop.described(training, out, restart, extend)
        runs.check(out, about, restart=restart, may_change=loop.may_change(config, extend))
        say_json(config.to_json())
        return
    with ExitStack() as stack:
        loop.open_folder(training, out, restart, stack, lambda text: say(text, err=True), extend)
        board = Board(out, training.step) if tensorboard else None
        said = terminal.advance(training, out, board)
    ended = training.step == config.steps or loop.no_better(training)
    say(f"{'done' if ended else 'stopped'} at step {training.step:,}; {said}", err=True)
    if found := best.best(out, checkpoint.steps(out / "checkpoints")):
        since = f"; the measure has not fallen for {config.until_no_better:,} steps" if loop.no_better(training) else ""
        say(f"best checkpoint: step {found.step:,} ({best.in_words(found)}){since}", err=True)
    say(f"samples: {out / 'samples' / f'{training.step:08d}.png'}")
    if not ended:
        say("The same command goes on from here.", err=True)


@cli.command()
@click.argument("run", type=_Path(), metavar="RUN")
@click.option("-n", "--count", default=64, type=click.IntRange(1), metavar="N", help="how many samples [64]")
@click.option("--seed", default=0, type=click.IntRange(0, 2**63 - 1), metavar="N", help="seed of the draw [0]")
@click.option("--label", metavar="NAME", help="one class for all samples of a conditional run [shares as in the data]")
@click.option("--step", metavar="N", help="step of the checkpoint, or `best` for the best that is kept [the newest]")
@click.option(
    "--out",
    type=_Path(),
    metavar="FILE",
    help="a .png grid, a .npy or .npz array, a .csv or .parquet table, or a folder of one PNG for each sample "
    "[RUN/sample.png; .csv for a table, .npy for an array]",
)
@_overwrite
def sample(
    run: Path, count: int, seed: int, label: str | None, step: str | None, out: Path | None, overwrite: bool
) -> None:
    """Draw samples from RUN: a run folder, or a file that `wgan export` wrote.

    An exported file needs no run folder, and an .onnx file needs onnxruntime but no framework. The same --seed gives
    the same samples from the folder and from the file.
    """
    from wgan import export
    from wgan.data.columns import TableForm
    from wgan.runs import overwriting
    from wgan.training import model as models
    from wgan.training import samples
    from wgan.training.drawing import rows_of_part

    if out is not None:
        _check_samples(out, run, overwrite)
    if run.suffix.lower() in export.READERS and not run.is_dir():
        if step is not None:
            raise WganError(
                f"--step chooses a checkpoint of a run folder, but {run} is one exported file; leave out --step."
            )
        drawn, at = export.drawn(run, count, seed, label), run.with_suffix("")
    else:
        drawn, at = models.drawn(models.load_model(run, step), count, seed, label), run / "sample"
    form = drawn.form
    suffix = "png" if form.kind == "images" else "csv" if isinstance(form, TableForm) else "npy"
    if out is None:
        out = at.with_name(f"{at.name}.{suffix}")
        overwriting.check_file(out, run, overwrite=overwrite or overwriting.is_chosen_by_wgan(out))
    if count <= rows_of_part(form):
        samples.write(drawn, out)
    else:
        with terminal.bar("samples", every=10) as show:
            samples.write(drawn, out, lambda done: show(done, count, "samples"))
    say(out)


@cli.command()
@click.argument("run", type=_Path(), metavar="RUN")
@click.option("--out", type=_Path(), metavar="FILE", help="a .onnx or .safetensors file [RUN/generator.onnx]")
@click.option("--step", metavar="N", help="step of the checkpoint, or `best` for the best that is kept [the newest]")
@_overwrite
def export(run: Path, out: Path | None, step: str | None, overwrite: bool) -> None:
    """Write the generator that `wgan sample RUN` uses as one file for other programs.

    An .onnx file is a graph of plain operators from z to any number of rows; its samples are compared with the run's
    before it is written. A .safetensors file holds the weights alone and gets a model card beside it. `wgan sample
    FILE` draws from either.
    """
    from wgan.export import export as write
    from wgan.export import words

    written = write(run, out or run / "generator.onnx", step, overwrite=overwrite or out is None)
    say(words(written), err=True)
    say(written.path)


@cli.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="[B]", required=False)
@click.option("--method", default="auto", metavar="NAME", help="auto, exact, sinkhorn, sliced or critic [auto]")
@click.option(
    "--n", "count", type=click.IntRange(1), metavar="N", help="rows of each to compare [all, or 2000 of very many]"
)
@click.option(
    "--seed", default=0, type=click.IntRange(0, 2**63 - 2), metavar="N", help="seed of the choice of rows [0]"
)
@click.option("--budget", type=float, metavar="SECONDS", help="print the best bounds found in this time")
@click.option("--column", multiple=True, metavar="NAME=KIND", help=FIELDS["column"].metadata["text"])
@click.option("--json", "as_json", is_flag=True, help="print the numbers as JSON")
def distance(
    first: str,
    second: str | None,
    method: str,
    count: int | None,
    seed: int,
    budget: float | None,
    column: tuple[str, ...],
    as_json: bool,
) -> None:
    """Print bounds of the earth mover's distance between A and B: data sets, .npy, .npz, .csv or .parquet files, or
    run folders.

    All rows are compared if that takes a minute at most. The floor is the number that remains when nothing differs: the
    mean distance over random splits of all rows together in the same sizes. Without B, A is a run whose samples are
    compared with its held-out rows, and the floor is the distance of these to as many training rows.
    """
    from wgan.evaluation.distance import distance as between
    from wgan.evaluation.distance import words

    def note(text: str) -> None:
        say(text, err=True)

    found = between(first, second, method=method, n=count, seed=seed, budget=budget, column=column, note=note)
    say_json(found.to_json()) if as_json else say_page(words(found))


@cli.command()
@click.argument("run", type=_Path(), metavar="[RUN]", required=False)
@click.option("--real", metavar="A", help="without RUN: real rows, as a data set's name, a folder or a file")
@click.option("--fake", metavar="B", help="without RUN: samples made by anything, as a folder or a file")
@click.option("--train", metavar="C", help="with --real: the rows that the generator was trained on, to find copies")
@click.option(
    "--samples", type=click.IntRange(1), metavar="N", help="how many samples [10000; 50000 for inception, as in papers]"
)
@click.option(
    "--features",
    default="auto",
    metavar="NAME",
    help="what is compared: classifier, pca, rows, or inception, whose weights are downloaded unless you write "
    "inception:FILE (auto: classifier for labelled images) [auto]",
)
@click.option("--target", metavar="NAME", help="the column that models of a table predict [the last]")
@click.option(
    "--size", type=click.IntRange(1, 4096), metavar="N", help="with --real: " + FIELDS["size"].metadata["text"]
)
@click.option("--json", "as_json", is_flag=True, help="print the numbers as JSON (of a RUN: its evaluation.json)")
def evaluate(
    run: Path | None,
    real: str | None,
    fake: str | None,
    train: str | None,
    samples: int | None,
    features: str,
    target: str | None,
    size: int | None,
    as_json: bool,
) -> None:
    """Measure a run's samples against its held-out rows; next to each number is the same number for real rows.

    With --real A --fake B no run is needed: B are samples made by anything, as a folder of images or a .npy, .npz, .csv
    or .parquet file. They are compared with one half of A, and the other half gives the numbers for real rows. With
    --train C all of A is compared, and copies of C are looked for.
    """
    from wgan.evaluation import evaluate
    from wgan.evaluation import samples as made_by_anything

    if run is not None and (real or fake or train or size):
        raise WganError(
            f"--real, --fake, --train and --size go without a RUN, but {run} is given; leave out one or the other."
        )
    if run is None and not (real and fake):
        raise WganError("evaluate needs a RUN, or --real A and --fake B; name what is to be measured.")
    with bars.status("reading") as note:
        if run is not None:
            report = evaluate.evaluate(run, samples, features, target=target, note=note)
            text = evaluate.words(run, report)
        else:
            report = made_by_anything.evaluate(
                real, fake, train=train, samples=samples, features=features, target=target, size=size, note=note
            )
            text = made_by_anything.words(report)
    say_json(report) if as_json else say_page(text)


@cli.command()
@click.argument("name", required=False)
@click.option("--data-dir", type=_Path(), metavar="DIR", help=FIELDS["data_dir"].metadata["text"])
@click.option("--size", type=click.IntRange(1, 4096), metavar="N", help=FIELDS["size"].metadata["text"])
@click.option(
    "--resize",
    default="crop",
    type=click.Choice(FIELDS["resize"].metadata["choices"]),
    help=f"{FIELDS['resize'].metadata['text']} [crop]",
)
@click.option("--drop", metavar="TEXT", help=FIELDS["drop"].metadata["text"])
@click.option("--column", multiple=True, metavar="NAME=KIND", help=FIELDS["column"].metadata["text"])
@click.option("--verify", is_flag=True, help="read all rows, compare them with the SHA-256 of the cache, and print it")
@click.option("--stored", is_flag=True, help="list what of the data leaves the machine with the model of the run NAME")
def data(
    name: str | None,
    data_dir: Path | None,
    size: int | None,
    resize: str,
    drop: str | None,
    column: tuple[str, ...],
    verify: bool,
    stored: bool,
) -> None:
    """List the data sets, or describe one data set, folder or file: what it holds and where it was found.

    Of a table there is a line for each column: its kind, an example, and what samples will give back; guesses are
    marked with ? and explained below.
    """
    from wgan.data import DATASETS, describe, is_table, label_counts, load, look, read_table, verified
    from wgan.data.stored import words
    from wgan.runs.folder import read_described

    if stored:
        if name is None:
            raise WganError("--stored needs the folder of a run; give wgan data --stored RUN.")
        say_page(words(name, read_described(Path(name))))
        return
    if name is None:
        for info in DATASETS.values():
            say(f"{info.name:15} {info.text}")
        return
    if (size, resize, drop, data_dir, verify) == (None, "crop", None, None, False) and (found := look(name)):
        say_page(found)
        return
    if is_table(name) and (path := Path(name).expanduser()).is_file():
        dataset = read_table(path, drop, column, refuse=False)
    else:
        dataset = load(name, data_dir=data_dir, size=size, resize=resize, drop=drop, column=column)
    if verify:
        say(f"SHA-256 of the rows: {verified(dataset)}")
    rows = dataset.rows
    say(f"{dataset.name}: {len(rows):,} rows of {'x'.join(map(str, rows.shape[1:]))}, {rows.dtype}")
    if is_table(name):
        say(f"from {dataset.source}")
        say_page(describe(dataset))
        return
    say(f"from {dataset.source}; values {rows.min():g} to {rows.max():g}, mean {rows.mean():.4g}")
    if counts := label_counts(dataset.labels, dataset.label_names):
        say(counts)


@cli.command()
@click.argument("name", required=False)
def presets(name: str | None) -> None:
    """List the presets, or print one: its source, its command, the result to expect and every field."""
    if name is None:
        for title, one in PRESETS.items():
            say(f"{title:15} {one.source}")
        return
    one = preset(name)
    say_page(f"{name}: {one.source}\n\n    {one.command}\n\n{one.expect}\n\n")
    for field, value in one.config.to_json().items():
        mark = " " if value == FIELDS[field].default else "*"
        say(f"  {mark} {field:18} {value}")
    say_page("\n  * set by this preset; the others are the fields' defaults")


@cli.command()
@click.argument("name", required=False)
@click.option(
    "--scale",
    default="quick",
    metavar="NAME",
    help="quick takes minutes, medium two hours for all studies; full has the papers' settings [quick]",
)
@click.option("--out", type=_Path(), metavar="DIR", help="the folder [studies/NAME-SCALE]")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="cases measured at once, one core each [all cores]")
@click.option("--dask", metavar="ADDRESS", help="measure on the Dask cluster with the scheduler at tcp://HOST:PORT")
def study(name: str | None, scale: str, out: Path | None, jobs: int | None, dask: str | None) -> None:
    """List the papers' experiments, or run one: it writes a table, a figure and whether the claim holds.

    The same command resumes the study in --out: finished cases are kept, and most of the others go on from a
    checkpoint that is at most a minute old.
    """
    from wgan import studies

    if name is None:
        for title in studies.STUDIES:
            say(f"{title:15} {studies.study(title).title}")
        return
    out = out or Path("studies") / f"{name}-{scale}"
    try:
        with terminal.bar(name) as show:
            for at in studies.run(name, scale, out, jobs, dask):
                show(at.done, at.total, studies.words(at.rows))
    except KeyboardInterrupt:
        say("stopped; the same command goes on from here.", err=True)
        raise
    say_page((out / "summary.md").read_text(encoding="utf-8"))
    say(f"written to {out}", err=True)


@cli.command()
@click.argument("run", nargs=-1, required=True, type=_Path(), metavar="RUN...")
@click.option("--out", type=_Path(), metavar="FILE", help="the file to write [RUN/report.html]")
@click.option("--data-dir", type=_Path(), metavar="DIR", help=FIELDS["data_dir"].metadata["text"])
@_overwrite
def report(run: tuple[Path, ...], out: Path | None, data_dir: Path | None, overwrite: bool) -> None:
    """Write one HTML page about a run, or about several side by side: verdicts, samples over time, curves, metrics."""
    from wgan.reports.page import write

    say(write(list(run), out, data_dir=data_dir, overwrite=overwrite))
