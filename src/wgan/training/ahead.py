"""Draws of the next step, made in a thread while the engine computes this one."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Ahead:
    """Makes `make(step)` for the step after the one that is taken, one step at a time.

    What is made depends on the step alone, so that the thread changes no number. What the thread raises, `take` raises.
    """

    def __init__(self, make: Callable[[int], Any], until: int):
        self.make, self.until = make, until
        self.thread = ThreadPoolExecutor(1, "draws")
        self.next: tuple[int, Future] | None = None

    def take(self, step: int) -> Any:
        """What was made for this step; if another step was made, this one is made now."""
        ready, self.next = self.next, None
        made = ready[1].result() if ready and ready[0] == step else self.make(step)
        if step + 1 < self.until:
            self.next = step + 1, self.thread.submit(self.make, step + 1)
        return made

    def close(self) -> None:
        """End the thread; what it was making is left."""
        self.thread.shutdown(wait=True, cancel_futures=True)
