"""The structure of samples against held-out rows while a run trains: spectra, correlations, phases and amplitudes.

It is measured on rows with axes of space that are not pictures: signals, volumes, and images of other channels or of
few values. The log has a few numbers for each measure, and the report draws the curves of the newest measurement.
"""

from typing import Any, NamedTuple

import numpy as np

from wgan.errors import WganError
from wgan.maths.metrics.measures import Measurement
from wgan.maths.metrics.registry import measurement
from wgan.maths.metrics.structure import Curve, variances, varying
from wgan.maths.metrics.structure_curves import structure_curves, worst_place
from wgan.maths.metrics.structure_metrics import STRUCTURE_METRICS, StructureSets, curve_difference, most_rows

Record = dict[str, float]
Curves = dict[str, Any]  # what structure.json holds


class Known(NamedTuple):
    """The real rows [n, *space, channels] that samples are compared with, their curves, and the floors.

    `channels` are the channels in which they vary, and `variance` are the variances of these. `along` are the curves
    along each axis of space with what other real rows score there, if rows have several axes that are told apart.
    """

    rows: np.ndarray
    curves: dict[str, Curve]
    channels: np.ndarray
    variance: np.ndarray
    floors: Record
    along: tuple[dict[str, tuple[Curve, Measurement]], ...] = ()


def prepare(real: np.ndarray, others: np.ndarray, by_axis: bool = True) -> Known:
    """The structure of real rows, and as floors what `others`, other real rows, score in the place of samples.

    Without `by_axis` the axes of space are not told apart, as those of slices, which lie in several directions.
    """
    channels = np.flatnonzero(varying(real))
    variance = variances(real[..., channels]) if len(channels) else np.empty(0)
    floors = {f"{name}_floor": value for name, value in _values(real, others).items()}
    along = tuple(
        _with_floors(structure_curves(real, real, axis), structure_curves(others, real, axis), variance)
        for axis in (range(real.ndim - 2) if by_axis and real.ndim > 3 else ())
    )
    return Known(real, structure_curves(real, real), channels, variance, floors, along)


def _with_floors(
    real: dict[str, Curve], others: dict[str, Curve], variance: np.ndarray
) -> dict[str, tuple[Curve, Measurement]]:
    """The curves of real rows that other real rows have too, and the difference of the two."""
    return {
        name: (curve, curve_difference(name, curve, others[name], variance))
        for name, curve in real.items()
        if name in others
    }


def compare(known: Known, samples: np.ndarray) -> tuple[Record, Curves]:
    """The logged numbers of samples at rest beside the real rows, and the curves of both."""
    samples = samples[: most_rows(samples.shape[1:])]
    record, drawn = _values(known.rows, samples), {}
    made = structure_curves(samples, known.rows)
    for name, real in known.curves.items():
        if name not in made or name not in record:
            continue
        if found := worst_place(name, real, made[name], known.variance):
            record |= {f"{name}_worst": found.difference, f"{name}_worst_error": found.error}
            at = known.channels[int(found.at)] if name == "channels" else found.at
            record[f"{name}_worst_at"] = float(at)
            if samples.shape[-1] > 1:
                record[f"{name}_worst_channel"] = float(known.channels[found.channel])
        if real.at.ndim == 1:  # pairs of channels are not drawn
            drawn[name] = _both(real, made[name])
    rows = {"real_rows": len(known.rows), "samples": len(samples)}
    along = [_along(known, axis, structure_curves(samples, known.rows, axis)) for axis in range(len(known.along))]
    return record, {**rows, "channels": known.channels.tolist(), "curves": drawn, "along": along}


def _along(known: Known, axis: int, made: dict[str, Curve]) -> Curves:
    """The curves of both along one axis of space, with their difference, its error, and those of the floor."""
    found = {}
    for name, (real, floor) in known.along[axis].items():
        if name in made:
            value = curve_difference(name, real, made[name], known.variance)
            numbers = {"value": value.value, "error": value.error, "floor": floor.value, "floor_error": floor.error}
            found[name] = _both(real, made[name]) | {key: number or 0.0 for key, number in numbers.items()}
    return found


def _both(real: Curve, made: Curve) -> Curves:
    return {"at": real.at.tolist(), "real": _drawn(real), "samples": _drawn(made)}


def _values(real: np.ndarray, fake: np.ndarray) -> Record:
    """The structure metrics that these rows can have, by name."""
    sets, found = StructureSets(real, fake), {}
    for name, metric in STRUCTURE_METRICS.items():
        if metric.applies(sets):
            try:
                found[name] = measurement(name, sets, STRUCTURE_METRICS).value
            except WganError:  # too few rows, or samples that do not vary
                continue
    return found


def _drawn(curve: Curve) -> dict[str, Any]:
    """The mean of each line of a curve and its standard error, in six digits."""
    error = np.nan_to_num(curve.error)
    return {
        key: [[float(f"{x:.6g}") for x in line] for line in values.T.tolist()]
        for key, values in (("mean", curve.mean), ("error", error))
    }
