"""How many critic steps a step has, and the rates of both players in it."""

import math

PLAYERS = ("critic", "generator")  # each may have its own value of SHARED, in the field PLAYER_NAME
SHARED = ("learning_rate", "beta1", "beta2")


class Schedule:
    """What a `Config` says of each step; the annotations are fields of `Config`."""

    steps: int
    n_critic: int
    warm_up: int
    warm_up_every: int
    warm_up_critic: int
    learning_rate_warm_up: int
    decay: str
    average: float

    def critic_steps(self, step: int) -> int:
        """The number of critic steps before the generator's in step `step`, which counts from 0."""
        warm = step < self.warm_up or (self.warm_up_every > 0 and step % self.warm_up_every == 0)
        return self.warm_up_critic if warm else self.n_critic

    def critic_steps_before(self, step: int) -> int:
        """The number of critic steps in all steps before `step` together."""
        first = min(step, self.warm_up)
        every = self.warm_up_every
        later = math.ceil(step / every) - math.ceil(first / every) if every else 0
        return self.n_critic * step + (self.warm_up_critic - self.n_critic) * (first + later)

    def of_player(self, name: str, player: str) -> float:
        """The player's own value of one of SHARED, or the value of both players."""
        own = getattr(self, f"{player}_{name}")
        return getattr(self, name) if own is None else own

    def learning_rate_at(self, step: int, steps: int | None = None, player: str = "critic") -> float:
        """The learning rate of a player during `step` of a run of `steps` steps, by default those of the config."""
        last, first = self.steps if steps is None else steps, self.of_player("learning_rate", player)
        if step + 1 < self.learning_rate_warm_up:
            first *= (step + 1) / self.learning_rate_warm_up
        if self.decay == "cosine":
            return first * (1 + math.cos(math.pi * step / last)) / 2
        return first * (1 - step / last if self.decay == "linear" else 1.0)

    def has_two_rates(self) -> bool:
        """Whether the players have different learning rates."""
        critic, generator = (self.of_player("learning_rate", player) for player in PLAYERS)
        return critic != generator

    def betas(self, player: str) -> tuple[float, float]:
        """The decay rates of the mean gradient and of the mean squared gradient of a player."""
        return self.of_player("beta1", player), self.of_player("beta2", player)

    def average_at(self, step: int) -> float:
        """The decay rate of the average during `step`: low at first, so that the average forgets initial weights."""
        return min(self.average, (1 + step) / (10 + step))
