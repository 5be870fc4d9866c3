"""Trains several small runs as one process of a crew: python crew.py OUT ENGINE [CASE ...], started by a launcher."""

import sys
from pathlib import Path

from wgan import Config, train
from wgan.runs import checkpoint
from wgan.training import parallel
from wgan.training.crew import crew_here
from wgan.training.state import flatten, iterate, start

SMALL = {
    "data": "digits", "rows": 128, "width": 8, "batch": 16, "latent": 4, "n_critic": 2, "steps": 3, "shards": 4,
    "log_every": 2, "diagnose_every": 100, "sample_every": 100, "checkpoint_every": 2, "keep": 3, "network": "mlp",
    "depth": 1,
}  # fmt: skip
CASES = {
    "penalty": {"network": "hybrid"},
    "clip": {"constraint": "clip", "optimiser": "rmsprop", "average": 0.0},
    "batch-norm": {"generator_norm": "batch", "generator_batch": 24},
    "critic-batch-norm": {"constraint": "clip", "generator_norm": "batch", "critic_norm": "batch"},
    "labels": {"conditional": "auxiliary", "flip": "horizontal", "dequantise": "uniform"},
    "pairs": {"objective": "relativistic-average", "augment": "translation", "dequantise": "uniform"},
    "exact": {"precision": "float64", "beta1": 0.5, "shards": 8},
}


def config_of(case, engine):
    return Config(engine=engine, **SMALL | CASES[case])


def steps_alone(config, out):
    """The steps without what is measured and drawn beside them, which takes JAX long to compile."""
    training = start(config, crew=crew_here())
    with parallel.together(training):
        for _ in range(config.steps):
            iterate(training)
    if training.crew.leads:
        checkpoint.save(out / "checkpoints", training.step, flatten(training), {})


if __name__ == "__main__":
    out, engine, *asked = sys.argv[1:]
    for case in asked or CASES:
        if engine == "jax":
            steps_alone(config_of(case, engine), Path(out) / case)
        else:
            list(train(config_of(case, engine), out=Path(out) / case))
