"""Train with a penalty on slopes above 2 at real rows, a constraint that wgan does not have."""

import wgan


def steep(engine, score, real, fake, mix):
    """Five times the mean square of what a slope is above 2; the second number is the mean norm, for the log."""
    slope = engine.input_grad(score, real).reshape(len(real), -1)
    norm = engine.ops.sqrt((slope * slope).sum(1) + 1e-12)
    excess = engine.ops.relu(norm - 2)
    return 5.0 * (excess * excess).mean(), norm.mean()


points = wgan.data.load("8gaussians")
penalty = wgan.constraints.Constraint("steep", penalty=steep)
model = wgan.WGAN(objective="non-saturating", constraint=penalty, steps=50, seed=0).fit(points)
last = model.records_[-1]
print("mean slope:", last["gradient_norm"], "penalty, 0 if no slope is above 2:", last["penalty"])
