"""The group of commands: the form of every help text, and what is said of a wrong command or a closed pipe.

Help has whole words at any width of the terminal, groups of flags, and examples at the end.
"""

import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from wgan.config import GROUPS
from wgan.config.other_names import meant_by
from wgan.errors import WganError, by_command, unknown_name
from wgan.files.printed import drop, ended

NARROW = 72  # columns, below which the text of a flag stands below its name
WIDEST = 110


class _Page(click.HelpFormatter):
    """Help that is wrapped at spaces only, since click breaks names at their hyphens and no line below 50 columns."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        columns = shutil.get_terminal_size().columns
        super().__init__(indent_increment, width or max(min(columns, WIDEST) - 1, 20), max_width)

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        paragraphs = [_filled(part, self.width, " " * self.current_indent) for part in text.strip().split("\n\n")]
        self.write("\n\n".join(paragraphs) + "\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names with their texts, in two columns or, on a narrow terminal, below each other."""
        rows, indent = list(rows), " " * self.current_indent
        column = min(max(len(name) for name, _ in rows), col_max) + col_spacing
        below = self.width < NARROW and column > self.width // 4
        hang = indent + " " * (4 if below else column)
        for name, text in rows:
            beside = not below and len(name) + col_spacing <= column
            first = indent + name.ljust(column) if beside else hang
            filled = textwrap.fill(text, self.width, initial_indent=first, subsequent_indent=hang, **_WHOLE)
            self.write(filled + "\n" if beside else f"{indent}{name}\n{filled}\n")


_WHOLE: dict[str, Any] = {"break_on_hyphens": False, "break_long_words": False}


def _filled(paragraph: str, width: int, indent: str) -> str:
    return textwrap.fill(" ".join(paragraph.split()), width, initial_indent=indent, subsequent_indent=indent, **_WHOLE)


class Context(click.Context):
    """A context whose help has the form of `_Page`."""

    formatter_class = _Page


class Flag(click.Option):
    """A flag of a group; the help lists the flags of each group together."""

    def __init__(self, *arguments: Any, group: str, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.group = group


class Command(click.Command):
    """A command whose help has groups of flags and ends in examples, one a line of its `epilog`."""

    context_class = Context

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments. Raises WganError for a flag of another program; it names the flag that is meant."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as problem:
            meant = meant_by(problem.option_name)
            texts = {one.name: one.help for one in self.params if isinstance(one, click.Option)}
            if not isinstance(meant, tuple) or not set(meant) <= texts.keys():
                raise
            flags = ["--" + name.replace("_", "-") for name in meant]
            words = " ".join(f"{flag}: {texts[name]}" for flag, name in zip(flags, meant, strict=True))
            raise WganError(f"no such flag: {problem.option_name}; use {' and '.join(flags)}. {words}") from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the flags without a group first, then each group under its name."""
        for group in ("", *GROUPS):
            found = [one for one in self.get_params(ctx) if _is_of(one, group)]
            records = ((one.get_help_record(ctx), one.help or "") for one in found)
            if rows := [(record[0], text) for record, text in records if record]:  # click adds a range that text has
                with formatter.section(group.capitalize() or "Options"):
                    formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples as they stand, so that they can be copied."""
        if self.epilog:
            with formatter.section("Examples"):
                for line in self.epilog.splitlines():
                    formatter.write(f"{' ' * formatter.current_indent}{line}\n")


def _is_of(one: click.Parameter, group: str) -> bool:
    return isinstance(one, click.Option) and getattr(one, "group", "") == group


class Group(click.Group):
    """A group of commands whose help lists them in the order in which they were added, each with a whole sentence."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the work."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with the first paragraph of its help."""
        with formatter.section("Commands"):
            texts = ((name, (one.help or "").partition("\n\n")[0]) for name, one in self.commands.items())
            formatter.write_dl([(name, " ".join(text.split())) for name, text in texts])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """The command of this name. Raises WganError, with the nearest name, if there is none."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise unknown_name("command", args[0], self.list_commands(ctx))
        return super().resolve_command(ctx, args)

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **more: Any) -> click.Context:
        """The context of a command line. Raises WganError for an argument with a NUL."""
        if any("\0" in one for one in args):
            raise WganError("an argument has a NUL character; no name and no number has one, so leave it out.")
        with by_command(), _quiet_when_closed():
            return super().make_context(info_name, args, *rest, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with by_command(), _quiet_when_closed():
            return super().invoke(ctx)


@contextmanager
def _quiet_when_closed() -> Iterator[None]:
    """End with status 0 when the program that reads the help has ended; click would exit with 1."""
    try:
        yield
    except BrokenPipeError as fault:
        drop(sys.stdout)
        ended(fault)
