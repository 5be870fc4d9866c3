"""The command line: one function a command; the flags of `train` are made from the config's fields."""

import errno
import json
import os
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wgan import __version__
from wgan.config import FIELDS, PRESETS, kind, preset
from wgan.errors import WganError, unknown_name

if TYPE_CHECKING:
    from wgan.training import Training


class _Commands(click.Group):
    """A group that suggests the command that was meant."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise unknown_name("command", args[0], self.list_commands(ctx))
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, message="wgan %(version)s")
def cli() -> None:
    """Train, measure and explain Wasserstein GANs."""


def main() -> None:
    """Run the command; exit 2 with one sentence where the user can mend it."""
    try:
        sys.exit(cli(standalone_mode=False))
    except click.exceptions.NoArgsIsHelpError as problem:
        click.echo(problem.format_message())
        sys.exit(0)
    except click.ClickException as problem:
        message = problem.format_message()
    except WganError as problem:
        message = str(problem)
    except (MemoryError, RuntimeError) as problem:
        if isinstance(problem, RuntimeError) and "allocate" not in str(problem):  # torch's word for it
            raise
        message = "there is not enough memory for this; lower --width, --latent, --batch or the number of samples."
    except OSError as problem:
        if problem.errno == errno.EPIPE:  # the reader of our output went away, as `head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        message = str(problem)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    click.echo("wgan: " + " ".join(message.split()), err=True)
    sys.exit(2)


def _flags(command: click.Command) -> click.Command:
    """One flag for each field of the config but `data`, which is the command's argument."""
    for name, f in FIELDS.items():
        if name == "data":
            continue
        choices = f.metadata.get("choices") or _members(f.metadata.get("family"))
        text = f.metadata["text"] + (f": {', '.join(choices)}" if choices else "")
        command.params.append(
            click.Option(
                ["--" + name.replace("_", "-"), name],
                type={int: int, float: float}.get(kind(f), str),
                metavar={int: "N", float: "X"}.get(kind(f), "DIR" if name == "data_dir" else "NAME"),
                help=text if f.default is None else f"{text} [{f.default}]",
            )
        )
    return command


def _members(family: str | None) -> list[str]:
    from wgan.constraints import CONSTRAINTS
    from wgan.networks import NETWORKS
    from wgan.objectives import OBJECTIVES

    tables: dict[str, Any] = {"objective": OBJECTIVES, "constraint": CONSTRAINTS, "network": NETWORKS}
    return list(tables.get(family or "", ()))


@_flags
@cli.command()
@click.argument("data", metavar="DATA", default="digits")
@click.option(
    "--preset", "preset_name", default="default", metavar="NAME", help="where the fields start from [default]"
)
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="the run folder [runs/DATA-PRESET]")
@click.option("--restart", is_flag=True, help="delete the run found in --out and begin anew")
@click.option("--dry-run", is_flag=True, help="check everything, print the config, and stop")
def train(data: str, preset_name: str, out: Path | None, restart: bool, dry_run: bool, **flags: Any) -> None:
    """Train on DATA: a data set's name (see `wgan data`; digits if none is given), a folder of images, an LMDB,
    hf:NAME, or a .npy or .npz file.

    The same command goes on with what it finds in --out. Ctrl-C saves, then stops. In brackets is
    the preset default; another preset (see `wgan presets`) may differ, and a flag overrides both.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    config = preset(preset_name).config.replace(data=data, **given)
    out = out or Path("runs") / f"{Path(data).stem}-{preset_name}"

    from wgan import runs
    from wgan import training as loop

    training = loop.start(config)
    click.echo(_summary(training), err=True)
    if dry_run:
        runs.check(out, loop.describe(training), restart=restart, may_change=loop.may_change(config))
        click.echo(json.dumps(config.to_json(), indent=2))
        return
    with ExitStack() as stack:
        loop.open_folder(training, out, restart, stack, note=lambda text: click.echo(text, err=True))
        said = _advance(training, out)
    done = training.step == config.steps
    click.echo(f"{'done' if done else 'stopped'} at step {training.step:,}; {said}", err=True)
    click.echo(f"samples: {out / 'samples' / f'{training.step:08d}.png'}")
    if not done:
        click.echo("The same command goes on from here.", err=True)


def _summary(training: "Training") -> str:
    """What is about to be trained, in three lines."""
    config, game, dataset, state = training.config, training.game, training.dataset, training.state
    size = "x".join(map(str, dataset.form.shape))
    critic, generator = (
        sum(game.engine.numpy(w).size for w in player.values()) for player in (state.critic, state.generator)
    )
    return (
        f"{dataset.name}: {len(training.rows):,} rows of {size} to train, {len(training.held_out):,} held out "
        f"({dataset.source})\n"
        f"{game.objective.name}, {game.constraint.name}, {game.architecture.name} (critic {critic:,}, "
        f"generator {generator:,} weights), {game.engine.name}, {config.precision}, seed {config.seed}\n"
        f"estimate: {game.objective.estimates}"
    )


def _advance(training: "Training", out: Path) -> str:
    """Train to the end, or until Ctrl-C or SIGTERM asks to stop; returns the last estimates in words."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from wgan.training import advance

    asked = False
    said, shown = "", time.monotonic()

    def ask(number: int, frame: Any) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        click.echo("saving, then stopping; again to stop at once", err=True)

    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[said]}"))
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            task = bar.add_task("training", total=training.config.steps, completed=training.step, said="")

            def watch(step: int) -> bool:
                bar.update(task, completed=step)
                return asked

            for record in advance(training, out, watch):
                said = _words(record)
                bar.update(task, completed=record["step"], said=said)
                if not console.is_terminal and time.monotonic() - shown > 10:
                    shown = time.monotonic()
                    click.echo(f"step {record['step']:,}/{training.config.steps:,}: {said}", err=True)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return said


def _words(record: dict[str, Any]) -> str:
    held_out = record.get("held_out_estimate")
    more = f" ({held_out:.3g} held out)" if held_out is not None else ""
    return f"estimate {record['estimate']:.3g}{more}, {record['steps_per_second']:.1f} steps/s"


@cli.command()
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@click.option("-n", "--count", default=64, type=click.IntRange(1), metavar="N", help="how many samples [64]")
@click.option("--seed", default=0, type=click.IntRange(0, 2**63 - 1), metavar="N", help="of the draw [0]")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="where to [RUN/sample.png]")
def sample(run: Path, count: int, seed: int, out: Path | None) -> None:
    """Draw samples from a run: a .png grid, a .npy or .npz array, or a folder with one PNG each."""
    from wgan.evaluate import load_model, write_samples
    from wgan.evaluate import sample as draw

    model = load_model(run)
    out = out or run / ("sample.png" if model.form.kind == "images" else "sample.npy")
    write_samples(draw(model, count, seed), model.form, out)
    click.echo(str(out))


@cli.command()
@click.argument("name", required=False)
@click.option("--data-dir", type=click.Path(path_type=Path), metavar="DIR", help="where data sets lie")
@click.option("--size", type=click.IntRange(1, 4096), metavar="N", help=FIELDS["size"].metadata["text"])
@click.option("--resize", default="crop", type=click.Choice(FIELDS["resize"].metadata["choices"]), help="how [crop]")
def data(name: str | None, data_dir: Path | None, size: int | None, resize: str) -> None:
    """List the data sets, or look at one, or at a folder: what it holds and where it was found."""
    from wgan.data import DATASETS, label_counts, load, look

    if name is None:
        for info in DATASETS.values():
            click.echo(f"{info.name:15} {info.text}")
        return
    if size is None and (found := look(name)):
        click.echo(found)
        return
    dataset = load(name, data_dir=data_dir, size=size, resize=resize)
    rows = dataset.rows
    click.echo(f"{dataset.name}: {len(rows):,} rows of {'x'.join(map(str, rows.shape[1:]))}, {rows.dtype}")
    click.echo(f"from {dataset.source}; values {rows.min():g} to {rows.max():g}, mean {rows.mean():.4g}")
    if counts := label_counts(dataset.labels, dataset.label_names):
        click.echo(counts)


@cli.command()
@click.argument("name", required=False)
def presets(name: str | None) -> None:
    """List the presets, or print one whole: its source, its command, what to expect, every field."""
    if name is None:
        for title, one in PRESETS.items():
            click.echo(f"{title:15} {one.source}")
        return
    one = preset(name)
    click.echo(f"{name}: {one.source}\n\n    {one.command}\n\n{one.expect}\n")
    for field, value in one.config.to_json().items():
        mark = " " if value == FIELDS[field].default else "*"
        click.echo(f"  {mark} {field:18} {value}")
    click.echo("\n  * set by this preset; the others are the fields' defaults")
