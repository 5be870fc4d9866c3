"""The simulator of showers against what its law says: quadrature, moments, chances and plain loops."""

import numpy as np
import pytest

from wgan import WganError
from wgan.maths import showers as simulator
from wgan.maths import streams
from wgan.maths.showers import (
    ENERGIES,
    LARGEST,
    LAYERS,
    SPOT,
    VOXELS,
    angle_shares,
    chance_of_zero,
    energies,
    expected,
    features,
    in_mev,
    layer_shares,
    logged,
    mean_layer_shares,
    parts,
    places,
    profiles,
    ring_shares,
    showers,
    threshold,
)

N = 3000


def drawn(energy, n=N, seed=0):
    every = np.full(n, energy)
    return every, profiles(every, streams.stream(seed, "showers"))


@pytest.fixture
def bare(monkeypatch):
    """Showers without a threshold."""
    monkeypatch.setattr(simulator, "THRESHOLD", 0.0)
    monkeypatch.setattr(simulator, "RANGE", 0.0)


def test_the_voxels_are_those_of_the_challenge():
    assert [layer.voxels for layer in LAYERS] == [8, 160, 190, 5, 5]
    assert [part.stop for part in parts()] == [8, 168, 358, 363, 368]
    assert VOXELS == 368
    assert (len(ENERGIES), ENERGIES[0], ENERGIES[-1]) == (15, 256, 2**22)


def test_energies_are_the_15_steps_or_log_uniform():
    steps = energies(15_000, 0)
    found, counts = np.unique(steps, return_counts=True)
    assert (found == ENERGIES).all()
    assert np.abs(counts - 1000).max() < 5 * 1000**0.5
    smooth = np.log2(energies(10_000, 0, "log-uniform") / 256) / 14
    assert (smooth.mean(), smooth.std()) == pytest.approx((0.5, 12**-0.5), abs=0.015)
    with pytest.raises(WganError, match="give one of steps, log-uniform"):
        energies(3, 0, "uniform")


def test_showers_depend_on_the_seed_alone():
    energy = energies(200, 0)
    assert (showers(energy, 1) == showers(energy[:, 0], 1)).all()
    assert (showers(energy, 1) != showers(energy, 2)).any()


@pytest.mark.parametrize("energy", [256.0, 8192.0, 2.0**22])
def test_the_depth_profile_is_that_of_the_law(energy):
    shares = layer_shares(drawn(energy, 20_000)[1])
    truth = mean_layer_shares(energy)
    assert (np.abs(shares.mean(0) - truth) < 5 * shares.std(0) / 20_000**0.5 + 2e-4).all()
    assert shares.sum(1).max() <= 1 + 1e-12


def test_showers_of_more_energy_are_deeper_and_vary_less():
    """hep-ex/0001020: log T has the mean log(log y - 0.812) and the standard deviation 1 / (1.26 log y - 1.4)."""
    depth = []
    for energy in ENERGIES[::7]:
        y = np.log(energy / simulator.CRITICAL)
        _, profile = drawn(energy, 20_000)
        log_maximum = np.log(profile.maximum)
        deviation = 1 / (1.26 * y - 1.4)
        assert abs(log_maximum.mean() - np.log(y - 0.812)) < 5 * deviation / 20_000**0.5
        assert log_maximum.std() == pytest.approx(deviation, rel=5 / 40_000**0.5)
        middle = [np.mean(layer.depth) for layer in LAYERS]
        depth.append(mean_layer_shares(energy) @ middle)
    together = np.corrcoef(log_maximum, np.log(profile.shape))[0, 1]
    assert together == pytest.approx(0.705 - 0.023 * y, abs=0.04)
    assert (np.diff(depth) > 2).all()


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("energy", [256.0, 65536.0])
def test_sampling_keeps_the_mean_and_has_the_error_of_a_calorimeter(energy):
    """The energy of a layer has its expected mean; its variance given the profile is 2 SPOT times the mean."""
    every, profile = drawn(energy)
    means = expected(every, profile)
    # `showers` draws its own profiles, so the same sum is compared over all showers
    total, wanted = showers(every, 3).sum(1), means.sum(1)
    error = np.hypot(total.std(), wanted.std()) / N**0.5
    assert abs(total.mean() - wanted.mean()) < 5 * error
    within = 2 * SPOT * wanted.mean()
    assert total.var() == pytest.approx(wanted.var() + within, rel=0.2)
    assert (within**0.5 / energy) == pytest.approx(0.1 / (energy / 1000) ** 0.5, rel=0.06)


@pytest.mark.parametrize("energy", [512.0, 65536.0])
def test_the_share_of_zeros_is_that_of_the_law(energy):
    every, profile = drawn(energy, 600, seed=7)
    truth = chance_of_zero(expected(every, profile), threshold(every)[:, None]).mean(1)
    found = (showers(np.full(N, energy), 8) == 0).mean(1)
    assert abs(found.mean() - truth.mean()) < 5 * np.hypot(found.std() / N**0.5, truth.std() / 600**0.5)
    assert found.std() / N**0.5 < 0.003


def test_more_than_half_of_the_voxels_are_zero_and_fewer_at_high_energy():
    energy = energies(N, 0)
    zero = (showers(energy, 0) == 0).mean(1)
    assert 0.5 < zero.mean() < 0.6
    assert zero[energy[:, 0] == 256].mean() > 0.85
    rows = showers(energy, 0)
    assert (rows[rows > 0] >= 2).all()


def test_the_chance_of_zero_is_that_of_many_draws():
    random = np.random.default_rng(0)
    for mean, least in ((3.0, 2.0), (30.0, 20.0), (900.0, 1000.0)):
        spots = random.poisson(mean / SPOT, 40_000)
        found = (SPOT * random.standard_gamma(np.maximum(spots, 1e-9)) < least).mean()
        truth = float(chance_of_zero(np.array(mean), np.array(least)))
        assert abs(found - truth) < 5 * (truth * (1 - truth) / 40_000) ** 0.5
        assert 0.05 < truth < 0.95


def test_a_core_and_a_tail_share_the_radius():
    """Showers are narrow before their maximum and wide behind it, and the rings miss little of them."""
    every, profile = drawn(65536.0)
    of_middle = ring_shares(every, profile, LAYERS[2])
    assert (of_middle >= 0).all()
    assert of_middle.sum(1).min() > 0.97
    assert of_middle.sum(1).max() <= 1
    early = ring_shares(every, profile._replace(maximum=4 * profile.maximum), LAYERS[2])
    late = ring_shares(every, profile._replace(maximum=profile.maximum / 2), LAYERS[2])
    inside = [rings[:, :5].sum(1).mean() for rings in (early, of_middle, late)]  # below 20 mm
    assert inside[0] > inside[1] > inside[2]


def test_one_side_has_more_in_each_shower_and_none_on_average():
    _, profile = drawn(1024.0, 20_000)
    shares = angle_shares(profile, LAYERS[1])
    np.testing.assert_allclose(shares.sum(1), 1)
    assert shares.max() / shares.min() > 2
    assert np.abs(shares.mean(0) - 0.1).max() < 5 * shares.std() / 20_000**0.5
    assert (angle_shares(profile, LAYERS[0]) == 1).all()


def test_features_are_those_of_plain_loops():
    rows = showers(energies(5, 3), 4)
    rows[2, parts()[3]] = 0
    found, names = features(rows)
    assert found.shape == (5, len(names))
    assert len(set(names)) == len(names) == 29
    for row, values in zip(rows, found, strict=True):
        named = dict(zip(names, values, strict=True))
        assert named["energy"] == pytest.approx(row.sum())
        for layer, part in zip(LAYERS, parts(), strict=True):
            voxels = row[part].reshape(layer.angles, -1)
            total = centre = square = x = 0.0
            for angle in range(layer.angles):
                for ring in range(voxels.shape[1]):
                    radius = (layer.radii[ring] + layer.radii[ring + 1]) / 2
                    total += voxels[angle, ring]
                    centre += voxels[angle, ring] * radius
                    square += voxels[angle, ring] * radius**2
                    x += voxels[angle, ring] * radius * np.cos(2 * np.pi * (angle + 0.5) / layer.angles)
            centre, square, x = (value / total if total else 0.0 for value in (centre, square, x))
            assert named[f"energy_{layer.number}"] == pytest.approx(total)
            assert named[f"filled_{layer.number}"] == pytest.approx((voxels > 0).mean())
            assert named[f"radius_{layer.number}"] == pytest.approx(centre)
            assert named[f"width_radius_{layer.number}"] == pytest.approx(max(0, square - centre**2) ** 0.5, abs=1e-5)
            if layer.angles > 1:
                assert named[f"x_{layer.number}"] == pytest.approx(x)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: showers([100.0], 0), "100 MeV; showers are known from 256 to 4.1943e.06 MeV"),
        (lambda: showers(np.ones((3, 2)), 0), "one energy in MeV for each shower"),
        (lambda: features(np.ones((3, 7))), "give showers .n, 368."),
        (lambda: showers([np.nan], 0), "NaN"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(act, said):
    with pytest.raises(WganError, match=said):
        act()


def test_logged_showers_are_read_back_and_empty_voxels_are_0():
    energy = energies(40, 0)
    rows = showers(energy, 0)
    found = logged(rows, energy)
    np.testing.assert_allclose(in_mev(found, energy), rows, rtol=1e-12)
    assert ((found > 0) == (rows > 0)).all()
    assert found.max() < LARGEST
    # a voxel of twice the threshold, 2 MeV below 6.7 GeV and 0.03 % of the energy above
    for photon, least in ((256.0, 2.0), (1e6, 300.0)):
        one = np.zeros((1, 368))
        one[0, 3] = 2 * least
        assert logged(one, np.array([photon]))[0, 3] == pytest.approx(np.log(2))


def test_a_critic_averages_places_that_are_near_for_much_of_the_energy():
    rows = showers(energies(300, 1), 1)
    for layer, part, found in zip(LAYERS, parts(), places(), strict=True):
        root, *along = np.array(found)
        assert root.shape == (layer.voxels,)
        assert len(along) == (2 if layer.angles > 1 else 0)
        energy = rows[:, part].sum(0)
        assert 0.3 < (energy * root).sum() / energy.sum() < 3
        for axis in along:  # opposite angles cancel
            assert abs(axis.sum()) < 1e-9
