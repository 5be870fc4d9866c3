"""How far two named things are apart: data sets, files or runs, beside what no difference would look like."""

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

ROWS = 2000  # of each side unless asked: an exact distance of these takes about a second


class Distance(NamedTuple):
    """W1 of `n` rows of each side, and as the floor W1 of two disjoint draws of n rows of one side."""

    first: str
    second: str
    floor_of: str
    ground: str
    w1: W1 | CriticW1
    floor: W1 | CriticW1

    def to_json(self) -> dict[str, Any]:
        """What is printed, as numbers by name."""
        return {
            "first": self.first,
            "second": self.second,
            "ground": self.ground,
            "estimates": "W1 of these rows; between what they were drawn from it is smaller on average",
            "w1": _numbers(self.w1),
            "floor_of": self.floor_of,
            "floor": _numbers(self.floor),
        }


class _Side(NamedTuple):
    """Rows at rest, of which the floor may need twice as many; `draw` makes them where a run does."""

    name: str
    available: int
    draw: Any  # (count, seed) -> rows
    form: Form | None
    is_run: bool = False
    held_out: int = 0  # of the rows, the first so many were not trained on


def distance(
    first: str | Path,
    second: str | Path | None = None,
    *,
    method: str = "auto",
    n: int | None = None,
    seed: int = 0,
    budget: float | None = None,
) -> Distance:
    """W1 between two data sets, .npy or .npz files, or run folders; a run alone is held against its own data.

    n rows of each, at random by `seed` (2,000 or what there is). The floor is W1 of two disjoint draws of n rows of
    the first side, or of the second where only the first is a run. Images are scaled to [-1, 1]; a run's rows and
    what it is compared with are encoded as in its training; other numbers are taken as they are. Against its own
    data a run is compared with held-out rows, and the floor is that of held-out and training rows.

    Raises WganError for what cannot be read or compared.
    """
    a = _side(first)
    if second is None and not a.is_run:
        raise WganError(f"{first} has nothing to be compared with; name a second data set, file or run folder.")
    b = _own_data(Path(first)) if second is None else _side(second)
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
        else f"columns encoded by those of {a.name}"
        if isinstance(form, TableForm)
        else "images in [-1, 1]"
        if form
        else "numbers as they are"
    )
    rows, twin = real.draw(n, seed)
    against, _ = other.draw(n, seed + 1)
    rows, twin = (_flat(part, form, real) for part in (rows, twin))
    against = _flat(against, form, other)
    found = w1(rows, against, method=method, budget=budget, seed=seed)
    floor = w1(rows, twin, method=method, budget=budget, seed=seed)
    return Distance(a.name, b.name, real.name, ground, found, floor)


def _side(name: str | Path) -> _Side:
    path = Path(name)
    if isinstance(name, str) and name in data.DATASETS:
        dataset = data.load(name)
        return _of_rows(name, dataset.rows, _own_form(dataset.form))
    if path.suffix in (".npy", ".npz") and path.is_file():
        rows = data.arrays.read_numpy(path)[0]  # as it is: a line of numbers, or a constant column, has distances too
        images = rows.ndim > 2
        return _of_rows(str(name), rows, data.from_array(rows, name=str(name)).form if images else None)
    if (path / runs.CONFIG).is_file():
        model = models.load_model(path)

        def draw(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
            both = models.sample(model, 2 * count, seed)
            return both[:count], both[count:]

        return _Side(f"run {name} at step {model.step:,}", 10**9, draw, model.form, is_run=True)
    if path.is_dir():
        raise WganError(f"{name} is a folder but no run; give a run folder, a .npy or .npz file, or a data set's name.")
    dataset = data.load(name)
    return _of_rows(str(name), dataset.rows, _own_form(dataset.form))


def _of_rows(name: str, rows: np.ndarray, form: Form | None) -> _Side:
    if rows.ndim == 0:
        raise WganError(f"{name} holds a single number; give an array [n] or [n, d].")

    def draw(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        order = stream(seed, "halves").permutation(len(rows))[: 2 * count]
        return rows[order[:count]], rows[order[count:]]

    return _Side(name, len(rows), draw, form)


def _own_data(run: Path) -> _Side:
    """The data a run was trained on: held-out rows, and training rows for the floor."""
    config = models.load_model(run).config
    dataset = data.dataset_of(config)
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


def _own_form(form: Form) -> Form | None:
    """The form that rows are encoded by where there is no run: of images, and of tables with levels and gaps."""
    return form if form.kind == "images" or isinstance(form, TableForm) else None


def _flat(rows: np.ndarray, form: Form | None, side: _Side) -> np.ndarray:
    if isinstance(form, TableForm) and side.form != form:
        if not isinstance(side.form, TableForm):
            raise WganError(f"{side.name} is not a table with named columns, as the other side is; give a .csv file.")
        rows = to_rows(form, to_frame(side.form, rows), side.name)
    return np.asarray(rows if form is None else form.encode(rows)).reshape(len(rows), -1)


def _numbers(one: W1 | CriticW1) -> dict[str, Any]:
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
    """A Distance in a few lines: the interval, what it estimates, the floor, and what to make of both."""
    one, floor = found.w1, found.floor
    above = one.lower - floor.upper
    if isinstance(one, CriticW1):
        verdict = (
            f"The critic's number is {one.value - floor.value:.4g} above that of the floor; it has no upper bound."
        )
    elif one.upper == 0:
        verdict = "They hold the same rows."
    elif above > 0:
        verdict = f"They are {above:.4g} further apart than the floor. Other seeds show how far chance moves both."
    elif one.upper < floor.lower:
        verdict = "They are nearer than the floor: at this n no difference is shown, or they share rows."
    else:
        verdict = "Distance and floor overlap: at this n and method no difference is shown."
    return (
        f"W1 of {found.first} and {found.second}: {_interval(one)}\n"
        f"  floor, two draws of {found.floor_of}: {_interval(floor)}\n"
        f"  {one.n[0]:,} and {one.n[1]:,} rows, ground distance {found.ground}, {one.method}, {one.seconds:.2g} s\n"
        "  It is W1 of these rows; between what they were drawn from it is smaller on average.\n"
        f"{verdict}"
    )


def _interval(one: W1 | CriticW1) -> str:
    if isinstance(one, CriticW1):
        return f"at least {one.lower:.6g} (certified), the critic says {one.value:.6g}"
    if one.gap <= transport.MEETS * one.upper:
        return f"{one.value:.6g} (exact, to {max(one.gap, 0):.1g})"
    return f"between {one.lower:.6g} and {one.upper:.6g}"
