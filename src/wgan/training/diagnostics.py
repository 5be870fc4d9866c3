"""The measurements of every run, cheap enough to be always on; `reports.verdicts` explains them.

The rows, z and mixing weights are drawn once for the run, so that two steps differ only in their weights. Distances are
Euclidean between encoded rows, where pixels lie in [-1, 1] and columns have standard deviation 1. `runs.quantities`
describes each number.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from wgan.data import Dataset
from wgan.game import slices, step
from wgan.game.arrays import Params
from wgan.game.layers import matrices
from wgan.game.step import Game, State
from wgan.maths import streams, support, transport
from wgan.maths.exact import LARGEST_POWERED
from wgan.maths.metrics.structure_metrics import most_rows
from wgan.runs import folder
from wgan.runs.quantities import quantity
from wgan.training import calibration, comparison, structure
from wgan.training import frequencies as of_kinds
from wgan.training import given as given_columns
from wgan.training.model import z_shape
from wgan.training.state import Training

ROWS = 256  # the samples, and the held-out rows, of a distance, at most: fewer of large rows, such as volumes
SEARCHED = 2048  # training rows among which the nearest of a sample are looked for
SEARCHED_VALUES = 2**25  # that these rows hold at most, but for at least 64 of them
NEIGHBOURS = 5  # The radius of the coverage is the distance from a real row to this neighbour.
MADE = 0.25  # A kind counts as made from this share of its proportion among the data of the kinds made.
POINTS = 64  # rows of each kind at which gradients are taken

Record = dict[str, float]
Looked = tuple[Record, np.ndarray | None]  # how rows compare with the nearest training rows, and the labels of these


class Probe(NamedTuple):
    """The rows and draws that all measurements of a run share, and the floors: the same numbers for real rows.

    `z`, `real`, `unseen` and `mix` are arrays of the engine: noise, training rows, held-out rows and mixing weights.
    `noise` are the random numbers of the penalty, where it needs some.
    `z_labels` and `unseen_labels` are the conditions of z and of `unseen`, as the players see them, or None in a run
    without one. `real` has the first of `z_labels`. `held_out` and `searched` are encoded rows of NumPy,
    flattened, [n, d]. `searched_labels` are the data's own labels of `searched`, and `held_labels` those of the nearest
    of them to each held-out row. `real_spread` is the mean distance between two real rows. `comparison` is
    what chooses the best checkpoint, or None with too few held-out rows. `given` is what the dependence of samples
    on their conditions is measured with, and `calibrated` what their means and spreads are compared with. `structure`
    is what the structure of samples is compared with, or None for tables, points, pictures and too few held-out rows.
    """

    z: Any
    real: Any
    unseen: Any
    mix: Any
    z_labels: Any
    unseen_labels: Any
    held_out: np.ndarray
    held_labels: np.ndarray | None
    searched: np.ndarray
    searched_labels: np.ndarray | None
    real_spread: float
    comparison: comparison.Comparison | None
    structure: structure.Known | None
    given: given_columns.Known | None
    calibrated: calibration.Truth | None
    floors: Record
    noise: Any = None
    frequencies: of_kinds.Known | None = None


def prepare(training: Training) -> Probe:
    """Draw what the measurements of a run share, and measure the floors with real rows instead of samples."""
    config, dataset, engine = training.config, training.dataset, training.game.engine
    rng = streams.stream(config.seed, "diagnose")

    def at_most(rows: np.ndarray, most: int) -> np.ndarray:
        return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))

    width = int(np.prod(dataset.form.encoded_shape))
    most = min(ROWS, comparison.most_compared(dataset.form))
    searched_rows, held_rows = at_most(training.rows, _searched(width)), at_most(training.held_out, most)
    searched_rows = _with_each_label(searched_rows, training.rows, dataset.labels)
    labels = None if dataset.labels is None else dataset.labels[searched_rows]
    encoded, unseen = (_encoded(dataset, rows) for rows in (searched_rows, held_rows))
    count = len(held_rows) or most
    made = slices.volumes_for(count) if training.game.architecture.noise else count
    z = rng.standard_normal((made, *z_shape(config)), dtype=np.float32)
    mix = rng.random((min(POINTS, count, len(searched_rows)),), dtype=np.float32)
    order = rng.permutation(len(searched_rows))  # A stored data set may be sorted by label.
    if (axis := dataset.axis) is not None:
        order = order[slices.in_turn(axis[searched_rows[order]])]
        mix = mix[: len(order)]
    searched, held_out, held_labels = encoded.reshape(-1, width), unseen.reshape(-1, width), None
    floors: Record = {"measured_rows": float(count)}
    if len(held_out):
        looked, held_labels = _look_up(held_out, searched, labels)
        found = looked | _compare(searched[order[: len(held_out)]], held_out)
        floors |= {floor: float(value) for name, value in found.items() if (floor := quantity(name).floor)}
    classes, codes = training.classes, training.codes
    if labels is not None and held_labels is not None:
        floors["kinds_floor"] = support.support_size(held_labels, most=len(np.unique(labels))).value
    z_labels, unseen_labels = None, None
    if classes and codes is not None:
        codes_of_z = codes[np.resize(searched_rows[order], count)]
        z_labels = engine.array(classes.encode(codes_of_z))
        unseen_labels = engine.array(classes.encode(codes[held_rows]))
    if axis is not None:
        z_labels = engine.array(slices.axes_of(made * slices.PER_VOLUME))
        unseen_labels = engine.array(slices.places(axis[held_rows], slices.AXES))
    z, real, unseen, mix = (engine.array(x) for x in (z, encoded[order[:count]], unseen, mix))
    spread = _spread(held_out if len(held_out) else searched)
    compared = comparison.prepare(training)
    floors |= compared.floors if compared else {}
    formed = structure_of(training, compared, searched_rows[order])
    floors |= formed.floors if formed else {}
    told = given_columns.prepare(training, compared)
    calibrated = calibration.prepare(training, told.condition if told else None)
    known = held_out, held_labels, searched, labels
    noise = None
    if numbers := training.game.constraint.numbers:
        shape = len(mix), numbers(training.game.architecture.critic, dataset.form.encoded_shape)
        noise = engine.array(rng.random(shape, dtype=np.float32))
    probe = Probe(
        z, real, unseen, mix, z_labels, unseen_labels, *known, spread, compared, formed, told, calibrated, floors
    )
    return probe._replace(noise=noise, frequencies=of_kinds.prepare(training))


def _searched(width: int) -> int:
    """The number of training rows of this many values among which the nearest of a sample are looked for."""
    return max(comparison.LEAST, min(SEARCHED, SEARCHED_VALUES // width))


def _encoded(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """Encoded rows, float32, some of them at a time: encoding takes several times their memory."""
    form = dataset.form
    return np.concatenate([form.encode(dataset.rows[rows[block]]) for block in form.blocks(len(rows))])


def structure_of(
    training: Training, compared: comparison.Comparison | None, order: np.ndarray
) -> structure.Known | None:
    """What the structure of samples is compared with: both halves of the held-out rows, and training rows in `order`.

    Pictures are left out: their diagnostics are to stay quick, and `wgan evaluate` measures their structure.
    """
    form, rows = training.dataset.form, training.dataset.rows
    if compared is None or not form.space or form.picture:
        return None
    most = most_rows(form.shape)
    halves = compared.chosen.rows[: most - most // 2], compared.reported.rows[: most // 2]
    real = np.concatenate(halves)
    if max(-float(real.min()), float(real.max())) > LARGEST_POWERED:  # whose spectra float64 cannot hold
        return None
    others = rows[np.sort(order[: min(most, comparison.most_compared(form))])]
    return structure.prepare(real, others, by_axis=training.dataset.apart is None)


def diagnose(
    probe: Probe, training: Training, keep: Callable[[str, structure.Curves], object] = lambda file, curves: None
) -> dict[str, Any]:
    """The diagnostics of this step, as plain numbers and a few words by their names in `QUANTITIES`.

    `keep` receives curves of the samples, where they are measured, and the name of the file that the report reads.
    """
    game, state = training.game, training.state
    inputs = probe.z, probe.real, probe.unseen, probe.mix, probe.z_labels, probe.unseen_labels, probe.noise
    found = game.engine.run(engine_values, game, state, *inputs)
    arrays = {name: game.engine.numpy(value).astype(np.float64) for name, value in found.items()}
    fake, sample = (rows.reshape(len(rows), -1) for rows in (arrays.pop("fake"), arrays.pop("sample")))
    if not all(np.isfinite(array).all() for array in (fake, sample, *arrays.values())):
        return {}  # The loop names the value that is not finite.
    record: Record = {}
    if len(probe.held_out):
        record |= _compare(sample, probe.held_out)
        record["generator_w1"] = _exact_w1(fake, probe.held_out) if state.average else record["w1"]
        seen, unseen = arrays.pop("seen_score"), arrays.pop("unseen_score")
        record["memorised_score"] = seen.mean() - unseen.mean()
        record["memorised_score_error"] = np.sqrt(seen.var() / len(seen) + unseen.var() / len(unseen))
    for name, value in arrays.items():
        record[name] = value.mean()
    if game.constraint.largest_weight is not None:
        bound = game.constraint.largest_weight * (1 - 1e-6)
        weights = np.concatenate([np.abs(game.engine.numpy(w)).ravel() for w in state.critic.values()])
        record["clipped_weights"] = (weights >= bound).mean()
    record["diversity"] = _spread(sample) / (probe.real_spread or 1)
    looked, labels = _look_up(sample, probe.searched, probe.searched_labels)
    record |= looked
    if labels is not None and probe.held_labels is not None and probe.searched_labels is not None:
        most = len(np.unique(probe.searched_labels))
        record |= _kinds(probe.held_labels, labels, most, comparison.confidence(training))
    if probe.comparison:
        samples = comparison.samples_of(probe.comparison, training)
        record |= comparison.compare(probe.comparison, training, samples)
        if probe.given:
            record |= given_columns.compare(probe.given, probe.comparison.features(samples), training.config.seed)
        if probe.structure:
            more, curves = structure.compare(probe.structure, samples)
            record |= more
            keep(folder.STRUCTURE, curves)
        if probe.calibrated:
            keep(folder.CALIBRATION, calibration.compare(probe.calibrated, training, samples))
    numbers = {name: float(value) for name, value in record.items()} | (probe.floors if training.step == 0 else {})
    return numbers | (of_kinds.compare(probe.frequencies, training) if probe.frequencies else {})


def engine_values(
    game: Game,
    state: State,
    z: Any,
    real: Any,
    unseen: Any,
    mix: Any,
    label: Any = None,
    unseen_label: Any = None,
    noise: Any = None,
) -> dict[str, Any]:
    """The rows, scores and norms of gradients, which only the engine can compute, as the engine's arrays."""
    engine = game.engine
    fake = step.seen(game, step.generate(game, state.generator, z, label=label))
    sample = step.seen(game, step.generate(game, state.average, z, label=label)) if state.average else fake
    found = {"fake": fake, "sample": sample}
    if len(unseen):
        found["seen_score"] = step.score(game, state.critic, real, None if label is None else label[: len(real)])
        found["unseen_score"] = step.score(game, state.critic, unseen, unseen_label)
    count = len(mix)
    some, per_volume = (slices.volumes_for(count), slices.PER_VOLUME) if game.architecture.noise else (count, 1)
    label, of_some = (None, None) if label is None else (label[:count], label[: some * per_volume])
    real, fake = real[:count], fake[:count]
    eps = mix.reshape(-1, *[1] * (len(real.shape) - 1))
    for name, rows in (("real", real), ("fake", fake), ("mixed", eps * real + (1 - eps) * fake)):
        slope = engine.input_grad(lambda x: step.score(game, state.critic, x, label), rows).reshape(count, -1)
        found[f"gradient_norm_{name}"] = engine.ops.sqrt((slope * slope).sum(1))
    # These are the losses of Algorithm 1 on unchanged rows; this optimiser returns the gradient, not new weights.
    free = game.constraint._replace(project=lambda ops, g, layers: g)
    shown = game._replace(optimiser=_Gradient(), constraint=free, augment=None)
    critic = step.critic_step(shown, state, real, fake, mix, 0.0, label, None, noise)[0].critic
    beside = real if game.objective.needs_real else None
    generator = step.generator_step(shown, state, z[:some], 0.0, 0.0, of_some, None, None, beside)[0].generator
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


def _with_each_label(rows: np.ndarray, among: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """These rows, and one of each label that they lack, unless there are more than `SEARCHED` labels.

    A sample of a label without a row would be taken for one of another label.
    """
    if labels is None:
        return rows
    kinds, first = np.unique(labels[among], return_index=True)
    if len(kinds) > SEARCHED:
        return rows
    return np.union1d(rows, among[first[~np.isin(kinds, labels[rows])]])


def _kinds(held: np.ndarray, made: np.ndarray, most: int, confidence: float) -> Record:
    """How many of `most` labels the samples show, and the mass of the data whose label they miss, with intervals."""
    missed = support.missing_mass(held, made, MADE, confidence)
    return comparison.named("kinds", support.support_size(made, most=most, confidence=confidence)) | comparison.named(
        "missing_mass", missed
    )


def _look_up(rows: np.ndarray, searched: np.ndarray, labels: np.ndarray | None) -> Looked:
    """How rows compare with their nearest training rows, and the labels of these.

    `nearest` is the mean distance to the nearest training row. `copied` is the share of rows for which this distance is
    less than a third of the distance to the second nearest (Yoon et al. 2023). `classes` is exp of the entropy of the
    nearest rows' labels, which is the number of classes if all are equally frequent. `largest_class` is the most
    frequent label, and `largest_class_share` is its share.
    """
    if len(searched) < 3:
        return {}, None
    distance = distances(rows, searched)
    first, second = np.partition(distance, 1, axis=1)[:, :2].T
    record = {"nearest": first.mean(), "copied": np.mean(first < second / 3)}
    if labels is not None:
        found = labels[distance.argmin(1)]
        kinds, counts = np.unique(found, return_counts=True)
        share = counts / counts.sum()
        record["classes"] = np.exp(-(share * np.log(share)).sum())
        record["largest_class"], record["largest_class_share"] = kinds[share.argmax()], share.max()
        return record, found
    return record, None


def _compare(sample: np.ndarray, real: np.ndarray) -> Record:
    """`w1`; `coverage`, the share of real rows with a sample no farther than their fifth nearest real row (Naeem et al.
    2020); and `precision`, the share of samples that are so near to a real row (Kynkaanniemi et al. 2019)."""
    among = np.sort(distances(real, real), axis=1)  # The first is the row itself.
    radius = among[:, min(NEIGHBOURS, len(real) - 1)]
    between = distances(real, sample)
    return {
        "w1": _exact_w1(sample, real),
        "coverage": np.mean(between.min(1) <= radius),
        "precision": np.mean((between <= radius[:, None]).any(0)),
    }


def _exact_w1(first: np.ndarray, second: np.ndarray) -> float:
    """The exact Wasserstein-1 distance of two samples; the larger is cut to the size of the smaller."""
    return transport.w1(first[: len(second)], second[: len(first)], method="exact").value


def _spread(rows: np.ndarray) -> float:
    """The mean distance between two different rows, in float64."""
    from scipy.spatial.distance import pdist

    return float(pdist(rows).mean()) if len(rows) > 1 else 0.0


def distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Approximate Euclidean distances [n, m] from rows [n, d] to rows [m, d], to find the nearest rows.

    They come from one matrix product in float32, which is a hundred times faster. A distance is off by up to about
    1e-3 of the length of a row, so the distance of two equal rows need not be 0. W1 and the diversity do not use it.
    """
    first, second = first.astype(np.float32), second.astype(np.float32)
    squares = (first * first).sum(1)[:, None] + (second * second).sum(1)[None]
    return np.sqrt(np.clip(squares - 2 * first @ second.T, 0, None))
