"""The structure along each axis of space: of volumes, and of slices against crops."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

import wgan
from wgan.data import from_array
from wgan.data.crops import crops_of
from wgan.evaluation.in_words import table_in_words
from wgan.evaluation.structure import structure_sets
from wgan.game import slices
from wgan.maths.metrics.structure_metrics import STRUCTURE_METRICS
from wgan.reports.run import metric_rows

SIDE = 16
ALONG = [name for name, metric in STRUCTURE_METRICS.items() if metric.along]
# Standard errors beyond the floor. In 60 draws of volumes as below the largest of 900 along axes that do not differ was
# 1.9, with a standard deviation of 0.65, and the least of 180 along the stretched axis 11.9.
BEYOND = 5
# Differences of slices. In 100 draws as below, seeds 0 to 99, the largest of 1,000 along axes that do not differ
# was 0.029, 0.020 and 0.020, and the least of 200 along the stretched axis 0.55, 0.17 and 0.039.
APART = {"spectrum": 0.1, "autocorrelation": 0.05, "two_point": 0.028}
told_apart = pytest.mark.parametrize("name", ALONG)


def grains(*shape):
    """A medium whose places have nothing to do with each other, uint8 [*shape, 1] of 0 and 1."""
    return np.random.default_rng(shape).integers(2, size=(*shape, 1), dtype=np.uint8)


def stretched(rows, axis):
    """The same rows, twice as coarse along one axis: neighbours have the correlation 1/2.

    Every other row begins within a pair of equal places, as crops do.
    """
    made = [np.take(rows[at::2], (np.arange(rows.shape[axis + 1]) + at) // 2, axis + 1) for at in range(2)]
    found = np.empty_like(rows)
    found[::2], found[1::2] = made
    return found


@pytest.fixture(scope="module")
def volumes():
    return [grains(count, SIDE, SIDE, SIDE) for count in (40, 41)]


@pytest.fixture(scope="module")
def report(volumes):
    return wgan.evaluate(*volumes, kind="volumes")


@pytest.mark.parametrize("axis", range(3))
@told_apart
def test_volumes_that_are_stretched_along_one_axis_differ_along_it_alone(name, axis, volumes):
    dataset, halves = from_array(volumes[0], kind="volumes"), np.split(np.arange(40), 2)
    sets, floor = structure_sets(dataset, stretched(volumes[1], axis), *halves, 20)
    along = [[STRUCTURE_METRICS[name].along(one, at) for one in (sets, floor)] for at in range(3)]
    beyond = [(one.value - least.value) / np.hypot(one.error, least.error) for one, least in along]
    assert beyond.pop(axis) > BEYOND
    assert max(beyond) < BEYOND


@pytest.mark.parametrize("name", [name for name in ALONG if name != "spectrum"])  # which has all directions as a whole
def test_the_square_of_a_difference_is_the_mean_of_those_along_the_axes(name, report):
    found = report["metrics"][name]
    for key in ("value", "floor"):
        assert found[key] ** 2 == pytest.approx(np.mean([one[key] ** 2 for one in found["by_axis"]]), rel=1e-9)


@pytest.mark.parametrize("shape", [(40, 48, 2), (40, 16, 16, 1), (40, 5)], ids=["signals", "pictures", "a table"])
def test_signals_pictures_and_tables_have_no_axes_to_tell_apart(shape):
    random = np.random.default_rng(0)
    found = wgan.evaluate(random.random(shape), random.random(shape), features="rows")["metrics"]
    assert not any("by_axis" in one for one in found.values())


def in_turn(volumes):
    """The slices of volumes as the critic sees them: those perpendicular to the three axes take turns."""
    side = volumes.shape[1]
    at = slices.spread(len(volumes), side)
    every = [(k, axis) for k in range(slices.EACH) for axis in range(slices.AXES)]
    return np.stack([np.take(one, at[i, k, axis], axis) for i, one in enumerate(volumes) for k, axis in every])


@pytest.mark.parametrize("each", [True, False], ids=["each", "isotropic"])
@told_apart
def test_slices_that_are_stretched_along_an_axis_of_their_volumes_differ_along_it_alone(name, each, volumes):
    image, axis = grains(3, 256, 256), 1
    if each:  # images perpendicular to axes 0 and 2 hold axis 1, as their first and as their second axis
        image = np.stack([stretched(image, 0)[0], image[1], stretched(image, 1)[2]])
    dataset = crops_of(from_array(image, kind="images"), SIDE, 0.2, seed=0, each=each)
    train, held_out = np.flatnonzero(~dataset.apart)[:600], np.flatnonzero(dataset.apart)[:600]
    alike, other = (stretched(volumes[0], axis), volumes[0]) if each else (volumes[0], stretched(volumes[0], axis))
    for made, differs in ((alike, False), (other, True)):
        sets, floor = structure_sets(dataset, in_turn(made), train, held_out, 720)
        values = [STRUCTURE_METRICS[name].along(sets, at).value for at in range(3)]
        assert [value > APART[name] for value in values] == [differs and at == axis for at in range(3)]
        assert max(STRUCTURE_METRICS[name].along(floor, at).value for at in range(3)) < APART[name]


def test_own_axes_are_those_of_the_slices_of_a_volume():
    grid = np.stack(np.meshgrid(*[np.arange(8)] * 3, indexing="ij"), -1)[None]  # a voxel holds its three indices
    own = slices.own_axes(np.arange(12) % 3)
    for one, axes in zip(in_turn(grid), own, strict=True):
        for axis, at in enumerate(axes):
            along = [np.ptp(one[..., axis], this).max() > 0 for this in range(2)]
            assert along == [this == at for this in range(2)]


def test_an_axis_that_no_held_out_slice_has_is_named(volumes):
    dataset = crops_of(from_array(grains(3, 64, 64), kind="images"), SIDE, 0.3, seed=0, each=True)
    held_out = np.flatnonzero(dataset.apart & (dataset.axis == 1))[:40]
    sets, _ = structure_sets(dataset, in_turn(volumes[0]), np.flatnonzero(~dataset.apart), held_out, 720)
    with pytest.raises(wgan.WganError, match="no row of a set lies along this axis"):
        STRUCTURE_METRICS["autocorrelation"].along(sets, 1)


def test_the_axes_stand_below_their_metric_in_the_text_and_in_the_report(report):
    lines = table_in_words(report)
    first = next(at for at, line in enumerate(lines) if line.startswith("two-point function"))
    after = [line.split()[:3] for line in lines[first:] if line.startswith("  along axis")]
    assert after == [["along", "axis", str(axis)] for axis in range(3)]
    assert "The two-point function of the samples is not seen to differ from the data's along any axis." in lines
    rows = metric_rows(SimpleNamespace(evaluation=json.loads(json.dumps(report))))
    names = [row["name"] for row in rows if row["name"].startswith("two-point function")]
    assert names == ["two-point function", *(f"two-point function, axis {axis}" for axis in range(3))]
    assert len({row["value"] for row in rows if row["name"].startswith("two-point function")}) == 4
