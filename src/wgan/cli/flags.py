"""The flags that are made from the fields of the config, and the flags that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from wgan.cli.help import Flag
from wgan.config import FIELDS
from wgan.config.values import kind
from wgan.config.words import described
from wgan.errors import by_command


class FilePath(click.Path):
    """A path; an empty one is refused, since it would be the working folder, and so is -, which means a stream."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path that was given."""
        if value == "":
            self.fail("it is empty; give the name of a file or a folder.", param, ctx)
        if value == "-":
            self.fail("- is no file, and streams are not used; give the name of a file or a folder.", param, ctx)
        return super().convert(value, param, ctx)


def help_of(name: str) -> str:
    """What a field is, with flags in place of fields."""
    with by_command():
        return described(name)


def of_fields(function: Any) -> Any:
    """The function of a command with a flag for each field of the config except `data`, which is its argument."""
    for name in reversed(FIELDS):
        if name != "data":
            function = _flag(name)(function)
    return function


def _flag(name: str) -> Callable[[Any], Any]:
    f = FIELDS[name]
    number, repeated = kind(f), f.metadata.get("repeated", False)
    return click.option(
        "--" + name.replace("_", "-"),
        name,
        cls=Flag,
        group=f.metadata["group"],
        type={int: int, float: float}.get(number, str),
        metavar={int: "N", float: "X"}.get(number, "NAME=KIND" if repeated else f.metadata.get("metavar", "NAME")),
        multiple=repeated,
        help=help_of(name),
    )


overwrite = click.option(
    "--overwrite",
    is_flag=True,
    help="Replace --out if it exists. Files that make a run, and its data, are never replaced.",
)
step = click.option(
    "--step",
    metavar="STEP",
    help="Which checkpoint to read: latest, best or the number of a step. [default: latest]",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")


def of_reading(function: Any) -> Any:
    """The function of a command with the flags that say how tables and arrays are read, as in `wgan train`."""
    kind_of_rows = FIELDS["kind"]
    for option in (
        click.option("--column", multiple=True, metavar="NAME=KIND", help=help_of("column")),
        click.option("--drop", metavar="NAME", help=help_of("drop")),
        click.option(
            "--kind",
            default=kind_of_rows.default,
            metavar="NAME",
            type=click.Choice(kind_of_rows.metadata["choices"]),
            help=help_of("kind"),
        ),
    ):
        function = option(function)
    return function
