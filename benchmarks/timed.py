"""A training that takes so many seconds of processor time."""

import time

from wgan.config import Config
from wgan.data import Dataset
from wgan.training.model import Model
from wgan.training.state import iterate, losses, model_of, start

FIRST, TRIED = 4, 20  # steps before the clock is read, since the first ones take longer, and steps that tell the speed


def trained(config: Config, dataset: Dataset, seconds: float) -> tuple[Model, int, float]:
    """The model after the steps that fit into so many seconds, their number, and the seconds that it took in all."""
    began, trial = time.process_time(), start(config, dataset)
    for _ in range(FIRST):
        iterate(trial)
    losses(trial)  # waits for the engine
    before = time.process_time()
    for _ in range(TRIED):
        iterate(trial)
    losses(trial)
    each = (time.process_time() - before) / TRIED
    steps = max(1, int((seconds - (time.process_time() - began)) / each))
    run = start(config.replace(steps=steps), dataset)
    while run.step < steps:
        iterate(run)
    return model_of(run), steps, time.process_time() - began
