"""Random convolutions: against loops over every place, and what they see that pixels do not."""

from itertools import product

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from wgan import WganError, data
from wgan.maths import random_features as module
from wgan.maths.metrics.energy import energy_by_chance, energy_distance, mean_distance
from wgan.maths.random_features import random_features

SHAPES = [(9, 1), (21, 3), (8, 9, 1), (11, 10, 3), (6, 7, 9, 2)]


def halved(row):
    """The means over blocks of 2 of one row [*space, channels], in float64; a single entry of an axis stays."""
    sizes = [2 if size > 1 else 1 for size in row.shape[:-1]]
    space = [size // width for size, width in zip(row.shape[:-1], sizes, strict=True)]
    found = np.empty((*space, row.shape[-1]))
    for at in np.ndindex(*space):
        block = row[tuple(slice(i * width, (i + 1) * width) for i, width in zip(at, sizes, strict=True))]
        found[at] = block.reshape(-1, row.shape[-1]).mean(0)
    return found


def filtered(row, filters):
    """The answers [*space, filters] of filters [3^axes * channels, filters], place by place, in float64."""
    space = [size - 2 for size in row.shape[:-1]]
    found = np.zeros((*space, filters.shape[1]))
    shaped = filters.reshape(*[3] * len(space), row.shape[-1], -1)
    for at in np.ndindex(*space):
        for shift in product(range(3), repeat=len(space)):
            found[at] += row[tuple(np.add(at, shift))] @ shaped[shift]
    return found


def by_hand(row, filters):
    averaged, row = row, row.astype(np.float64)
    while averaged.size > module.AVERAGED and max(averaged.shape[:-1]) > 1:
        averaged = halved(averaged)
    groups = [averaged.ravel()]
    for level in filters:
        answers = np.maximum(filtered(row, level.astype(np.float64)), 0)
        flat = answers.reshape(-1, answers.shape[-1])
        groups.append(np.concatenate([flat.mean(0), flat.std(0)]))
        row = halved(answers)
    return groups


@pytest.mark.parametrize("shape", SHAPES)
def test_features_are_those_of_loops_over_every_place(shape):
    rows = np.random.default_rng(0).uniform(-1, 1, (3, *shape)).astype(np.float32)
    filters = module._filters(shape, 0)
    assert len(filters) >= 1
    found = random_features(rows)
    for at, row in enumerate(rows):
        for group, expected in zip(found, by_hand(row, filters), strict=True):
            np.testing.assert_allclose(group[at], expected, rtol=1e-4, atol=1e-5)


def test_the_first_filters_answer_to_edges_and_not_to_brightness():
    for shape in SHAPES:
        channels = shape[-1]
        first = module._filters(shape, 0)[0].reshape(-1, channels, module.FILTERS[0])
        np.testing.assert_allclose(first.sum(0), 0, atol=1e-6)
        colour = np.random.default_rng(1).uniform(-1, 1, channels)
        _, *answers = random_features(np.broadcast_to(colour, (1, *shape)))
        for group in answers:
            np.testing.assert_allclose(group, 0, atol=1e-6)
        edge = np.broadcast_to(colour, (1, *shape)).copy()
        edge[0, : shape[0] // 2] *= -1
        assert max(np.abs(group).max() for group in random_features(edge)[1:]) > 0.01


def test_filters_have_the_variance_of_he():
    """sum w^2 of N normal weights of variance v has mean N v and sd v sqrt(2 N); the band is 5 sd."""
    _, second, third = module._filters((28, 28, 1), 0)
    for filters in (second, third):
        expected, count = 2 / len(filters), filters.size
        assert filters.astype(float).ravel() @ filters.astype(float).ravel() == pytest.approx(
            count * expected, abs=5 * expected * np.sqrt(2 * count)
        )


@pytest.mark.parametrize("block", [1, 700, 2**24])
def test_the_size_of_a_block_does_not_matter(monkeypatch, block):
    rows = np.random.default_rng(0).uniform(-1, 1, (23, 12, 13, 2))
    expected = random_features(rows)
    monkeypatch.setattr(module, "BLOCK", block)
    for group, other in zip(expected, random_features(rows), strict=True):
        np.testing.assert_allclose(other, group, rtol=1e-4, atol=1e-6)


def test_a_row_has_the_same_features_in_any_company_and_dtype():
    rows = np.random.default_rng(0).integers(-100, 100, (9, 8, 8, 1))
    expected = random_features(rows)
    for group, other in zip(expected, random_features(rows[::-1].astype(np.float64)), strict=True):
        np.testing.assert_allclose(other[::-1], group, rtol=1e-4, atol=1e-4)
    for group, other in zip(expected, random_features(rows, seed=1), strict=True):
        assert group.shape == other.shape
    assert np.abs(expected[1] - random_features(rows, seed=1)[1]).max() > 1


def test_rows_that_are_too_small_for_a_filter_have_their_pixels():
    (pixels,) = random_features(np.arange(12.0).reshape(1, 3, 4, 1))
    np.testing.assert_array_equal(pixels, np.arange(12.0)[None])


@pytest.mark.parametrize("shape", [(0, 8, 8, 1), (5, 8), (5,), (2, 4, 4, 4, 4, 1)])
def test_rows_without_space_are_refused(shape):
    with pytest.raises(WganError, match=r"got rows of shape \(.*\); give at least one, \[n, \*space, channels\]"):
        random_features(np.zeros(shape))


def test_they_see_blur_and_pixels_do_not():
    """Rows against blurred rows, in units of what chance gives among real rows of the same number: 1 is chance."""
    dataset, rng = data.load("digits"), np.random.default_rng(0)
    rows = dataset.form.encode(dataset.rows[rng.permutation(len(dataset.rows))[:800]])
    half = len(rows) // 2
    blurred = gaussian_filter(rows[half:], (0, 0.6, 0.6, 0))

    def ratio(groups):
        first, second = groups[0][:half], groups[1]
        return energy_distance(first, second).value / energy_by_chance(groups[0], half, rng)

    def joined(images):
        return np.concatenate([group / scale for group, scale in zip(random_features(images), scales, strict=True)], 1)

    scales = [mean_distance(group) for group in random_features(rows)]
    seen, pixels = ratio([joined(rows), joined(blurred)]), ratio([x.reshape(len(x), -1) for x in (rows, blurred)])
    assert seen > 10
    assert seen > 5 * pixels
