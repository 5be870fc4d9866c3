"""Measure samples made by anything: two sets of rows, with all metrics and floors and without a run."""

import hashlib
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from wgan import data
from wgan.data import Dataset, Form
from wgan.data.arrays import from_array
from wgan.data.columns import TableForm
from wgan.data.frames import is_frame
from wgan.data.numpy_files import read_numpy
from wgan.data.space_form import BYTES, SIGNED, UNIT
from wgan.data.table import to_frame
from wgan.errors import WganError, a_kind, setting
from wgan.evaluation import features as all_features
from wgan.evaluation.evaluate import Evaluation, Note, compare, least_lacking, refuse_target
from wgan.evaluation.features import SAMPLES
from wgan.evaluation.in_words import filled, table_in_words
from wgan.evaluation.together import Ways, frame_of, tables_together
from wgan.files.memory import refuse_more_than_free
from wgan.files.printed import amount, page
from wgan.maths.exact import as_float64, refuse_unplain, whole_number
from wgan.maths.streams import stream

Source = Any  # an array, a DataFrame, a Dataset, a path or the name of a data set
LEAST = 4  # real rows, and rows to train on: two on each side


def evaluate(
    real: Source,
    fake: Source = None,
    *,
    train: Source | None = None,
    samples: int | None = None,
    features: Any = "auto",
    target: str | None = None,
    seed: int = 0,
    size: int | None = None,
    drop: str | None = None,
    column: Any = None,
    kind: str = "auto",
    note: Note = lambda text: None,
) -> Evaluation:
    """Measure samples `fake` against rows `real`, each number beside its floor; returns what evaluation.json holds.

    Both are arrays, DataFrames, Datasets, names of data sets, or paths of a folder of images or of a .npy, .npz, .csv
    or .parquet file. Arrays of images and of rows are read as `fit` reads them, and `fake` in the form of `real`. The
    real rows are split into two halves at random, by `seed`. The samples are compared with one half. For the floor, as
    many rows of the other half take the samples' place. `train` are the rows that the generator was trained on, if
    these are not the rows of `real`. With `train`, the samples are compared with all real rows, training rows give the
    floor, and copies of training rows are counted. At most `samples` samples are compared. `features` and `target` are
    as for a run; `size` scales images in folders. `drop`, `column` and `kind` are as in `train` and say how all sets
    are read. Raises WganError for what cannot be read or compared, or if no metric has enough rows.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> found = evaluate(rng.normal(size=(400, 2)), rng.normal(size=(200, 2)) + 3)
        >>> found["metrics"]["energy_distance"]["value"] > 3 > found["metrics"]["energy_distance"]["floor"]
        True
    """
    if fake is None:
        raise WganError(
            "evaluate compares two sets of rows, real and fake, and fake is not given; give samples, such as "
            "model.sample(1000). The command wgan evaluate RUN measures a run."
        )
    samples = None if samples is None else whole_number(samples, "samples")
    given = {"real": real, "fake": fake} | ({} if train is None else {"train": train})
    ways = Ways(drop, column, kind)
    ways.refuse_unknown(given.values())
    dealt = _deal({name: _read(one, name, size, ways) for name, one in given.items()}, seed, ways, target)
    seen = all_features.resolve(features, dealt.dataset, dealt.known, note)
    samples = samples or seen.samples
    made, held_out = _as_many(dealt, samples, seen.against_all, seed)
    note(amount(len(made), "sample"))
    remarks = [*dealt.remarks, *(_the_same(dealt) or _copies_of_real(dealt.real, made))]
    found, lacking, about = compare(
        dealt.dataset, made, dealt.known, held_out, seen, train is not None, target=target, seed=seed, note=note
    )
    count = min(len(made), len(dealt.known), SAMPLES) if seen.against_all else len(made)
    if not found:
        raise WganError(f"{least_lacking(lacking)} Give more rows.")
    protocol = {
        "real": _name(real),
        "fake": _name(fake),
        "train": None if train is None else _name(train),
        "samples": count,
        "seed": seed,
        "real_rows": min(len(held_out), SAMPLES),
        "against": "rows of one half of the real rows, at random" if train is None else "real rows",
        "training_rows": 0 if train is None else len(dealt.known),
        "floor": f"{count:,} {'rows of the other half' if train is None else 'training rows'} in the samples' place",
        "remarks": remarks,
        **about,
    }
    if count < min(samples, len(dealt.samples)) and not seen.against_all:
        protocol["fewer_samples"] = f"there are {len(dealt.samples):,}, but the floor has only {count:,} rows"
    return {"protocol": protocol, "metrics": found, "lacking": lacking}


class _Dealt(NamedTuple):
    """All samples, and the real rows dealt out: indices of rows of `dataset` for the floor and held out."""

    dataset: Dataset
    real: np.ndarray
    samples: np.ndarray
    known: np.ndarray
    held_out: np.ndarray
    remarks: list[str]
    train: np.ndarray | None = None


def _deal(read: "dict[str, _Given]", seed: int, ways: Ways, target: str | None) -> _Dealt:
    dataset, rows, remarks = _alike(read, ways)
    refuse_target(dataset, target)
    for name, part in rows.items():
        if name != "fake" and len(part) < LEAST:
            raise WganError(f"{name} has {amount(len(part), 'row')}; give at least {LEAST}.")
    order = stream(seed, "evaluate").permutation(len(rows["real"]))
    held_out, known = order[: len(order) // 2], order[len(order) // 2 :]
    if "train" in rows:
        held_out = order
        known = len(order) + stream(seed, "evaluate", 1).permutation(len(rows["train"]))
        dataset = _with_rows(dataset, rows["train"], read["train"].dataset)
    return _Dealt(dataset, rows["real"], rows["fake"], known, held_out, remarks, rows.get("train"))


def _as_many(dealt: _Dealt, samples: int, against_all: bool, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The samples and the held-out rows that are compared, at random where there are more.

    Without `against_all` there are at most as many samples as rows for the floor.
    """
    made, order = dealt.samples, stream(seed, "evaluate", 2).permutation(len(dealt.samples))
    if against_all:  # most metrics use only the first rows, so the order is random
        return made[order[:samples]], dealt.held_out
    count = min(samples, len(made), len(dealt.known))
    return made if count == len(made) else made[np.sort(order[:count])], dealt.held_out[:SAMPLES]


def _the_same(dealt: _Dealt) -> list[str]:
    """A remark for each two of the sets that hold the same rows in the same order."""
    remarks = []
    form = dealt.dataset.form
    if _equal(dealt.samples, dealt.real, form):
        remarks.append("the samples and the real rows are the same rows, so there is nothing to tell apart")
    if dealt.train is not None and _equal(dealt.train, dealt.real, form):
        remarks.append(
            "the training rows and the real rows are the same rows, so the floor compares a set with itself and copies "
            "cannot be found; name other rows as real rows"
        )
    if dealt.train is not None and _equal(dealt.train, dealt.samples, form):
        remarks.append("the samples and the training rows are the same rows, so the generator made nothing new")
    return remarks


def _equal(one: np.ndarray, other: np.ndarray, form: Form) -> bool:
    """Whether two arrays of rows at rest are the same, some rows at a time, since they may be larger than memory."""
    blocks = form.blocks(len(one))
    return one.shape == other.shape and all(np.array_equal(one[at], other[at], equal_nan=True) for at in blocks)


def _copies_of_real(real: np.ndarray, fake: np.ndarray) -> list[str]:
    """A remark where more samples equal a real row than real rows do, beyond four standard errors."""
    of_real, counts = np.unique(_marks(real), return_counts=True)
    twins = int(counts[counts > 1].sum())
    natural = (twins + 1) / (len(real) + 2)  # never 0 or 1 of a few rows
    equal = int(np.isin(_marks(fake), of_real).sum())
    if equal - len(fake) * natural <= 4 * np.sqrt(len(fake) * natural * (1 - natural) * (1 + len(fake) / len(real))):
        return []
    return [
        f"{equal:,} of the {len(fake):,} samples equal a real row, and {twins:,} of {len(real):,} real rows equal "
        "another one; if samples copy the rows that they are compared with, they look better than new rows do"
    ]


def _marks(rows: np.ndarray) -> np.ndarray:
    """A short mark of each row that equal rows have in common, as numbers of any kind."""
    return np.array(
        [hashlib.blake2b((np.asarray(row, np.float32) + 0).tobytes(), digest_size=8).digest() for row in rows], "V8"
    ).view(np.uint64)


def words(report: Evaluation, columns: int | None = None) -> str:
    """An evaluation of two sets of rows as text, as `in_words.words`."""
    protocol = report["protocol"]
    copies = "" if protocol["train"] is None else f"; copies of {protocol['train']} are looked for"
    compared = (
        f"{amount(protocol['samples'], 'sample')} against {protocol['real_rows']:,} {protocol['against']} "
        f"(seed {protocol['seed']})"
    )
    lines = [line for text in (compared, *protocol["remarks"]) for line in filled(text, columns)]
    return page([f"{protocol['fake']} against {protocol['real']}{copies}", *lines, *table_in_words(report, columns)])


# What is read.


class _Given(NamedTuple):
    """What was given as `name`: a Dataset, a DataFrame, or an array, unchanged."""

    name: str
    dataset: Dataset | None
    frame: Any
    array: Any


def _name(source: Source) -> str:
    if isinstance(source, Dataset):
        return source.name
    return str(source) if isinstance(source, str | PathLike) else a_kind(source)


def _read(source: Source, name: str, size: int | None, ways: Ways) -> _Given:
    ways = ways.of(source)
    if isinstance(source, str | PathLike):
        path = Path(source)
        if path.suffix.lower() == ".npy" and path.is_file():
            return _Given(name, None, None, read_numpy(path).rows)  # without checks: samples may well be constant
        named = source if isinstance(source, str) else path
        source = data.load(
            named,
            size=size if path.is_dir() and named not in data.DATASETS else None,
            drop=ways.drop,
            column=ways.column,
            kind=ways.kind,
        )
    elif isinstance(source, Dataset) and ways.kind != "auto":
        raise WganError(f"kind is {ways.kind!r}, but {name} is a Dataset, which has one; leave it out.")
    if isinstance(source, Dataset):
        frame = to_frame(source.form, source.rows) if isinstance(source.form, TableForm) else None
        return _Given(name, source, frame_of(frame, ways), source.rows)
    if is_frame(source):
        return _Given(name, None, frame_of(source, ways), source)
    refuse_unplain(source, name)
    of_numbers = isinstance(source, list | tuple) and source and not np.iterable(source[0])
    if of_numbers or getattr(source, "ndim", None) == 1:  # one number a row
        source = as_float64(source, name, "numbers [n]")[:, None]
    return _Given(name, None, None, source)


def _alike(given: dict[str, _Given], ways: Ways) -> tuple[Dataset, dict[str, np.ndarray], list[str]]:
    """The Dataset of the real rows, all rows at rest in its form, and remarks on how some were read."""
    real = given["real"]
    if real.frame is not None:
        return *_tables(given, ways), []
    dataset = real.dataset or from_array(real.array, name="real", kind=ways.kind)
    if isinstance(dataset.form, TableForm):
        return *_tables(given | {"real": real._replace(frame=to_frame(dataset.form, dataset.rows))}, ways), []
    rows, remarks = {"real": dataset.rows}, [f"real: {text}" for column, text in dataset.notes if not column]
    for name, one in given.items():
        if name == "real":
            continue
        if dataset.form.picture:
            rows[name], remark = _images(dataset, one)
            remarks += [remark] if remark else []
        else:
            rows[name] = _numbers(dataset.form, one)
    return dataset, rows, remarks


def _tables(given: dict[str, _Given], ways: Ways) -> tuple[Dataset, dict[str, np.ndarray]]:
    """Tables in the form of all their rows together, so that a level or a number of one alone has its place."""
    import pandas as pd

    if ways.kind not in ("auto", "table"):
        raise WganError(f"kind is {ways.kind!r}, but real is a table of named columns; leave it out.")
    columns = list(given["real"].frame.columns)
    frames = []
    for name, one in given.items():
        frame = one.frame
        if frame is None and one.dataset is None:
            array = np.asarray(one.array)
            if array.ndim == 2 and array.shape[1] == len(columns):
                frame = pd.DataFrame(array, columns=columns)
        if frame is None:
            raise WganError(
                f"{name} is not a table with the columns of real; give a .csv or .parquet file or a DataFrame."
            )
        if lacking := [column for column in columns if column not in list(frame.columns)]:
            raise WganError(
                f"{name} lacks the column {lacking[0]!r} of real; give all of its columns, or leave it out with "
                f"{setting('drop', str(lacking[0]))}."
            )
        if len(frame) == 0:
            raise WganError(f"{name} has no rows; give at least one.")
        frames.append((name, frame))
    form, parts = tables_together(frames, ways)
    rows = dict(zip(given, parts, strict=True))
    return Dataset("real", rows["real"], form, source=f"a table of {len(rows['real']):,} rows"), rows


def _numbers(form: Form, given: _Given) -> np.ndarray:
    wanted = ", ".join(map(str, form.shape))
    refuse_more_than_free(8 * getattr(given.array, "size", 0), f"{given.name} in float64", "give fewer rows")
    exact = form.at_rest(as_float64(given.array, given.name, f"rows [n, {wanted}]"))
    if exact.shape[1:] != form.shape or not len(exact):
        raise WganError(f"{given.name} has shape {exact.shape}, but real has rows of shape [{wanted}].")
    return exact


def _images(dataset: Dataset, given: _Given) -> tuple[np.ndarray, str]:
    """Images in the range of the real ones, and how they were scaled to it; "" where they have it already.

    Images of another kind of number, such as floats from 0 to 1 beside bytes, are scaled where their range is usual.
    """
    form, name = dataset.form, given.name
    array = np.asarray(given.array)
    if array.dtype.kind not in "biuf":
        as_float64(array, name, "images [n, height, width, channels]")
    array = form.at_rest(array)
    if array.shape[1:] != form.shape or not len(array):
        raise WganError(
            f"{name} has images of shape {array.shape}, but those of real have {form.shape}; give images of one size."
        )
    low, high = float(array.min()), float(array.max())
    if not np.isfinite([low, high]).all():
        raise WganError(f"{name} holds NaN or infinite values; drop or fill them.")
    span = span_of(form)
    same_kind = (np.dtype(form.dtype).kind == "f") == (array.dtype.kind == "f")
    fits = span[0] <= low and high <= span[1]
    usual = UNIT if low >= UNIT[0] and high <= UNIT[1] else SIGNED if low >= SIGNED[0] and high <= SIGNED[1] else BYTES
    if fits and (same_kind or usual == BYTES == span):
        as_real = f"was read as images from {span[0]:g} to {span[1]:g}"
        if usual != span and span in (SIGNED, BYTES):  # it may be in another range, but black images lie there too
            return array, f"{name} lies between {low:g} and {high:g}, and {as_real}, as real"
        return array, "" if same_kind else f"{name} {as_real}"
    if same_kind or span not in (UNIT, SIGNED, BYTES) or not (usual[0] <= low and high <= usual[1]):
        raise WganError(
            f"{name} ranges from {low:g} to {high:g} and real from {span[0]:g} to {span[1]:g}; scale both alike."
        )
    scaled = (array.astype(np.float64) - usual[0]) / (usual[1] - usual[0]) * (span[1] - span[0]) + span[0]
    return (
        scaled,
        f"{name} was read as images from {usual[0]:g} to {usual[1]:g} and scaled to {span[0]:g} to {span[1]:g}",
    )


def span_of(form: Form) -> tuple[float, float]:
    """The range that is encoded as [-1, 1]."""
    offset, scale = float(np.max(form.offset)), float(np.max(form.scale))
    return offset - scale, offset + scale


def _with_rows(dataset: Dataset, more: np.ndarray, given: Dataset | None) -> Dataset:
    """The data set with more rows behind its own, and with labels if both have the same kind of labels."""
    refuse_more_than_free(dataset.rows.nbytes + more.nbytes, "joining real and train", "give fewer rows")
    rows, labels, names = np.concatenate([dataset.rows, more]), None, dataset.label_names
    if given is not None and given.labels is not None and dataset.labels is not None and given.label_names == names:
        labels = np.concatenate([dataset.labels, given.labels])
    return replace(dataset, rows=rows, labels=labels, label_names=() if labels is None else names, sha256="")
