"""Train on JAX, and continue from the same checkpoint on PyTorch. Needs the extra jax."""

import wgan

config = wgan.Config(data="8gaussians", network="mlp", width=32, steps=20, log_every=10, engine="jax", seed=0)
for record in wgan.train(config, out="runs/points"):
    print("jax", record["step"], record["held_out_estimate"])

model = wgan.load("runs/points").set_params(engine="torch")
print("torch draws from the run of jax:", model.sample(3, seed=1))
