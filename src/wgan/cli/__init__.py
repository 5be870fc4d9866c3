"""The command line: one function for each command; the flags of `train` are made from the config's fields.

This folder may use every other folder and module; nothing else imports it.
"""

import os
import sys
from contextlib import suppress

import click

from wgan import __version__
from wgan.cli import making, measuring, terminal
from wgan.cli.help import Group
from wgan.errors import WganError
from wgan.files.printed import drop, say, say_page
from wgan.files.reading import reason, remedy


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="wgan %(version)s", help="Print the version.")
def cli() -> None:
    """Train, measure and explain Wasserstein GANs.

    `wgan COMMAND --help` shows the flags and examples of one command.
    """
    terminal.print_warnings()


def main() -> None:
    """Run the command; a mistake that the user can correct exits with status 2 and one sentence."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a closed stream is None
            stream.reconfigure(errors="backslashreplace")  # the help and the bars have more letters than LANG=C
    at_once = False
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
        message, at_once = str(problem), problem.at_once
    except (MemoryError, RuntimeError, ImportError) as problem:
        # torch says so when memory is short, and the loader of libraries where a limit leaves no room for one
        short = any(words in str(problem) for words in ("allocate", "failed to map"))
        if not (isinstance(problem, MemoryError) or short):
            raise
        message = "there is not enough memory; lower --width, --latent, --batch, --size or the number of samples."
    except OSError as problem:
        message = f"cannot use {problem.filename or 'a file or stdout'} ({reason(problem)}); {remedy(problem)}."
        drop(sys.stdout)
    say("wgan: " + " ".join(message.split()), err=True)
    if at_once:
        with suppress(OSError):
            sys.stdout.flush()
        os._exit(2)
    sys.exit(2)


for one in (making.data, making.presets, making.train, measuring.runs, making.sample, measuring.evaluate,
            measuring.report, measuring.distance, making.export, measuring.study, measuring.lab):  # fmt: skip
    cli.add_command(one)  # in the order of the work, which the help keeps
