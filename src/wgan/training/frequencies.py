"""How often samples of a table show each level, gap and spike beside all real rows, while a run trains."""

from typing import Any, NamedTuple

import numpy as np

from wgan.data import frequencies
from wgan.data.columns import TableForm
from wgan.data.frequencies import Counted
from wgan.maths import streams
from wgan.training.comparison import COUNT
from wgan.training.model import encoder, z_shape
from wgan.training.state import Training, model_of

BLOCKS = 8  # of `COUNT` samples each, so that the engine compiles nothing for another number of rows


class Known(NamedTuple):
    """How many real rows are of each kind, and the z and the conditions of the samples, in blocks."""

    real: Counted
    z: tuple[np.ndarray, ...]
    codes: tuple[np.ndarray | None, ...]


def prepare(training: Training) -> Known | None:
    """Count the real rows, held-out ones too, and draw the z; None for data without levels, gaps and spikes."""
    form = training.dataset.form
    if not isinstance(form, TableForm):
        return None
    real = np.concatenate([training.rows, training.held_out])
    counted = frequencies.counted(form, training.dataset.rows[real])
    if not counted.counts:
        return None
    rng, shape = streams.stream(training.config.seed, "frequencies"), (COUNT, *z_shape(training.config))
    z = tuple(rng.standard_normal(shape, dtype=np.float32) for _ in range(BLOCKS))
    codes: list[np.ndarray | None] = [None] * BLOCKS
    if training.codes is not None:
        codes = [training.codes[rng.choice(training.rows, COUNT)] for _ in range(BLOCKS)]
    return Known(counted, z, tuple(codes))


def compare(known: Known, training: Training) -> dict[str, Any]:
    """The logged number of kinds that samples show far too seldom or too often, and the surest of them in words."""
    form, encoded = training.dataset.form, encoder(model_of(training))
    assert isinstance(form, TableForm)
    blocks = zip(known.z, known.codes, strict=True)
    samples = form.decode(np.concatenate([encoded(z, codes) for z, codes in blocks]))
    found = frequencies.compare(form, known.real, frequencies.counted(form, samples))
    if found is None:
        return {}
    record: dict[str, Any] = {"unlike_levels": float(len(found.named))}
    if found.named:
        surest = found.named[0]
        record["unlike_level"] = frequencies.phrase(surest, found)
        record["unlike_level_numbers"] = frequencies.numbers(surest, found)
    return record
