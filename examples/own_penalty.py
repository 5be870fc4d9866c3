"""Train with the R1 penalty of Mescheder et al. (2018), a constraint that wgan does not have."""

import wgan


def r1(engine, score, real, fake, mix):
    """Half of the mean squared gradient at real rows; the second number is the mean norm, for the log."""
    slope = engine.input_grad(score, real).reshape(len(real), -1)
    squared = (slope * slope).sum(1)
    return 0.5 * squared.mean(), engine.ops.sqrt(squared + 1e-12).mean()


points = wgan.data.load("8gaussians")
penalty = wgan.constraints.Constraint("r1", penalty=r1)
model = wgan.WGAN(objective="non-saturating", constraint=penalty, steps=50, seed=0).fit(points)
print("penalty:", model.records_[-1]["penalty"])
