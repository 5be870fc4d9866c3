"""Train with the second least-squares GAN of Mao et al. (2017), an objective that wgan does not have."""

import wgan


def critic_loss(ops, real, fake):
    return ((real - 1) * (real - 1)).mean() / 2 + ((fake + 1) * (fake + 1)).mean() / 2


def generator_loss(ops, fake):
    return (fake * fake).mean() / 2


def estimate(ops, real, fake):
    return real.mean() - fake.mean()


least_squares = wgan.objectives.Objective(
    "least-squares-pearson", critic_loss, generator_loss, estimate, estimates="the gap of the scores"
)
points = wgan.data.load("8gaussians")
model = wgan.WGAN(objective=least_squares, constraint="spectral", steps=50, seed=0).fit(points)
print("held-out estimate:", model.records_[-1]["held_out_estimate"])
