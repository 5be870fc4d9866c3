"""What a case of the campaign is, and what can come of it."""

import random
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

GOOD = ("fine", "refused")
CAMPAIGN = "the campaign itself"  # where a fault arose that is none of wgan
FAILURES = {
    "traceback": "an exception that is no WganError",
    "unclear": "a refusal that is not one line, or names neither the file nor what holds it",
    "escape": "a character on the terminal that commands it",
    "hang": "more time than the case is given",
    "memory": "more memory than the limit above the rows",
    "death": "the process ended by a signal that nobody sent",
    "outside": "something was executed, sent, or written where nothing was to be written",
    "wrong": "other bytes than an undisturbed run has, accepted in silence",
    "half": "a file that is neither the old one, nor the new one, nor absent",
    "leftover": "a temporary file that the next run did not clear",
    "lost": "a file of another program was changed or removed",
}


class Case(NamedTuple):
    """One trial. `part`, `format`, `number` and `seed` make it again."""

    part: str
    format: str
    number: int
    seed: int

    @property
    def random(self) -> random.Random:
        """A stream of random numbers that only this case has."""
        return random.Random(f"{self.seed} {self.part} {self.format} {self.number}")

    @property
    def command(self) -> str:
        """The command that repeats it."""
        return (
            f"python -m benchmarks.campaign --only {self.part} --format {self.format} --case {self.number} "
            f"--seed {self.seed}"
        )


class Outcome(NamedTuple):
    """What came of a case: a kind of `GOOD` or `FAILURES`, the sentence, and where it arose, which tells alike ones."""

    kind: str
    words: str = ""
    where: str = ""


class Part(NamedTuple):
    """A part of the campaign: its formats with the cases of a long form each, and a function that runs one case.

    `run(case, room, specimens)` may write into the folder `room`, which is empty, and reads whole files in `specimens`.
    A case that takes longer than `seconds` hangs. `share` is the part of the whole time in which it may begin cases;
    all shares leave room for the last cases.
    """

    formats: dict[str, int]
    run: Callable[[Case, Path, Path], Outcome]
    seconds: float
    share: float


def place_of(fault: BaseException) -> str:
    """The type of an exception and the last line of wgan's code that it passed."""
    frames = [one for one in traceback.extract_tb(fault.__traceback__) if "/wgan/" in one.filename]
    at = f"{frames[-1].filename.split('/wgan/')[-1]}:{frames[-1].name}" if frames else "outside wgan"
    return f"{type(fault).__name__} in {at}"
