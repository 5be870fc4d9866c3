"""The commands that measure and show: samples against real rows, reports, distances, and the papers' experiments."""

import sys
import time
from pathlib import Path

import click

from wgan.cli import flags, terminal
from wgan.cli.flags import FilePath
from wgan.cli.help import Command
from wgan.errors import WganError
from wgan.files import bars
from wgan.files.printed import columns_of, say, say_json, say_list, say_page

ROWS_SHOWN = 24  # of a table on the screen, with its header


@click.command(
    cls=Command,
    epilog="""wgan evaluate runs/digits-default --step best
wgan evaluate --real photos/ --fake made/""",
)
@click.argument("run", type=FilePath(), metavar="[RUN]", required=False)
@flags.step
@click.option("--real", metavar="A", help="Without RUN: the real rows, as the name of a data set, a folder or a file.")
@click.option("--fake", metavar="B", help="Without RUN: the samples, as a folder or a file.")
@click.option(
    "--train",
    metavar="C",
    help="With --real: the rows that the generator was trained on, to look for copies.",
)
@click.option(
    "--samples",
    type=click.IntRange(1),
    metavar="N",
    help="The number of samples. [default: 10000, and with --features inception 50000 as in the papers]",
)
@click.option(
    "--features",
    default="auto",
    metavar="NAME",
    help="What is compared: classifier, pca, random, rows, or inception. random needs signals, images or volumes. The "
    "weights of Inception are downloaded, unless you write inception:FILE. auto is classifier for labelled "
    "images, signals and volumes, rows for up to 64 numbers a row, and else pca. [default: auto]",
)
@click.option(
    "--target", metavar="NAME", help="The column of a table that models predict from the others. [default: the last]"
)
@click.option(
    "--size",
    type=click.IntRange(1, 4096),
    metavar="N",
    help=flags.help_of("size").replace("Resize", "With --real: resize", 1),
)
@flags.of_reading
@flags.as_json
def evaluate(
    run: Path | None,
    step: str | None,
    real: str | None,
    fake: str | None,
    train: str | None,
    samples: int | None,
    features: str,
    target: str | None,
    size: int | None,
    kind: str,
    drop: str | None,
    column: tuple[str, ...],
    as_json: bool,
) -> None:
    """Measure samples against real rows.

    The samples of a run are compared with its held-out rows. Each number stands next to the number that real rows get.

    With --real A --fake B no run is needed. B are samples of any program, as a folder of images or a .npy, .npz, .csv,
    .tsv or .parquet file. They are compared with one half of A, and the other half gives the numbers of real rows. With
    --train C they are compared with all of A, and `wgan` looks for copies of C. --kind, --drop and --column say how
    these are read, as in `wgan train`. A run reads its data as it did in training.
    """
    from wgan.evaluation import evaluate, in_words
    from wgan.evaluation import samples as made_by_anything

    without_run = {"real": real, "fake": fake, "train": train, "size": size, "drop": drop, "column": column}
    without_run["kind"] = kind != "auto"
    if run is not None and (named := next((name for name, value in without_run.items() if value), "")):
        raise WganError(f"--{named} goes without a RUN, but {run} is given; leave out one or the other.")
    if run is None and step is not None:
        raise WganError("--step chooses a checkpoint of a RUN, and none is given; leave it out.")
    if run is None and not (real and fake):
        raise WganError("evaluate needs a RUN, or --real A and --fake B; name what is to be measured.")
    with bars.status("reading") as note:
        if run is not None:
            report = evaluate.evaluate(run, samples, features, target=target, note=note, step=step)
            text = in_words.words(run, report, columns_of(sys.stdout))
        else:
            report = made_by_anything.evaluate(
                real,
                fake,
                train=train,
                samples=samples,
                features=features,
                target=target,
                size=size,
                drop=drop,
                column=column,
                kind=kind,
                note=note,
            )
            text = made_by_anything.words(report, columns_of(sys.stdout))
    say_json(report) if as_json else say_page(text)


@click.command(
    cls=Command,
    epilog="""wgan runs
wgan runs studies/mode-collapse-quick --json""",
)
@click.argument("folder", required=False, type=FilePath(), metavar="[FOLDER]")
@flags.as_json
def runs(folder: Path | None, as_json: bool) -> None:
    """List the runs below a folder, the newest first.

    FOLDER is runs by default. Each run has its state, its step, its best checkpoint and a verdict. The state is
    running, finished, stopped or damaged. `wgan report RUN` says more about one run.
    """
    from wgan.reports import listing

    place = folder or Path("runs")
    rows = listing.rows_below(place) if folder or place.is_dir() else []
    if as_json:
        say_json([row.to_json() for row in rows])
    elif rows:
        say_page(listing.words(rows, time.time(), columns_of(sys.stdout)))
    else:
        say(f"There are no runs below {place}; `wgan train` makes one.")


@click.command(
    cls=Command,
    epilog="""wgan report runs/digits-default
wgan report runs/one runs/two --out both.html""",
)
@click.argument("run", nargs=-1, required=True, type=FilePath(), metavar="RUN...")
@flags.step
@click.option(
    "--out",
    type=FilePath(),
    metavar="FILE",
    help="The file to write. [default: RUN/report.html, or comparison.html beside the first of several runs]",
)
@click.option("--data-dir", type=FilePath(), metavar="DIR", help=flags.help_of("data_dir"))
@flags.overwrite
def report(run: tuple[Path, ...], step: str | None, out: Path | None, data_dir: Path | None, overwrite: bool) -> None:
    """Write an HTML page about one run or several.

    The page has verdicts in words, samples over time, curves and metrics. Several runs stand side by side. With --step
    the page ends at that checkpoint.
    """
    from wgan.reports.page import write

    say(write(list(run), out, data_dir=data_dir, overwrite=overwrite, step=step))


@click.command(
    cls=Command,
    epilog="""wgan lab
wgan lab --out lectures/lab.html""",
)
@click.option(
    "--out",
    type=FilePath(),
    metavar="FILE",
    default=Path("lab.html"),
    help="The file to write. [default: lab.html]",
)
@flags.overwrite
def lab(out: Path, overwrite: bool) -> None:
    """Write a page in which a Wasserstein GAN trains.

    It is one file for a browser, and it needs no network. Its five rooms show the earth mover's distance, two lines, a
    perfect critic, a training that you steer, and runs that went wrong.
    """
    from wgan.lab import write
    from wgan.runs import overwriting

    overwriting.check_file(out, overwrite=overwrite)
    say(write(out))


@click.command(
    cls=Command,
    epilog="""wgan distance runs/digits-default --step best
wgan distance real.npy fake.npy --budget 10""",
)
@click.argument("first", metavar="A")
@click.argument("second", metavar="[B]", required=False)
@click.option(
    "--method", default="auto", metavar="NAME", help="One of: auto, exact, sinkhorn, sliced, critic. [default: auto]"
)
@click.option(
    "--n",
    "count",
    type=click.IntRange(1),
    metavar="N",
    help="The number of rows of A and of B. [default: all rows, or 2000 if all take over a minute]",
)
@click.option(
    "--seed",
    default=0,
    type=click.IntRange(0, 2**63 - 2),
    metavar="N",
    help="The seed that chooses the rows. [default: 0]",
)
@click.option("--budget", type=float, metavar="SECONDS", help="Print the best bounds found in this time.")
@flags.of_reading
@flags.step
@flags.as_json
def distance(
    first: str,
    second: str | None,
    method: str,
    count: int | None,
    seed: int,
    budget: float | None,
    kind: str,
    drop: str | None,
    column: tuple[str, ...],
    step: str | None,
    as_json: bool,
) -> None:
    """Bound the Wasserstein distance of two sets of rows.

    A and B are names of data sets, .npy, .npz, .csv, .tsv or .parquet files, or run folders. The number lies between
    two certified bounds. All rows are compared if that takes a minute at most. Two tables are encoded together, so
    the distance of B and A is the same.

    The floor is the mean distance of two sets that differ only by chance: all rows are mixed, and split at random into
    sets of the same sizes. Without B, A must be a run. Its samples are compared with its held-out rows, and the floor
    is the distance of these rows to as many training rows.
    """
    from wgan.evaluation.distance import distance as between
    from wgan.evaluation.distance import words

    def note(text: str) -> None:
        say(text, err=True)

    found = between(
        first,
        second,
        method=method,
        n=count,
        seed=seed,
        budget=budget,
        drop=drop,
        column=column,
        kind=kind,
        step=step,
        note=note,
    )
    say_json(found.to_json()) if as_json else say_page(words(found))


@click.command(
    cls=Command,
    epilog="""wgan study
wgan study mode-collapse --jobs 2""",
)
@click.argument("name", required=False)
@click.option(
    "--scale",
    default="quick",
    metavar="NAME",
    help="One of: quick, medium, full. quick takes minutes. medium takes up to 20 minutes for most studies. full has "
    "the papers' settings. [default: quick]",
)
@click.option("--out", type=FilePath(), metavar="DIR", help="The folder to write. [default: studies/NAME-SCALE]")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="The number of cases to measure at once, one core each. [default: all cores]",
)
@click.option("--dask", metavar="ADDRESS", help="Measure on the Dask cluster whose scheduler is at tcp://HOST:PORT.")
def study(name: str | None, scale: str, out: Path | None, jobs: int | None, dask: str | None) -> None:
    """Repeat an experiment of the papers, or list them.

    A study writes a table, a figure and whether the claim holds. The same command resumes the study in --out. It keeps
    the finished cases. Most unfinished cases continue from a checkpoint that is at most a minute old.
    """
    from wgan import studies

    if name is None:
        say_list((title, studies.study(title).title) for title in studies.STUDIES)
        return
    out = out or Path("studies") / f"{name}-{scale}"
    try:
        with terminal.bar(name) as show:
            for at in studies.run(name, scale, out, jobs, dask):
                show(at.done, at.total, studies.words(at.rows))
    except KeyboardInterrupt:
        say("stopped; the same command continues from here.", err=True)
        raise
    say_page(_without_long_table((out / "summary.md").read_text(encoding="utf-8"), out))
    say(f"written to {out}", err=True)


def _without_long_table(summary: str, out: Path) -> str:
    """A summary whose table fits on a screen; a longer one stays in the file alone."""
    lines = summary.split("\n")
    rows = [line for line in lines if line.startswith("| ")]
    if len(rows) <= ROWS_SHOWN:
        return summary
    kept = [line for line in lines if line not in rows]
    return "\n".join([*kept, f"The table of {len(rows) - 2:,} rows is in {out / 'table.csv'}."])
