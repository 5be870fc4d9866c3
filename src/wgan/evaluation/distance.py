"""W1 between two data sets, files or runs, beside the floor that two draws of the same rows have."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from wgan import data
from wgan.data import Form
from wgan.data.columns import TableForm
from wgan.data.table import to_frame, to_rows
from wgan.errors import WganError
from wgan.maths import transport
from wgan.maths.streams import stream
from wgan.maths.transport import W1
from wgan.runs import folder as runs
from wgan.training import model as models
from wgan.training.critic import CriticW1, w1

ROWS = 2000  # of each side by default: their exact distance takes about a second


class Distance(NamedTuple):
    """W1 between n rows of each side, and the floor: W1 between two disjoint draws of n rows from one side."""

    first: str
    second: str
    floor_of: str
    ground: str
    w1: W1 | CriticW1
    floor: W1 | CriticW1

    def to_json(self) -> dict[str, Any]:
        """The distance as a dict that json can write."""
        return {
            "first": self.first,
            "second": self.second,
            "ground": self.ground,
            "estimates": "W1 between these rows; W1 between their distributions is smaller on average",
            "w1": _numbers_by_name(self.w1),
            "floor_of": self.floor_of,
            "floor": _numbers_by_name(self.floor),
        }


class _Side(NamedTuple):
    """One side of a comparison; `draw(count, seed)` returns two disjoint draws of `count` rows at rest."""

    name: str
    available: int
    draw: Any  # (count, seed) -> (rows, other rows)
    form: Form | None
    is_run: bool = False
    held_out: int = 0  # how many of the available rows were not trained on


def distance(
    first: str | Path,
    second: str | Path | None = None,
    *,
    method: str = "auto",
    n: int | None = None,
    seed: int = 0,
    budget: float | None = None,
) -> Distance:
    """W1 between two data sets, .npy or .npz files, or run folders; a run alone is compared with its own data.

    `seed` draws n rows of each side at random, by default 2,000 or all that there are. The floor is W1 between two
    disjoint draws of n rows from the first side, or from the second if only the first is a run. Images are scaled to
    [-1, 1]. The rows of a run and the rows compared with them are encoded as in its training; other numbers are taken
    as they are. A run alone is compared with its held-out rows, and its floor is W1 between held-out and training rows.

    Raises WganError for what cannot be read or compared.
    """
    a = _side(first)
    if second is None and not a.is_run:
        raise WganError(f"{first} is not a run; name a second data set, file or run folder to compare it with.")
    b = _side_of_own_data(Path(first)) if second is None else _side(second)
    real, other = (b, a) if a.is_run and not b.is_run else (a, b)
    most = min(real.held_out or real.available // 2, real.available - real.held_out, other.available)
    if most < 1 or (n or 1) > most:
        raise WganError(
            f"{real.name} has {real.available:,} rows and {other.name} {other.available:,}, enough for n = {most:,} of "
            f"each and as many for the floor, not {n or 1:,}; lower n or give more rows."
        )
    n = min(n or ROWS, most)
    form = next((side.form for side in (a, b) if side.is_run), a.form or b.form)
    ground = "Euclidean, " + (
        "rows encoded as in training"
        if a.is_run or b.is_run
        else f"columns encoded as in {a.name}"
        if isinstance(form, TableForm)
        else "images in [-1, 1]"
        if form
        else "numbers as they are"
    )
    rows, twin = real.draw(n, seed)
    against, _ = other.draw(n, seed + 1)
    rows, twin = (_flat_rows(part, form, real) for part in (rows, twin))
    against = _flat_rows(against, form, other)
    found = w1(rows, against, method=method, budget=budget, seed=seed)
    floor = w1(rows, twin, method=method, budget=budget, seed=seed)
    return Distance(a.name, b.name, real.name, ground, found, floor)


def _side(name: str | Path) -> _Side:
    path = Path(name)
    if isinstance(name, str) and name in data.DATASETS:
        dataset = data.load(name)
        return _side_of_rows(name, dataset.rows, _form_without_run(dataset.form))
    if path.suffix in (".npy", ".npz") and path.is_file():
        rows = data.arrays.read_numpy(path)[0]  # `load` refuses a line of numbers and a constant column
        images = rows.ndim > 2
        return _side_of_rows(str(name), rows, data.from_array(rows, name=str(name)).form if images else None)
    if (path / runs.CONFIG).is_file():
        model = models.load_model(path)

        def draw(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
            both = models.sample(model, 2 * count, seed)
            return both[:count], both[count:]

        return _Side(f"run {name} at step {model.step:,}", 10**9, draw, model.form, is_run=True)
    if path.is_dir():
        raise WganError(f"{name} is not a run folder; give a run folder, a .npy or .npz file, or a data set's name.")
    dataset = data.load(name)
    return _side_of_rows(str(name), dataset.rows, _form_without_run(dataset.form))


def _side_of_rows(name: str, rows: np.ndarray, form: Form | None) -> _Side:
    if rows.ndim == 0:
        raise WganError(f"{name} holds a single number; give an array [n] or [n, d].")

    def draw(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        order = stream(seed, "halves").permutation(len(rows))[: 2 * count]
        return rows[order[:count]], rows[order[count:]]

    return _Side(name, len(rows), draw, form)


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
    """The form that encodes rows if no side is a run: the form of images or a TableForm, else None."""
    return form if form.kind == "images" or isinstance(form, TableForm) else None


def _flat_rows(rows: np.ndarray, form: Form | None, side: _Side) -> np.ndarray:
    if isinstance(form, TableForm) and side.form != form:
        if not isinstance(side.form, TableForm):
            raise WganError(f"{side.name} is not a table with named columns, but the other side is; give a .csv file.")
        rows = to_rows(form, to_frame(side.form, rows), side.name)
    return np.asarray(rows if form is None else form.encode(rows)).reshape(len(rows), -1)


def _numbers_by_name(one: W1 | CriticW1) -> dict[str, Any]:
    return {
        "lower": one.lower,
        "upper": one.upper if isinstance(one, W1) else None,
        "value": one.value,
        "gap": one.gap if isinstance(one, W1) else None,
        "method": one.method,
        "n": list(one.n),
        "seconds": round(one.seconds, 3),
    }


def words(found: Distance) -> str:
    """A Distance in a few lines: the interval, what it estimates, the floor, and what the two mean."""
    one, floor = found.w1, found.floor
    above = one.lower - floor.upper
    if isinstance(one, CriticW1):
        verdict = f"The critic's estimate is {one.value - floor.value:.4g} above its floor; it has no upper bound."
    elif one.upper == 0:
        verdict = "They hold the same rows."
    elif above > 0:
        verdict = f"The distance is at least {above:.4g} above the floor. Other seeds show how far chance moves both."
    elif one.upper < floor.lower:
        verdict = "The distance is below the floor: this n shows no difference, or they share rows."
    else:
        verdict = "The distance and the floor overlap: this n and method show no difference."
    return (
        f"W1 of {found.first} and {found.second}: {_interval_in_words(one)}\n"
        f"  floor, two draws of {found.floor_of}: {_interval_in_words(floor)}\n"
        f"  {one.n[0]:,} and {one.n[1]:,} rows, ground distance {found.ground}, {one.method}, {one.seconds:.2g} s\n"
        "  It is W1 between these rows; W1 between their distributions is smaller on average.\n"
        f"{verdict}"
    )


def _interval_in_words(one: W1 | CriticW1) -> str:
    if isinstance(one, CriticW1):
        return f"at least {one.lower:.6g} (certified), the critic says {one.value:.6g}"
    if one.gap <= transport.MEETS * one.upper:
        return f"{one.value:.6g} (exact, to {max(one.gap, 0):.1g})"
    return f"between {one.lower:.6g} and {one.upper:.6g}"
