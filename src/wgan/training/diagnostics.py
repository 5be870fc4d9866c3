"""What is measured while a run trains, cheaply enough to be always on; `verdicts` says what it means.

Rows, z and mixing weights are drawn once for the run, so that two steps differ in their weights only. Distances are
Euclidean between encoded rows, where pixels lie in [-1, 1] and columns have standard deviation 1.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from wgan.game import step
from wgan.game.arrays import Params
from wgan.game.layers import matrices
from wgan.game.step import Game, State
from wgan.maths import streams

if TYPE_CHECKING:
    from wgan.training.state import Training

ROWS = 256  # samples, and held-out rows, behind a distance
SEARCHED = 2048  # training rows among which a sample's nearest are looked for
NEIGHBOURS = 5  # of a real row, behind the coverage
POINTS = 64  # rows of each kind at which gradients are taken

Record = dict[str, float]


class Probe(NamedTuple):
    """The rows and draws that every measurement of a run shares, and what real rows score in the samples' place.

    `held_out` and `searched` are encoded rows, flattened, [n, d]; `labels` are those of `searched`. Under classes,
    `told` are those of z and of `unseen`; the first of z's are those of `real`.
    """

    z: Any
    real: Any
    unseen: Any
    mix: Any
    told: tuple[Any, Any]
    held_out: np.ndarray
    searched: np.ndarray
    labels: np.ndarray | None
    floor: Record


def prepare(training: "Training") -> Probe:
    """Draw what a run's measurements share; the floors are those of held-out rows, taken for samples."""
    config, dataset, engine = training.config, training.dataset, training.game.engine
    rng = streams.stream(config.seed, "diagnose")

    def some(rows: np.ndarray, most: int) -> np.ndarray:
        return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))

    searched, held_rows = some(training.rows, SEARCHED), some(training.held_out, ROWS)
    labels = None if dataset.labels is None else dataset.labels[searched]
    encoded, unseen = (dataset.form.encode(dataset.rows[rows]) for rows in (searched, held_rows))
    count = min(len(held_rows) or ROWS, ROWS)
    z = rng.standard_normal((count, config.latent), dtype=np.float32)
    mix = rng.random((min(POINTS, count, len(searched)),), dtype=np.float32)
    order = rng.permutation(len(searched))  # as a stored data set may be sorted by label
    width = int(np.prod(dataset.form.encoded_shape))
    flat, held = encoded.reshape(-1, width), unseen.reshape(-1, width)
    floor: Record = {"measured_rows": float(count)}
    if len(held):
        found = _look(held, flat, labels) | _compare(flat[order[: len(held)]], held)
        floor |= {f"{name}_floor": float(value) for name, value in found.items() if not name.startswith("largest")}
    classes, codes = training.classes, training.codes
    told: tuple[Any, Any] = (None, None)
    if classes and codes is not None:
        of_z = np.resize(codes[searched[order]], count)
        told = engine.array(classes.one_hot(of_z)), engine.array(classes.one_hot(codes[held_rows]))
    z, seen, unseen, mix = (engine.array(x) for x in (z, encoded[order[:count]], unseen, mix))
    return Probe(z, seen, unseen, mix, told, held, flat, labels, floor)


def diagnose(probe: Probe, training: "Training") -> Record:
    """What the log of this step is to tell beyond the losses: plain numbers by name, as docs/report.md lists them."""
    game, state = training.game, training.state
    found = game.engine.run(quantities, game, state, probe.z, probe.real, probe.unseen, probe.mix, *probe.told)
    arrays = {name: game.engine.numpy(value).astype(np.float64) for name, value in found.items()}
    fake, sample = (arrays.pop(name).reshape(len(probe.z), -1) for name in ("fake", "sample"))
    if not all(np.isfinite(array).all() for array in (fake, sample, *arrays.values())):
        return {}  # the loop names what is not finite
    record: Record = {}
    if len(probe.held_out):
        record |= _compare(sample, probe.held_out)
        record["generator_w1"] = w1(fake, probe.held_out) if state.average else record["w1"]
        seen, unseen = arrays.pop("seen_score"), arrays.pop("unseen_score")
        record["memorised_score"] = seen.mean() - unseen.mean()
        record["memorised_score_error"] = np.sqrt(seen.var() / len(seen) + unseen.var() / len(unseen))
    for name, value in arrays.items():
        record[name] = value.mean()
    if game.constraint.largest_weight is not None:
        bound = game.constraint.largest_weight * (1 - 1e-6)
        weights = np.concatenate([np.abs(game.engine.numpy(w)).ravel() for w in state.critic.values()])
        record["clipped_weights"] = (weights >= bound).mean()
    record["diversity"] = _spread(sample) / (_spread(probe.held_out if len(probe.held_out) else probe.searched) or 1)
    record |= _look(sample, probe.searched, probe.labels)
    return {name: float(value) for name, value in record.items()} | (probe.floor if training.step == 0 else {})


def quantities(
    game: Game, state: State, z: Any, real: Any, unseen: Any, mix: Any, label: Any = None, unseen_label: Any = None
) -> dict[str, Any]:
    """All that needs the engine, from its arrays to its arrays: rows, scores, and norms of gradients."""
    engine = game.engine
    fake = step.generate(game, state.generator, z, label=label)
    sample = step.generate(game, state.average, z, label=label) if state.average else fake
    found = {"fake": fake, "sample": sample}
    if len(unseen):
        found["seen_score"] = step.score(game, state.critic, real, None if label is None else label[: len(real)])
        found["unseen_score"] = step.score(game, state.critic, unseen, unseen_label)
    count = len(mix)
    real, fake, label = real[:count], fake[:count], None if label is None else label[:count]
    eps = mix.reshape(-1, *[1] * (len(real.shape) - 1))
    for name, rows in (("real", real), ("fake", fake), ("mixed", eps * real + (1 - eps) * fake)):
        slope = engine.input_grad(lambda x: step.score(game, state.critic, x, label), rows).reshape(count, -1)
        found[f"gradient_norm_{name}"] = engine.ops.sqrt((slope * slope).sum(1))
    # Algorithm 1's own losses, with an optimiser that returns the gradient where others return the new weights.
    shown = game._replace(optimiser=_Gradient(), constraint=game.constraint._replace(project=lambda ops, g, layers: g))
    critic = step.critic_step(shown, state, real, fake, mix, 0.0, label)[0].critic
    generator = step.generator_step(shown, state, z[:count], 0.0, 0.0, label)[0].generator
    for name, _ in matrices(game.architecture.critic, critic):
        gradient = critic[name]
        found[f"critic_gradient.{name.removesuffix('.weight')}"] = engine.ops.sqrt((gradient * gradient).sum())
    found["generator_gradient"] = engine.ops.sqrt(sum((g * g).sum() for g in generator.values()))
    return found


class _Gradient:
    """An optimiser whose update is the gradient itself."""

    def init(self, params: Params) -> dict[str, Any]:
        return {}

    def update(self, params: Params, gradient: Params, memory: Any, learning_rate: float) -> Any:
        return gradient, memory


def _look(rows: np.ndarray, searched: np.ndarray, labels: np.ndarray | None) -> Record:
    """Where rows fall among training rows.

    `nearest`: the mean distance to the nearest of them. `copied`: the share of rows for which that is less than a
    third of the distance to the second nearest (Yoon et al. 2023). `classes`: exp of the entropy of the nearest
    rows' labels, the number of classes if all are as frequent; `largest_class`: the label of most, and its share.
    """
    if len(searched) < 3:
        return {}
    distance = distances(rows, searched)
    first, second = np.partition(distance, 1, axis=1)[:, :2].T
    record = {"nearest": first.mean(), "copied": np.mean(first < second / 3)}
    if labels is not None:
        kinds, counts = np.unique(labels[distance.argmin(1)], return_counts=True)
        share = counts / counts.sum()
        record["classes"] = np.exp(-(share * np.log(share)).sum())
        record["largest_class"], record["largest_class_share"] = kinds[share.argmax()], share.max()
    return record


def _spread(rows: np.ndarray) -> float:
    """The mean distance between two different rows."""
    return float(distances(rows, rows).sum() / max(1, len(rows) * (len(rows) - 1)))


def distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Euclidean distances [n, m] of rows [n, d] to rows [m, d], by one matrix product.

    Its rounding, about 1e-3 of a row's length, hides nothing here and makes it a hundred times faster.
    """
    first, second = first.astype(np.float32), second.astype(np.float32)
    squares = (first * first).sum(1)[:, None] + (second * second).sum(1)[None]
    return np.sqrt(np.clip(squares - 2 * first @ second.T, 0, None))


def _compare(sample: np.ndarray, real: np.ndarray) -> Record:
    """`w1`, and `coverage`: the share of real rows that have a sample as near as their fifth nearest real row
    (Naeem et al. 2020)."""
    among = np.sort(distances(real, real), axis=1)  # the first is the row itself
    radius = among[:, min(NEIGHBOURS, len(real) - 1)]
    return {"w1": w1(sample, real), "coverage": np.mean(distances(real, sample).min(1) <= radius)}


def w1(first: np.ndarray, second: np.ndarray) -> float:
    """The exact Wasserstein-1 distance of two samples, rows [n, d], cut to equal size; at most a few hundred."""
    from scipy.optimize import linear_sum_assignment

    cost = distances(first[: len(second)], second[: len(first)])
    return float(cost[linear_sum_assignment(cost)].mean())
