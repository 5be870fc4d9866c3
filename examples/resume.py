"""Stop a training in the middle and continue: the result has the same bytes."""

import numpy as np

import wgan

config = wgan.Config(data="8gaussians", network="mlp", width=32, steps=40, log_every=10, checkpoint_every=10, seed=0)
for record in wgan.train(config, out="runs/stopped"):
    if record["step"] == 20:
        break  # as after Ctrl-C, or kill -9
for record in wgan.train(config, out="runs/stopped"):  # the same call continues from the last checkpoint
    print(record["step"], record["held_out_estimate"])

list(wgan.train(config, out="runs/whole"))
stopped, whole = (wgan.load(f"runs/{name}").sample(100, seed=1) for name in ("stopped", "whole"))
assert np.array_equal(stopped, whole)
