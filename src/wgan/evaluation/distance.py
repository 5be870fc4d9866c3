"""W1 between two data sets, files or runs, beside the floor that remains where nothing differs."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from wgan import data
from wgan.data import Form
from wgan.data.columns import TableForm
from wgan.data.names import as_text
from wgan.data.space_form import USUAL_SPANS
from wgan.data.table import to_frame, to_rows
from wgan.errors import WganError, setting
from wgan.evaluation.samples import span_of
from wgan.evaluation.together import Ways, form_together, tables_together
from wgan.files.memory import SHARE, free, refuse_more_than_free
from wgan.files.printed import page
from wgan.maths import transport
from wgan.maths.exact import as_rows, whole_number
from wgan.maths.streams import stream
from wgan.maths.transport import W1
from wgan.runs import folder as runs
from wgan.runs.quantity import share
from wgan.training import model as models
from wgan.training.critic import CriticW1, w1

ROWS = 2000  # of each side where all would take longer than AFFORDABLE: their exact distance takes about a second
AFFORDABLE = 60.0  # seconds that the exact distance of all rows may take
SPLITS = 99  # random splits behind a floor, at most
LEAST_SPLITS = 19  # with fewer, no p-value could be as low as 0.05
FLOOR_SECONDS = 30.0  # that all splits may take


class Splits(NamedTuple):
    """The floor of two sets: all their rows are mixed and split at random into two sets of the same sizes.

    `lower`, `upper` and `value` are means over the `splits`, and `deviation` is the standard deviation of a split, and
    None if there is one split. `p_value` is the chance that rows of one distribution lie as far apart, and None for
    fewer than 19 splits.
    """

    lower: float
    upper: float
    value: float
    method: str
    n: tuple[int, int]
    seconds: float
    splits: int
    deviation: float | None
    p_value: float | None

    @property
    def gap(self) -> float:
        """`upper` - `lower`."""
        return self.upper - self.lower


class Distance(NamedTuple):
    """W1 between the rows of two sides, and its floor.

    The floor is that of `Splits`, or, of a run beside its own data, W1 between as many held-out and training rows.
    `available` are the numbers of rows that the sides have; where `w1.n` is less, they were drawn at random.
    """

    first: str
    second: str
    floor_of: str
    ground: str
    w1: W1 | CriticW1
    floor: W1 | CriticW1 | Splits
    available: tuple[int | None, int | None] = (None, None)

    def to_json(self) -> dict[str, Any]:
        """The distance as a dict that json can write."""
        return {
            "first": self.first,
            "second": self.second,
            "ground": self.ground,
            "available": list(self.available),
            "estimates": "W1 between these rows; W1 between their distributions is smaller on average",
            "w1": _numbers_by_name(self.w1),
            "floor_of": self.floor_of,
            "floor": _numbers_by_name(self.floor),
        }


class _Side(NamedTuple):
    """One side of a comparison; `draw(count, seed)` returns `count` rows at rest, and others of a run."""

    name: str
    available: int
    draw: Any  # (count, seed) -> (rows, other rows, which only a run and its own data have)
    form: Form | None
    is_run: bool = False
    held_out: int = 0  # how many of the available rows were not trained on
    columns: int = 1  # of rows without a form
    rows: Any = None  # all rows at rest, unless they are drawn from a run
    notes: tuple[str, ...] = ()  # what was guessed when they were read


def distance(
    first: str | Path,
    second: str | Path | None = None,
    *,
    method: str = "auto",
    n: int | None = None,
    seed: int = 0,
    budget: float | None = None,
    drop: str | None = None,
    column: Any = None,
    kind: str = "auto",
    step: str | int | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> Distance:
    """W1 between two data sets, files of arrays or tables, or run folders; a run alone is compared with its own data.

    All rows are compared if their exact distance takes a minute at most, so the number is that of `wgan.w1`. This is
    possible for about 7,000 rows on each side, or for any number of rows of one column. Otherwise `seed` draws 2,000
    rows of each side at random, or `n` rows. For the floor, all these rows are mixed and split at random into two sets
    of the original sizes. The floor is the mean W1 of up to 99 such splits, or of as many as take half a minute. With a
    `budget` there is one split. Images are scaled to [-1, 1]. The rows of a run and the rows compared with them are
    encoded as in its training. Two tables, and two sets of signals or volumes, are encoded together, so their order
    does not matter; other numbers are not scaled. `drop`, `column` and `kind` are as in `train` and say how data are
    read. `step` chooses the checkpoint of runs. A run alone is compared with its held-out rows, and its floor is W1
    between held-out and training rows. `note` is told what was guessed of an array, and is called
    before the exact distance takes minutes.

    Raises WganError for what cannot be read or compared.
    """
    n = None if n is None else whole_number(n, "n")
    ways = Ways(drop, column, kind)
    ways.refuse_unknown([first] if second is None else [first, second])
    a = _side(first, ways, step)
    if second is None and not a.is_run:
        raise WganError(f"{first} is not a run; name a second data set, file or run folder to compare it with.")
    if second is None:
        return _of_run_and_own_data(a, _side_of_own_data(Path(first)), method, n, seed, budget, note)
    b = _side(second, ways, step)
    for side in (a, b):
        for text in side.notes:
            note(f"{side.name}: {text}")
    _refuse_step(step, a, b)
    _refuse_ways(ways, a, b)
    if not a.is_run and not b.is_run:
        a, b = _tables_together(a, b, ways)
    form = next((side.form for side in (a, b) if side.is_run), a.form or b.form)
    sizes = _sizes(a, b, form, n)
    _refuse_large(max(sizes), form, a.is_run or b.is_run)
    swap = b.name < a.name  # chance and rounding go by the names, so that they do not go by the order
    # two draws of the same rows have to differ, so the second has another seed
    drawn = [
        side.draw(count, seed + (at != swap))[0] for at, (side, count) in enumerate(zip((a, b), sizes, strict=True))
    ]
    if a.form and b.form and not a.is_run and not b.is_run:
        _refuse_another_range(a.form, b)
        form = form_together((a.name, a.form, drawn[0]), (b.name, b.form, drawn[1]))
    rows, against = (_flat_rows(part, form, side) for part, side in zip(drawn, (a, b), strict=True))
    if rows.shape[1] != against.shape[1]:
        raise WganError(
            f"{a.name} has {rows.shape[1]} columns and {b.name} has {against.shape[1]}; give rows of the same columns."
        )
    _say_long(rows, against, method, budget, note)
    pair = (against, rows) if swap else (rows, against)
    found = w1(*pair, method=method, budget=budget, seed=seed)
    floor = _floor(*pair, found, method, seed, budget)
    if swap:
        found, floor = _turned(found), floor._replace(n=floor.n[::-1])
    floor_of = (
        f"{floor.splits} random splits of all rows together" if floor.splits > 1 else "a random split of all rows"
    )
    available = (None if a.is_run else a.available, None if b.is_run else b.available)
    return Distance(a.name, b.name, floor_of, _ground(a, b, form), found, floor, available)


def _turned(found: W1 | CriticW1) -> W1 | CriticW1:
    """The same distance with its sides exchanged."""
    turned = found.n[::-1]
    return replace(found, n=turned) if isinstance(found, W1) else found._replace(n=turned)


def _refuse_ways(ways: Ways, a: "_Side", b: "_Side") -> None:
    """Raise WganError for a way of reading that neither side has, since both are runs."""
    for field, value in ways._asdict().items():
        if value not in (None, "auto", ()) and a.is_run and b.is_run:
            raise WganError(f"{field} says how data are read, but both sides are runs; leave it out.")


def _tables_together(a: "_Side", b: "_Side", ways: Ways) -> "tuple[_Side, _Side]":
    """Two tables in the form of all their rows; other sides as they are. Both need the same columns, in any order."""
    one, other = sorted((a, b), key=lambda side: side.name)
    if not isinstance(one.form, TableForm) or not isinstance(other.form, TableForm):
        return a, b
    for side, than in ((one, other), (other, one)):
        more = [name for name in _names_of(side.form) if name not in _names_of(than.form)]
        if more:
            raise WganError(
                f"{side.name} has the column {more[0]!r}, which {than.name} lacks; leave it out with "
                f"{setting('drop', as_text(*more))}, or give it to both."
            )
    frames = [(one.name, to_frame(one.form, one.rows)), (other.name, to_frame(other.form, other.rows))]
    form, (first, second) = tables_together(frames, ways)
    made = (_side_of_rows(one.name, first, form), _side_of_rows(other.name, second, form))
    return made if one is a else made[::-1]


def _names_of(form: Form | None) -> list[str]:
    """The names of the columns of a table."""
    return [str(column.name) for column in form.columns] if isinstance(form, TableForm) else []


def _refuse_step(step: str | int | None, a: "_Side", b: "_Side") -> None:
    if step is not None and not (a.is_run or b.is_run):
        raise WganError(f"step is {step}, but neither {a.name} nor {b.name} is a run folder; leave it out.")


def _sizes(a: "_Side", b: "_Side", form: Form | None, n: int | None) -> tuple[int, int]:
    """How many rows of each side are compared."""
    most = min(a.available, b.available)
    if n is not None:
        if n > most:
            raise WganError(
                f"{a.name} has {a.available:,} rows and {b.name} {b.available:,}, enough for n = {most:,} of each, not "
                f"{n:,}; lower n or give more rows."
            )
        return n, n
    if a.is_run and b.is_run:
        return ROWS, ROWS
    sizes = (most, most) if a.is_run or b.is_run else (a.available, b.available)
    columns = (
        next(side.columns for side in (a, b) if not side.is_run) if form is None else int(np.prod(form.encoded_shape))
    )
    if transport.exact_seconds(*sizes, columns) <= AFFORDABLE:
        return sizes
    return min(most, ROWS), min(most, ROWS)


def _refuse_large(count: int, form: Form | None, drawn: bool) -> None:
    """Raise WganError if so many rows of each side, which a run draws twice, take more memory than is free."""
    if not drawn or form is None:
        return
    each = 8 * (4 * math.prod(form.shape) + 4 * math.prod(form.encoded_shape))
    most = max(1, int(SHARE * free() / each))
    refuse_more_than_free(count * each, f"the distance of {count:,} rows of each", f"use {setting('n', most)} or less")


def _ground(a: "_Side", b: "_Side", form: Form | None) -> str:
    """The ground distance in words."""
    if a.is_run or b.is_run:
        return "Euclidean, rows encoded as in training"
    if isinstance(form, TableForm):
        return "Euclidean, columns encoded from both together"
    if form is None:
        return "Euclidean, numbers without scaling"
    return "Euclidean, " + ("images in [-1, 1]" if form.bounded else "channels encoded from both together")


def _say_long(
    rows: np.ndarray, against: np.ndarray, method: str, budget: float | None, note: Callable[[str], None]
) -> None:
    """Tell `note` if the exact distance and its floor take more than a minute, since nothing shows their progress."""
    seconds = 2 * transport.exact_seconds(len(rows), len(against), rows.shape[1])
    if method == "exact" and budget is None and AFFORDABLE < seconds < math.inf:
        note(
            f"the exact distance of {len(rows):,} and {len(against):,} rows and its floor take about "
            f"{seconds / 60:,.0f} minutes; a limit of {setting('budget')} in seconds gives bounds in that time, and "
            f"{setting('n')} takes fewer rows."
        )


def _floor(
    rows: np.ndarray, against: np.ndarray, found: W1 | CriticW1, method: str, seed: int, budget: float | None
) -> Splits:
    """The floor of two sets by random splits of all their rows, and how many splits lie as far apart as they do."""
    count, pooled = len(rows), np.concatenate([rows, against])
    each = transport.exact_seconds(count, len(against), rows.shape[1])
    quick = budget is None and method in ("auto", "exact", "sliced")
    splits = min(SPLITS, max(1, int(FLOOR_SECONDS / each))) if quick else 1
    parts = []
    for split in range(splits):
        order = stream(seed, "halves", 2 + split).permutation(len(pooled))
        x, y = pooled[order[:count]], pooled[order[count:]]
        parts.append(w1(x, y, method=method, budget=budget, seed=seed))
    values = np.array([part.value for part in parts])
    lower, upper = (float(np.mean([getattr(part, name) for part in parts])) for name in ("lower", "upper"))
    as_far = int((values >= found.value * (1 - transport.MEETS)).sum())
    return Splits(
        lower=lower,
        upper=upper,
        value=float(values.mean()),
        method=parts[0].method,
        n=parts[0].n,
        seconds=sum(part.seconds for part in parts),
        splits=splits,
        deviation=float(values.std(ddof=1)) if splits > 1 else None,
        p_value=(1 + as_far) / (1 + splits) if splits >= LEAST_SPLITS else None,
    )


def _of_run_and_own_data(
    run: "_Side",
    real: "_Side",
    method: str,
    n: int | None,
    seed: int,
    budget: float | None,
    note: Callable[[str], None],
) -> Distance:
    """W1 of a run's samples and held-out rows; the floor puts as many training rows in the samples' place."""
    most = min(real.held_out or real.available // 2, real.available - real.held_out)
    if most < 1 or (n or 1) > most:
        raise WganError(
            f"{real.name} has {real.available:,} rows, enough for n = {most:,} of each and as many for the floor, not "
            f"{n or 1:,}; lower n or give more rows."
        )
    n = min(n or ROWS, most)
    rows, twin = (_flat_rows(part, run.form, real) for part in real.draw(n, seed))
    against = _flat_rows(run.draw(n, seed + 1)[0], run.form, run)
    _say_long(rows, against, method, budget, note)
    found = w1(rows, against, method=method, budget=budget, seed=seed)
    floor = w1(rows, twin, method=method, budget=budget, seed=seed)
    floor_of = "held-out and training rows" if real.held_out else "two halves of the training rows"
    available = (None, real.held_out or real.available)
    return Distance(run.name, real.name, floor_of, _ground(run, real, run.form), found, floor, available)


def _side(name: str | Path, ways: Ways, step: str | int | None = None) -> _Side:
    path = Path(name)
    if isinstance(name, str) and name in data.DATASETS:
        dataset = data.load(name, kind=ways.kind)
        return _side_of_rows(name, dataset.rows, _form_without_run(dataset.form))
    if path.suffix in (".npy", ".npz") and path.is_file():
        rows = data.numpy_files.read_numpy(path).rows  # `load` refuses a line of numbers and a constant column
        if rows.ndim <= 2 and ways.kind in ("auto", "table"):
            return _side_of_rows(str(name), rows, None)
        read = data.from_array(rows, name=str(name), kind=ways.kind)
        made = _side_of_rows(str(name), read.form.at_rest(rows), _form_without_run(read.form))
        return made._replace(notes=tuple(text for _, text in read.notes))
    if (path / runs.CONFIG).is_file():
        model = models.load_model(path, step)

        def draw(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
            both = models.sample(model, 2 * count, seed)
            return both[:count], both[count:]

        return _Side(f"run {name} at step {model.step:,}", 10**9, draw, model.whole, is_run=True)
    if path.is_dir():
        raise WganError(f"{name} is not a run folder; give a run folder, a .npy or .npz file, or a data set's name.")
    ways = ways.of(name)
    dataset = data.load(name, drop=ways.drop, column=ways.column, kind=ways.kind)
    return _side_of_rows(str(name), dataset.rows, _form_without_run(dataset.form))


def _side_of_rows(name: str, rows: np.ndarray, form: Form | None) -> _Side:
    if rows.ndim == 0:
        raise WganError(f"{name} holds a single number; give an array [n] or [n, d].")

    def draw(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        if count == len(rows):
            return rows, rows[:0]
        order = stream(seed, "halves").permutation(len(rows))
        return rows[order[:count]], rows[:0]

    return _Side(name, len(rows), draw, form, columns=int(np.prod(rows.shape[1:])), rows=rows)


def _side_of_own_data(run: Path) -> _Side:
    """The data of a run: held-out rows to compare it with, and training rows for the floor."""
    config = models.load_model(run).config
    dataset = data.dataset_of_run(config, run)
    trained, held_out = data.split(dataset, config.held_out, config.rows, config.seed)

    def draw(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        order = stream(seed, "halves").permutation(len(trained))
        chosen = trained[order[: 2 * count]]
        if not len(held_out):
            return dataset.rows[np.sort(chosen[:count])], dataset.rows[np.sort(chosen[count:])]
        kept = held_out[stream(seed, "halves", 1).permutation(len(held_out))[:count]]
        return dataset.rows[kept], dataset.rows[chosen[:count]]

    name = f"{dataset.name}, held-out rows" if len(held_out) else dataset.name
    return _Side(name, len(trained) + len(held_out), draw, dataset.form, held_out=len(held_out))


def _form_without_run(form: Form) -> Form | None:
    """The form that encodes rows if no side is a run: that of rows with axes of space or a TableForm, else None."""
    return form if form.space or isinstance(form, TableForm) else None


def _flat_rows(rows: np.ndarray, form: Form | None, side: _Side) -> np.ndarray:
    if isinstance(form, TableForm) and side.form != form:
        if not isinstance(side.form, TableForm):
            raise WganError(f"{side.name} is not a table with named columns, but the other side is; give a .csv file.")
        rows = to_rows(form, to_frame(side.form, rows), side.name)
    if form is None:
        return as_rows(rows, side.name)
    _refuse_another_range(form, side)
    return np.asarray(form.encode(rows)).reshape(len(rows), -1)


def _refuse_another_range(form: Form, side: _Side) -> None:
    """Raise WganError for images in another of the usual ranges, or of another kind of number, than `form` encodes."""
    if side.form is None or not form.picture or not side.form.picture:
        return
    one, other = span_of(form), span_of(side.form)
    other_numbers = (np.dtype(form.dtype).kind == "f") != (np.dtype(side.form.dtype).kind == "f")
    if one != other and (other_numbers or {one, other} <= set(USUAL_SPANS)):
        raise WganError(
            f"{side.name} has images from {other[0]:g} to {other[1]:g} and the other side from {one[0]:g} to "
            f"{one[1]:g}; scale both alike, or use `wgan evaluate --real A --fake B`, which scales the usual ranges."
        )


def _numbers_by_name(one: W1 | CriticW1 | Splits) -> dict[str, Any]:
    certified = not isinstance(one, CriticW1) and np.isfinite(one.upper)
    numbers = {
        "lower": one.lower,
        "upper": one.upper if certified else None,
        "value": one.value,
        "gap": one.gap if certified else None,
        "method": one.method,
        "n": list(one.n),
        "seconds": round(one.seconds, 3),
    }
    if isinstance(one, Splits):
        numbers |= {"splits": one.splits, "deviation": one.deviation, "p_value": one.p_value}
    return numbers


def words(found: Distance) -> str:
    """A Distance in a few lines: the interval, what it estimates, the floor, and what the two mean."""
    one, floor = found.w1, found.floor
    lines = [
        f"W1 of {found.first} and {found.second}: {_interval_in_words(one)}",
        f"  floor, {found.floor_of}: {_interval_in_words(floor)}",
        f"  {one.n[0]:,} and {one.n[1]:,} rows, ground distance {found.ground}, {one.method}, {one.seconds:.2g} s",
    ]
    for name, count, available in zip((found.first, found.second), one.n, found.available, strict=True):
        if available and count < available and not isinstance(one, CriticW1):
            lines.append(
                f"  {count:,} of the {available:,} rows of {name} were drawn at random; {setting('n')} gives another "
                "number."
            )
    lines += [
        "  It is W1 between these rows; W1 between their distributions is smaller on average.",
        _verdict(one, floor),
    ]
    return page(lines)


def _verdict(one: W1 | CriticW1, floor: W1 | CriticW1 | Splits) -> str:
    if isinstance(one, CriticW1):
        return f"The critic's estimate is {one.value - floor.value:.4g} above its floor; it has no upper bound."
    if one.upper == 0:
        return "They hold the same rows."
    if isinstance(floor, Splits) and floor.p_value is not None:
        if floor.p_value <= 0.05:
            return (
                f"The distance is {one.value - floor.value:.4g} above the floor. Rows of one distribution would lie as "
                f"far apart with a chance of {floor.p_value:.2g}."
            )
        return (
            f"These rows show no difference: rows of one distribution lie at least as far apart in "
            f"{share(floor.p_value)} of cases."
        )
    above = one.lower - floor.upper
    if above > 0:
        again = f"Try another {setting('seed')} to see how much both vary by chance."
        return f"The distance is at least {above:.4g} above the floor. {again}"
    if one.upper < floor.lower:
        return "The distance is below the floor: this n shows no difference, or they share rows."
    return "The distance and the floor overlap: this n and method show no difference."


def _interval_in_words(one: W1 | CriticW1 | Splits) -> str:
    if isinstance(one, CriticW1) or not np.isfinite(one.upper):
        return f"at least {one.lower:.6g} (certified), the critic says {one.value:.6g}"
    if isinstance(one, Splits):
        deviation = "" if one.deviation is None else f" ± {one.deviation:.2g} (standard deviation of the splits)"
        return f"{one.value:.6g}{deviation}"
    if one.gap <= transport.MEETS * one.upper:
        return f"{one.value:.6g} (exact, to {max(one.gap, 0):.1g})"
    return f"between {one.lower:.6g} and {one.upper:.6g}"
