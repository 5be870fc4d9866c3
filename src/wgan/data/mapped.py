"""A file whose rows are mapped into memory: whether they are still what was opened."""

import os
import weakref
from pathlib import Path
from typing import IO, Any

from wgan.errors import WganError


class Mapped:
    """A file that rows are a map of, and its size and time when it was opened.

    To read a map beyond the end of a file that was shortened kills the process, and what is written into the file
    changes the rows. A file that another one replaced by its name is still mapped and still the same.
    """

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path, self._descriptor = path, os.dup(file.fileno())
        weakref.finalize(self, os.close, self._descriptor)
        self._stamp = self._now()

    def refuse_changed(self) -> None:
        """Raise WganError if the file was written or shortened since it was opened."""
        if self._now() != self._stamp:
            raise WganError(
                f"{str(self.path)!r} was changed while its rows were in use; put the old file back and run the same "
                "command again, or start a new run with the new file"
            )

    def _now(self) -> tuple[int, int]:
        found = os.fstat(self._descriptor)
        return found.st_size, found.st_mtime_ns

    def __reduce__(self) -> tuple[Any, ...]:
        return type(None), ()  # a copy or a pickle of rows holds the rows themselves, which no file can change
