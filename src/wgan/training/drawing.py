"""Samples on request, in parts that fit in memory; the parts together are the rows of one draw."""

import math
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from wgan.data import Form
from wgan.data.conditions import Columns, Condition
from wgan.data.download import cache
from wgan.data.labels import Classes
from wgan.data.said import Said, said
from wgan.errors import WganError
from wgan.files.memory import SHARE, free, in_words, refuse_more_than_free
from wgan.files.reading import reason
from wgan.maths import streams
from wgan.maths.exact import whole_number
from wgan.training.latents import Latents

USUAL = 64  # samples, if nobody says how many
CHUNK = 512  # rows generated at once; the rows of other chunks could differ in the last bit
VALUES = 2**25  # of the encoded rows of a chunk, at most: the maps of a network have many more
MOST, ROOM = 128, 64 * 2**20  # chunks in a part, and the bytes that a part may take where one chunk takes less

IN_MEMORY = 2**27  # bytes of samples that are measured; more of them lie in a file

Encoded = Callable[[np.ndarray, np.ndarray | None], np.ndarray]  # of z [n, latent] and codes [n], n <= CHUNK


class Drawn(NamedTuple):
    """`total` samples that are made when they are asked for: `rows` and `labels` give them in parts, from the first."""

    form: Form
    total: int
    rows: Callable[[], Iterator[np.ndarray]]
    labels: Callable[[], Iterator[np.ndarray]] | None = None  # the names of their classes
    conditions: Callable[[], Iterator[np.ndarray]] | None = None  # the numbers that they were given, apart from rows
    warnings: tuple[str, ...] = ()  # on conditions beyond those of the training data
    said: tuple[str, ...] = ()  # the columns whose values were asked for
    given: tuple[str, ...] = ()  # the columns that the generator is given


def drawn(
    form: Form,
    classes: Condition | None,
    z_shape: tuple[int, ...],
    count: int | None,
    seed: int,
    asked: Any,
    encoded: Encoded,
    latents: Latents | None = None,
) -> Drawn:
    """The samples of a generator that `encoded` computes from z; the same seed gives the same ones.

    `asked` is a label or a condition, as `said` takes it. None for `count` is a sample for each of several conditions,
    or `USUAL` samples. `z_shape` is the shape of the z of one row. `latents` are `count` latents to use instead of
    those that `seed` draws.
    """
    seed, told = whole_number(seed, "seed", 0), said(classes, asked)
    count = (told.asked if told and told.asked > 1 else USUAL) if count is None else count
    refuse_fewer(told, count)
    given = latents.of(math.prod(z_shape)).reshape(-1, *z_shape) if latents else None
    if told is None and classes is not None and latents is not None and latents.one_class:
        told = Said(classes.draw(streams.stream(seed, "labels"), 1), 1)
    size, chunk_size = rows_of_part(form), chunk_of(form)
    columns = classes if isinstance(classes, Columns) else None

    def rows() -> Iterator[np.ndarray]:
        z = streams.stream(seed, "sample")
        codes = _codes(classes, count, seed, told, size)
        for first in range(0, count, size):
            some = next(codes)
            parts = []
            for at in range(first, min(first + size, count), chunk_size):
                if given is None:
                    chunk = z.standard_normal((min(chunk_size, count - at), *z_shape), dtype=np.float32)
                else:
                    chunk = given[at : at + chunk_size]
                parts.append(encoded(chunk, None if some is None else some[at - first : at - first + chunk_size]))
            decoded = form.decode(np.concatenate(parts), first)
            yield decoded if columns is None or some is None else columns.join(decoded, some)

    def conditions() -> Iterator[np.ndarray]:
        for codes in _codes(classes, count, seed, told, size):
            assert codes is not None
            yield codes

    def labels() -> Iterator[np.ndarray]:
        assert isinstance(classes, Classes)
        return map(classes.named, conditions())

    warnings = told.warnings if told else ()
    if columns is not None:
        apart = None if columns.places else conditions
        asked_for = told.columns if told else ()
        return Drawn(columns.joined(form), count, rows, None, apart, warnings, asked_for, columns.names)
    return Drawn(form, count, rows, None if classes is None else labels, None, warnings)


def given(rows: np.ndarray, form: Form, labels: np.ndarray | None = None) -> Drawn:
    """Rows that exist already, as samples for `samples.write`."""
    return Drawn(form, len(rows), lambda: iter([rows]), None if labels is None else lambda: iter([labels]))


def whole(samples: Drawn) -> np.ndarray:
    """All samples as one array. Raises WganError if they take more memory than is free."""
    count = whole_number(samples.total, "the number of samples", least=0)
    form = samples.form
    each = np.dtype(form.dtype).itemsize * math.prod(form.shape)
    refuse_more_than_free(
        count * each,
        f"an array of {count:,} samples",
        f"ask for {max(1, int(SHARE * free() / each)):,} or fewer, or write them to a file with wgan sample",
    )
    return _filled(np.empty((count, *form.shape), form.dtype), samples)


def to_measure(samples: Drawn) -> np.ndarray:
    """All samples as one array, which is a map of a nameless file in the cache if it is large.

    So volumes are measured in less memory than they take. Raises WganError if the disk has no room for the file.
    """
    form, shape = samples.form, (samples.total, *samples.form.shape)
    size = np.dtype(form.dtype).itemsize * math.prod(shape)
    if size <= IN_MEMORY:
        return whole(samples)
    folder = cache()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)  # a map of a full disk would kill the process
            return _filled(np.memmap(file, form.dtype, "w+", shape=shape), samples)
    except OSError as fault:
        raise WganError(
            f"{samples.total:,} samples take {in_words(size)} of {str(folder)!r} while they are measured "
            f"({reason(fault)}); make room, ask for fewer, or set XDG_CACHE_HOME to a larger disk."
        ) from fault


def _filled(rows: np.ndarray, samples: Drawn) -> np.ndarray:
    done = 0
    for part in samples.rows():
        rows[done : done + len(part)] = part
        done += len(part)
    return rows


def rows_of_part(form: Form) -> int:
    """How many rows are made before they are written: whole chunks."""
    each, chunk = 8 * (math.prod(form.encoded_shape) + math.prod(form.shape)), chunk_of(form)
    return chunk * max(1, min(MOST, ROOM // (chunk * each)))


def chunk_of(form: Form) -> int:
    """How many rows are generated at once: fewer of large volumes, whose maps would fill the memory."""
    return max(1, min(CHUNK, VALUES // math.prod(form.encoded_shape)))


def refuse_fewer(told: Said | None, count: int) -> None:
    """Raise WganError for fewer samples than conditions, of which each is to have at least one."""
    if told is not None and told.asked > count:
        samples = "1 sample" if count == 1 else f"{count:,} samples"
        raise WganError(f"{told.asked:,} conditions are given for {samples}; give fewer, or ask for more.")


def _codes(
    classes: Condition | None, count: int, seed: int, told: Said | None, size: int
) -> Iterator[np.ndarray | None]:
    """The condition of each sample in parts: those `told` by turns, or drawn from the data; None without one."""
    rng = streams.stream(seed, "labels")
    for first in range(0, count, size):
        some = min(size, count - first)
        if classes is None:
            yield None
        elif told is None:
            yield classes.draw(rng, some)
        else:
            yield told.values[np.arange(first, first + some) % len(told.values)]
