"""Measure a run: samples against held-out rows, each number beside its floor and what it estimates."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import numpy as np

from wgan import __version__, data
from wgan.config import Config
from wgan.data import Dataset, Form
from wgan.data.columns import TableForm
from wgan.data.conditions import Columns
from wgan.data.labels import Classes
from wgan.errors import WganError, setting, shorter, unknown_name
from wgan.evaluation import features
from wgan.evaluation.features import FRECHET_ROWS, SAMPLES, Features
from wgan.evaluation.frequencies import frequencies_of
from wgan.evaluation.given import given_sets
from wgan.evaluation.structure import structure_sets
from wgan.evaluation.table_metrics import TABLE_METRICS, TableSets, baseline
from wgan.files import records
from wgan.files.memory import refuse_more_than_free
from wgan.files.printed import amount
from wgan.files.records import Whole
from wgan.game.networks import Architecture
from wgan.maths import metrics, streams
from wgan.maths.exact import whole_number
from wgan.maths.metrics import METRICS, Measurement, Metric, Sets
from wgan.maths.metrics.conditional import CONDITION_METRICS
from wgan.maths.metrics.structure_metrics import STRUCTURE_METRICS, most_rows
from wgan.reports.proven import Frequencies
from wgan.runs import folder as runs
from wgan.training.model import Model, load_model, sample_codes, sample_seen

EVALUATION = "evaluation.json"
COPIES = 3  # of all features in float64: the features, and what a metric computes from them
ALL_METRICS = METRICS | TABLE_METRICS | STRUCTURE_METRICS | CONDITION_METRICS
HALVES = "training rows, since the run held none out: samples that copy them score well"

Note = Callable[[str], None]
Evaluation = dict[str, Any]


class Protocol(TypedDict):
    """How an evaluation was made, as `words` reads it."""

    data: str
    samples: Whole
    seed: Whole
    real_rows: Whole
    against: str
    features_text: str
    floor: str
    frechet: NotRequired[str]
    structure: NotRequired[str]
    predicted: NotRequired[str]
    fewer_samples: NotRequired[str]
    frequencies: NotRequired[dict[str, Frequencies]]


class AlongAxis(TypedDict):
    """A metric along one axis of space."""

    value: float
    error: float | None
    floor: float
    floor_error: float | None


class Entry(TypedDict):
    """A metric of an evaluation, as `words` reads it."""

    title: str
    better: str
    estimates: str
    value: float
    error: float | None
    p_value: float | None
    floor: float
    floor_error: NotRequired[float | None]
    interval: NotRequired[tuple[float, float] | None]
    floor_interval: NotRequired[tuple[float, float] | None]
    unit: NotRequired[str]
    by_axis: NotRequired[list[AlongAxis]]


class Saved(TypedDict):
    """What evaluation.json holds."""

    step: Whole
    steps: Whole
    finished: bool
    protocol: Protocol
    metrics: dict[str, Entry]
    lacking: dict[str, str]


def evaluate(
    run: str | Path,
    samples: int | None = None,
    features: str | Callable[[np.ndarray], Any] = "auto",
    seed: int = 0,
    dataset: Dataset | None = None,
    target: str | None = None,
    note: Note = lambda text: None,
    network: Architecture | None = None,
    step: str | int | None = None,
) -> Evaluation:
    """Measure a checkpoint of a run folder, by default the newest, write evaluation.json there, and return its content.

    The samples, at most as many as there are training rows, are compared with the rows that the run held out. For the
    floor, as many training rows take the samples' place. The Frechet distance has its own numbers of rows, so that
    runs can be compared: see `frechet_rows`. None for `samples` is 10,000, or 50,000 for the Inception network.
    `features` is a name in FEATURES, "inception:FILE", or a function from rows at rest [n, ...] to [n, d]. `dataset`
    replaces the data that config.json names, for a run that was fitted to an array. `target` is the column of a table
    to predict from the others, by default the last that varies. `note` receives the progress. `network` is the run's
    network if it is one of your own. `step` chooses the checkpoint: "latest", "best" or the number of a step. Raises
    WganError if the run cannot be read, if its data are missing or have changed, or if no
    metric has enough rows.
    """
    run = Path(run)
    model = load_model(run, step, network=network)
    if isinstance(model.form, TableForm):
        _target_index(model.form, target)  # before the data are read
    dataset, train, held_out = rows_of(run, model.config, dataset)
    report = evaluate_model(model, dataset, train, held_out, samples, features, seed, target, note)
    runs.write(run, EVALUATION, report)
    return report


def rows_of(run: Path, config: Config, dataset: Dataset | None = None) -> tuple[Dataset, np.ndarray, np.ndarray]:
    """The data of a run, with the indices of its training and held-out rows as `train` chose them.

    Raises WganError if the data are missing or are not the data that the run was trained on.
    """
    try:
        dataset = data.cropped(config, dataset) if dataset else data.dataset_of_run(config, run)
    except WganError as problem:
        raise WganError(
            f"the data of {run} cannot be read ({problem}); put them back to evaluate it, or compare rows that you "
            "have with samples: --real DATA --fake SAMPLES, or wgan.evaluate(rows, samples) in Python."
        ) from None
    saved = (runs.read_config(run).get("data") or {}).get("sha256")
    if saved != data.sha256_of(dataset):
        raise WganError(f"{dataset.source or dataset.name} holds other rows than {run} was trained on; put those back.")
    return dataset, *data.split(dataset, config.held_out, config.rows, config.seed)


def evaluate_model(
    model: Model,
    dataset: Dataset,
    train: np.ndarray,
    held_out: np.ndarray,
    samples: int | None = None,
    chosen: str | Callable[[np.ndarray], Any] = "auto",
    seed: int = 0,
    target: str | None = None,
    note: Note = lambda text: None,
) -> Evaluation:
    """What `evaluate` returns, for a model and its data; `data.split` gives the indices `train` and `held_out`."""
    samples = None if samples is None else whole_number(samples, "samples")
    refuse_target(dataset, target)
    order = streams.stream(seed, "evaluate")
    train, held_out = order.permutation(train), order.permutation(held_out)
    with_held_out = len(held_out) > 0  # without held-out rows no copies can be found
    if not with_held_out:
        held_out, train = train[: len(train) // 2], train[len(train) // 2 :]
    seen = features.resolve(chosen, dataset, train, note)
    asked_for, samples = samples, samples or seen.samples
    count = min(samples, len(train), SAMPLES if seen.against_all else samples)

    if not seen.against_all:
        held_out = held_out[:count]
    drawn = samples if seen.against_all else count
    note(amount(drawn, "sample"))
    rows = sample_seen(model, drawn, seed)
    asked = (
        sample_codes(model, drawn, seed) if isinstance(model.classes, Classes) and seen.name == "classifier" else None
    )
    labels = None if asked is None else asked[:count]
    found, lacking, about = compare(dataset, rows, train, held_out, seen, with_held_out, labels, target, seed, note)
    if isinstance(model.classes, Columns):
        told = sample_codes(model, drawn, seed)
        assert told is not None
        of_samples, of_rows = given_sets(model, dataset, train, held_out, rows[:count], told[:count], seen, seed)
        more = _measurements(CONDITION_METRICS, of_samples, of_rows, seen, note)
        found, lacking = more[0] | found, more[1] | lacking
    if not found:
        raise WganError(f"{least_lacking(lacking)} Raise {setting('samples')}, or hold more rows out.")
    protocol = {
        "data": dataset.name,
        "samples": count,
        "seed": seed,
        "real_rows": min(len(held_out), SAMPLES) if seen.against_all else len(held_out),
        "against": "held-out rows" if with_held_out else HALVES,
        "training_rows": len(train),
        "floor": f"{amount(count, 'training row')} in the samples' place",
        **about,
    }
    if asked_for is not None and asked_for > count and not seen.against_all:
        protocol["fewer_samples"] = f"{asked_for:,} were asked for, but the floor has only {count:,} training rows"
    finished = model.step >= model.config.steps
    head = {"step": model.step, "steps": model.config.steps, "finished": finished}
    return {**head, "protocol": protocol, "metrics": found, "lacking": lacking}


def compare(
    dataset: Dataset,
    samples_at_rest: np.ndarray,
    train: np.ndarray,
    held_out: np.ndarray,
    seen: Features,
    seen_in_training: bool,
    sample_labels: np.ndarray | None = None,
    target: str | None = None,
    seed: int = 0,
    note: Note = lambda text: None,
) -> tuple[Evaluation, dict[str, str], dict[str, Any]]:
    """All metrics of samples against held-out rows, the sentences of those that have too few, and part of a protocol.

    `train` and `held_out` are indices of rows of `dataset` in random order. As many of the first as there are samples
    give the floor. Copies of these rows are counted if the generator has `seen_in_training` them. `sample_labels`
    are the classes that the samples are to have. Where the Frechet distance is `against_all` rows, it takes all
    samples, and the other metrics at most 10,000.
    """
    refuse_target(dataset, target)
    made = _finite_features(seen, dataset.form, samples_at_rest, np.arange(len(samples_at_rest)), "samples")
    count = min(len(samples_at_rest), len(train), SAMPLES) if seen.against_all else len(samples_at_rest)
    rows = len(train) + len(held_out) + (len(samples_at_rest) if seen.against_all else 0)
    refuse_more_than_free(
        COPIES * 8 * made[0].shape[1] * rows,
        f"comparing the features {seen.name} of {rows:,} rows",
        f"use {setting('features', 'pca')}, or a data set of fewer rows",
    )
    note(f"features of {len(train) + len(held_out):,} real rows")
    known, real = (_finite_features(seen, dataset.form, dataset.rows, at, "rows") for at in (train, held_out))
    pair, floor_pair, compared = frechet_rows(seen, real[0], made[0], known[0], count)
    if seen.against_all:
        made, real = _first(made, count), _first(real, SAMPLES)
        held_out = held_out[:SAMPLES]
    modes = _modes(dataset, seen, known[0], train)
    of_rows = None if sample_labels is None else data.classes_of(dataset)[1][train[:count]]
    sets = Sets(real[0], made[0], known[0] if seen_in_training else None, real[1], made[1], modes, sample_labels, pair)
    of_known = None if known[1] is None else known[1][:count]
    floor = Sets(real[0], known[0][:count], None, real[1], of_known, modes, of_rows, floor_pair)

    found, lacking = _measurements(METRICS, sets, floor, seen, note)
    about = compared | _features_protocol(seen, dataset)
    classes = None if real[1] is None or made[1] is None else (real[1], made[1])
    all_real = np.concatenate([train, held_out])
    about["frequencies"] = frequencies_of(dataset, samples_at_rest, all_real, classes)
    if isinstance(dataset.form, TableForm):
        predicted = _target_index(dataset.form, target)
        about["target"] = dataset.form.columns[predicted].name
        of_train, of_held_out = dataset.rows[train], dataset.rows[held_out]
        known_rows = of_train if seen_in_training else None
        about["predicted"] = _predicted(dataset.form, of_held_out, of_train[:count], predicted, target)
        of_table = TableSets(dataset.form, of_held_out, samples_at_rest, known_rows, predicted, seed)
        more = _measurements(TABLE_METRICS, of_table, replace(of_table, fake=of_train[:count], train=None), seen, note)
        found, lacking = more[0] | found, more[1] | lacking
    if len(dataset.form.shape) > 1:  # rows with axes of space
        most = most_rows(dataset.form.shape)
        formed = structure_sets(dataset, samples_at_rest[:count], train[:count], held_out, most)
        more = _measurements(STRUCTURE_METRICS, *formed, seen, note)
        found, lacking = found | more[0], lacking | more[1]
        if most < max(count, len(held_out)):
            about["structure"] = f"spectra and the like: the first {most:,} rows of each set"
    return found, lacking, about


Pair = tuple[np.ndarray, np.ndarray]


def frechet_rows(
    seen: Features, held_out: np.ndarray, made: np.ndarray, train: np.ndarray, count: int
) -> tuple[Pair, Pair, dict[str, str]]:
    """What the Frechet distance compares, what its floor compares, and a sentence about both for the protocol.

    All arguments are features. The first `FRECHET_ROWS` samples are compared with as many held-out rows, because the
    distance is biased upward by an amount that depends on these numbers. The floor has at most `count` rows. Features
    that are compared `against_all` rows have the papers' protocol: all samples against all real rows. The floor of
    that protocol compares two halves of the real rows.
    """
    if not seen.against_all:
        real, fake, known = held_out[:FRECHET_ROWS], made[:FRECHET_ROWS], train[: min(count, FRECHET_ROWS)]
        text = f"{len(fake):,} samples against {len(real):,} real rows; floor: {len(known):,} other real rows"
        return (real, fake), (real, known), {"frechet": text}
    everything = np.concatenate([train, held_out])
    order = streams.stream(0, "halves").permutation(len(everything))
    first, second = np.array_split(everything[order], 2)
    text = (
        f"{len(made):,} samples against all {len(everything):,} real rows, as in the papers; floor: two halves of the "
        f"real rows, {len(first):,} and {len(second):,}, whose upward bias is larger"
    )
    return (everything, made), (first, second), {"frechet": text}


def _modes(dataset: Dataset, seen: Features, known: np.ndarray, train: np.ndarray) -> metrics.Modes | None:
    """The modes of labelled points, by the features [n, d] of training rows; None for all other rows."""
    if dataset.form.kind != "points" or dataset.labels is None or seen.name != "rows":
        return None
    return metrics.modes_of(known, dataset.labels[train])


def _features_protocol(seen: Features, dataset: Dataset) -> dict[str, Any]:
    """The part of the protocol that describes the features."""
    return {
        "features": seen.name,
        "features_text": seen.text,
        "features_sha256": seen.sha256,
        "classifier_accuracy": seen.accuracy,
        "label_names": list(dataset.label_names),
        "wgan": __version__,
    }


def _finite_features(
    seen: Features, form: Form, rows: np.ndarray, chosen: np.ndarray, what: str
) -> tuple[np.ndarray, np.ndarray | None]:
    """The features and the class probabilities of the chosen ones of rows at rest, some of them at a time.

    So only some rows need to be in memory. Raises WganError for features that are not finite.
    """
    parts = [seen.extract(rows[chosen[block]]) for block in form.blocks(len(chosen))]
    features, odds = zip(*parts, strict=True)
    extracted, probabilities = np.concatenate(features), None if odds[0] is None else np.concatenate(odds)
    bad = ~np.isfinite(extracted).all(1)
    if bad.any():
        raise WganError(
            f"{bad.sum():,} of {len(chosen):,} {what} have features {seen.name} that are NaN or infinite; "
            "choose other features."
        )
    return extracted, probabilities


def _first(seen: tuple[np.ndarray, np.ndarray | None], count: int) -> tuple[np.ndarray, np.ndarray | None]:
    """The features and the class probabilities of the first rows."""
    return seen[0][:count], None if seen[1] is None else seen[1][:count]


def _predicted(form: TableForm, real: np.ndarray, train: np.ndarray, at: int, target: str | None) -> str:
    """A sentence on the column that "train on samples" predicts, and on what a guess without a model scores."""
    column = form.columns[at]
    name = f"it predicts {shorter(str(column.name), 60)!r}"
    chosen = (
        name
        if target is not None
        else f"{name}, the last column that varies ({setting('target', 'NAME')} takes another)"
    )
    score = baseline(form, real, train, at)
    if score is None:
        return chosen
    guess, unit = ("commonest value", "accuracy") if column.kind == "levels" else ("mean", "R^2")
    return f"{chosen}; the {guess} of real rows alone has the {unit} {round(score, 3) + 0.0:g}"


def refuse_target(dataset: Dataset, target: str | None) -> None:
    """Raise WganError for a target that is no column of the data, or none that varies."""
    if target is not None and not isinstance(dataset.form, TableForm):
        raise WganError(f"target is for tables with named columns, and {dataset.name} has none; leave it out.")
    if isinstance(dataset.form, TableForm):
        _target_index(dataset.form, target)


def _target_index(form: TableForm, name: str | None) -> int:
    """The index of the column to predict: the named one, or the last that varies."""
    varying = {str(column.name): at for at, column in enumerate(form.columns) if column.varies}
    if name is not None and name not in varying:
        raise unknown_name("target", name, varying)
    return varying[name] if name is not None else max(varying.values())


def _measurements(
    table: dict[str, Metric], sets: Any, floor: Any, seen: Features, note: Note
) -> tuple[Evaluation, dict[str, str]]:
    """The measurements of all metrics that apply, and a sentence for each metric that has too few rows."""
    found: Evaluation = {}
    lacking: dict[str, str] = {}
    measured = {name: metric for name, metric in table.items() if metric.applies(sets)}
    if measured:
        note(f"{len(measured)} metrics, from {next(iter(measured.values())).title} on")
    for name, metric in measured.items():
        title = seen.titles.get(name, metric.title)
        try:
            value = metrics.measurement(name, sets, table)
            least = Measurement(value.floor) if value.floor is not None else metrics.measurement(name, floor, table)
        except WganError as problem:
            lacking[name] = str(problem)
            continue
        if text := _says_nothing(name, value, sets) or _says_nothing(name, least, floor):
            lacking[name] = text
            continue
        entry = {"title": title, "better": metric.better, "estimates": metric.estimates, "unit": metric.unit}
        of_floor = {"floor": least.value, "floor_error": least.error, "floor_interval": least.interval}
        found[name] = entry | value._asdict() | of_floor
        if metric.along and sets.axes:
            try:
                found[name]["by_axis"] = _by_axis(metric.along, sets, floor)
            except WganError as problem:
                lacking[f"{title}, by axis"] = str(problem)
    return found, lacking


def _says_nothing(name: str, value: Measurement, sets: Any) -> str:
    """Why a share says nothing, in words: its interval is all of [0, 1]; "" for any other measurement."""
    if value.interval is None or value.interval[1] - value.interval[0] < 1:
        return ""
    times = math.ceil((2 * metrics.NORMAL * (value.error or 0)) ** 2)
    return (
        f"{name} needs about {max(2, times)} times as many samples and real rows; with {len(sets.fake):,} and "
        f"{len(sets.real):,} its 95 % interval is 0 to 100 %."
    )


def _by_axis(along: Callable[[Any, int], Measurement], sets: Any, floor: Any) -> list[AlongAxis]:
    """A metric along each axis of space, with its floor."""
    found: list[AlongAxis] = []
    for axis in range(sets.axes.fake.shape[1]):
        one, least = along(sets, axis), along(floor, axis)
        found.append({"value": one.value, "error": one.error, "floor": least.value, "floor_error": least.error})
    return found


def least_lacking(lacking: dict[str, str]) -> str:
    """Why the metric with the fewest rows has too few, as a sentence; `lacking` has one for each metric."""
    name = min(lacking, key=lambda name: ALL_METRICS[name].least)
    return f"{ALL_METRICS[name].title}{lacking[name].removeprefix(name)}"


def read(run: str | Path) -> Evaluation | None:
    """The evaluation.json of a run; None if there is none, it cannot be read or an earlier version wrote it."""
    try:
        return records.read_json(Path(run) / EVALUATION, Saved, "make it again", parse=records.parsed_with_more)
    except WganError:
        return None
