"""Verdicts as functions of a log: contracts over all of them, both sides of each limit, and what they may not say."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as choose
from hypothesis import strategies as st
from logs import STEPS, log
from scipy.stats import binom

from wgan import Config
from wgan.config import FIELDS
from wgan.errors import by_command
from wgan.game.constraints import CONSTRAINTS
from wgan.game.objectives import OBJECTIVES
from wgan.reports.ignored import SHUFFLED
from wgan.reports.series import LEAST_FALL, NORMAL
from wgan.reports.structure import ERRORS, TIMES
from wgan.reports.verdicts import (
    COVERED,
    FAR,
    FLATTEST,
    GRADIENT_NORMS,
    HARDLY,
    MARGIN,
    MISSED,
    NEAR_FLOOR,
    REALISTIC,
    SAME,
    SHOWN,
    STEEPEST,
    VERDICTS,
    at_floor,
    lacks_most,
    verdicts,
)
from wgan.reports.verdicts import FEW as FEWEST_KINDS
from wgan.runs.quantities import QUANTITIES

ERROR = MARGIN / 10  # of the energy distance


def apart(value):
    """An energy distance of this value since the first step; chance gives up to half of `MARGIN`."""
    return {
        "energy_distance": np.where(STEPS == 0, 1.5, value), "energy_distance_error": ERROR,
        "energy_distance_chance": MARGIN / 2,
    }  # fmt: skip


HEALTHY = apart(MARGIN / 4) | {
    "estimate": 0.5, "held_out_estimate": 0.45, "w1": np.where(STEPS == 0, 7.0, 3.3), "generator_w1": 3.4,
    "w1_floor": 3.2, "copied": 0.0, "copied_floor": 0.0, "coverage": 0.95, "coverage_floor": 0.95, "precision": 0.94,
    "precision_floor": 0.95, "support": 900.0, "support_lower": 600.0, "support_upper": 1500.0, "support_floor": 1000.0,
    "missing_mass": 0.0, "missing_mass_lower": 0.0, "missing_mass_upper": 0.02, "kinds": 10.0, "kinds_lower": 10.0,
    "kinds_upper": 10.0, "kinds_floor": 10.0, "largest_class": 3.0, "largest_class_share": 0.12, "diversity": 0.98,
    "gradient_norm_fake": 1.1, "gradient_norm_real": 1.0, "generator_gradient": 2.0, "memorised_score": 0.05,
    "memorised_score_error": 0.06, "measured_rows": 180.0,
}  # fmt: skip
SEEN = apart((MARGIN + FAR) / 2)  # beyond chance, but not far
AWAY = apart(2 * FAR)
MEMORY = SEEN | {"held_out_estimate": 0.1, "memorised_score": 0.4, "memorised_score_error": 0.05}
IGNORED = {"dependence": 0.02, "dependence_floor": 0.5, "dependence_p": 0.4, "dependence_of": 1.0}
FAULTY = {
    "exploding critic": AWAY | {"gradient_norm_real": 500.0},
    "vanishing gradient": AWAY | {"gradient_norm_fake": 1e-6},
    "dead generator": AWAY | {"generator_gradient": 1e-9},
    "memorising generator": {"copied": 0.5},
    "mode collapse": AWAY | {"support": 45.0, "support_lower": 40.0, "support_upper": 50.0},
    "memorising critic": MEMORY,
    "difference from the data": AWAY,
    "ignored condition": IGNORED,
}
FALLING = np.where(STEPS == 0, 1.5, np.linspace(9 * FAR, 2 * FAR, len(STEPS)))
NOTED = {
    "told": SEEN,
    "told and still falling": AWAY | {"energy_distance": FALLING / 2 - FAR},
    "far and still falling": AWAY | {"energy_distance": FALLING},
    "not proven": {"energy_distance_error": MARGIN},
    "less real": {"precision": 0.5},
    "a missed mass": SEEN | {"missing_mass_lower": 0.5},
    "less various": {"support_lower": 200.0, "support_upper": 300.0},
    "nothing held out": {"energy_distance": np.nan, "w1": np.nan},
    "too few held out": {"energy_distance": np.nan},
    "memory of a note": MEMORY | {"held_out_estimate": 0.3},
    "without a floor": SEEN | {"w1_floor": np.nan},
}


def names(found, kind="fault"):
    return [one.name for one in found if one.kind == kind]


def the(name, found):
    """The verdict of this name, or None."""
    return next((one for one in found if one.name == name), None)


@pytest.mark.parametrize("name", VERDICTS)
def test_each_survives_any_log_and_tells_its_own_name(name):
    nothing = np.full(len(STEPS), np.nan)
    for columns in ({}, dict.fromkeys(HEALTHY, nothing), dict.fromkeys(HEALTHY, np.array(["x"] * len(STEPS), object))):
        found = VERDICTS[name]({"step": STEPS, **columns}, {})
        assert found is None or (name, "Nothing says") == ("difference from the data", found.sentence[:12])
    assert verdicts({}) == []
    assert verdicts({"step": np.array([])}) == []
    for columns in (FAULTY.get(name, {}), *NOTED.values()):
        found = VERDICTS[name](log(**HEALTHY | columns), {})
        assert found is None or found.name == name
        if name in FAULTY and columns is FAULTY[name]:
            assert found.kind == "fault"


def test_every_fault_has_a_case_and_a_healthy_log_has_none():
    assert list(FAULTY) == list(VERDICTS)[: len(FAULTY)]
    found = verdicts(log(**HEALTHY))
    assert names(found) == []
    assert found[0].sentence == "The samples cannot be told from held-out rows."
    assert names(found, "good") == ["difference from the data"]


@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_is_the_first_verdict_and_the_only_fault(name):
    found = verdicts(log(**HEALTHY | FAULTY[name]))
    assert found[0].name == name
    assert names(found) == [name]
    assert names(found, "good") == []


def test_a_cause_is_told_without_what_follows_from_it():
    everything = {name: value for one in FAULTY.values() for name, value in one.items()} | AWAY
    assert names(verdicts(log(**HEALTHY | everything))) == ["exploding critic"]


@pytest.mark.parametrize("columns", [*FAULTY.values(), *NOTED.values()], ids=[*FAULTY, *NOTED])
def test_each_is_told_in_whole_sentences_without_what_is_missing(columns):
    for lost in (None, *HEALTHY):
        for one in verdicts(log(**{name: value for name, value in (HEALTHY | columns).items() if name != lost})):
            for text in (one.sentence, one.evidence, one.remedy):
                assert not re.search(r"\bnan\b|\bNaN\b|\binf\b|  ", text), (lost, text)
                assert text == text.strip(), (lost, text)
                assert not text or text.endswith("."), (lost, text)
            assert one.remedy or one.kind == "good" or "nothing left" in one.sentence


CHOICES = {
    "constraint": list(CONSTRAINTS), "objective": list(OBJECTIVES), "held_out": [0.0, 0.1],
    "generator_norm": list(FIELDS["generator_norm"].metadata["choices"]),
}  # fmt: skip


@pytest.mark.parametrize(("field", "one_of"), [(field, value) for field, values in CHOICES.items() for value in values])
@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_no_remedy_names_what_the_config_uses_or_does_not_read(constraint, field, one_of):
    config = Config(constraint=constraint).replace(**{field: one_of})
    clipped = {"clipped_weights": 0.9} if config.constraint == "clip" else {}
    count = 0
    for columns in (*FAULTY.values(), *NOTED.values(), {"fault": np.array(["x became nan"] * len(STEPS), object)}):
        with by_command():
            found = verdicts(log(**HEALTHY | columns | clipped), config.to_json())
        for one in found:
            changed, told = config, re.findall(r"--([a-z-]+)(?: ([a-z0-9.-]*[a-z0-9]))?", one.remedy)
            for flag, value in told:
                name = flag.replace("-", "_")
                assert name in FIELDS, one.remedy
                if value not in ("", "and", "or", "with", "may", "which"):
                    chosen = float(value) if name == "held_out" else value
                    assert chosen != getattr(config, name), one.remedy
                    changed = changed.replace(**{name: chosen})  # an error if no such value is allowed
                    count += 1
                else:
                    assert name not in changed.unread(), one.remedy
    assert count or config.constraint == "gradient-penalty"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "held_out=0.1"),
        ({"held_out": 0.0}, "held_out=0.1"),
        ({"held_out": 0.1}, "Hold more rows out"),
    ],
)
@pytest.mark.parametrize("columns", [{}, {"w1": 3.3}])
def test_what_was_not_measured_is_told_and_is_no_praise(columns, config, words):
    for log_of in (log(**columns), log(**dict.fromkeys(HEALTHY, np.nan) | columns)):
        found = verdicts(log_of, config)
        assert [one.sentence for one in found] == ["Nothing says how good the samples are."]
        assert words in found[0].remedy


# the verdict and its kind, columns by what is compared, its limit, and the side of it on which the verdict is given
COVERED_AT = next(x for x in np.linspace(0, 1, 100_001) if x + NORMAL * np.sqrt(x * (1 - x) / 180) >= COVERED * 0.95)
LESS = next(x for x in np.linspace(0, 0.95, 95_001) if x + 3 * np.sqrt((x * (1 - x) + 0.95 * 0.05) / 180) >= 0.95)
FLAT, STEEP = {"gradient_norm_fake": 1e-6}, {"gradient_norm_real": 500.0}
FEW = {
    "support": {"support_lower": 15, "support_upper": 20}, "classes": {"kinds_upper": 4}, "coverage": {"coverage": 0.2},
    "missing mass": {"missing_mass_lower": 0.5},
}  # fmt: skip
STOPPED = {"fault": np.array(["x became nan"] * len(STEPS), object)}
NO_DISTANCE = {"energy_distance": np.nan}
STRUCTURE = {"spectrum": 0.5, "spectrum_floor": 0.1, "spectrum_worst": 0.3, "spectrum_worst_error": 0.01}
LACKING = np.array(["lack job = 'diver'"] * len(STEPS), object)
LIMITS = {
    **{
        name: ("exploding critic", "fault", lambda x, name=name: AWAY | {name: x}, STEEPEST, "above")
        for name in GRADIENT_NORMS
    },
    "estimate over distance": ("exploding critic", "fault", lambda x: AWAY | {"estimate": 7 * x}, 30, "above"),
    "estimate below 0": ("exploding critic", "fault", lambda x: AWAY | {"estimate": -7 * x}, 30, "above"),
    "distance of a steep critic": (
        "exploding critic", "fault", lambda x: STEEP | apart(FAR * x + NORMAL * ERROR), 1, "above",
    ),
    "W1 of a steep critic": (
        "exploding critic", "fault", lambda x: STEEP | NO_DISTANCE | {"w1": np.where(STEPS, 6.3 * x, 7)}, 1, "above",
    ),
    "gradient at samples": (
        "vanishing gradient", "fault", lambda x: AWAY | {"gradient_norm_fake": x}, FLATTEST, "below",
    ),
    "distance of a flat critic": (
        "vanishing gradient", "fault", lambda x: FLAT | apart(FAR * x + NORMAL * ERROR), 1, "above",
    ),
    "gradient of the generator": (
        "dead generator", "fault", lambda x: AWAY | {"gradient_norm_fake": 2.2, "generator_gradient": 2.2 * x}, 1e-3,
        "below",
    ),
    "constant samples": ("dead generator", "fault", lambda x: AWAY | {"diversity": x}, SAME, "below"),
    "distance of a dead generator": (
        "dead generator", "fault", lambda x: {"diversity": 0} | apart(FAR * x + NORMAL * ERROR), 1, "above",
    ),
    # floor + 2 % + four standard errors of a share (floor n + 1) / (n + 2)
    "copies of 180": ("memorising generator", "fault", lambda x: {"copied": x}, 0.0420390, "above"),
    "copies of 50": ("memorising generator", "fault", lambda x: {"copied": x, "measured_rows": 50}, 0.0976904, "above"),
    "copies of a hundred, which is what an old log means": (
        "memorising generator", "fault", lambda x: {"copied": x, "measured_rows": np.nan}, 0.0594119, "above",
    ),
    "copies beside a floor": (
        "memorising generator", "fault", lambda x: {"copied": x, "copied_floor": 0.3, "measured_rows": 100},
        0.3 + 0.02 + 4 * 0.0459945, "above",
    ),
    "copies of 50 kinds": (
        "memorising generator", "fault", lambda x: {"copied": x, "support_upper": 50}, 0.0976904, "above",
    ),
    "support over that of real rows": (
        "mode collapse", "fault", lambda x: SEEN | {"support_upper": 1000 * x}, 0.1, "below",
    ),
    "support beside that of the untrained generator": (
        "mode collapse", "fault",
        lambda x: SEEN | FEW["support"] | {"precision": 0, "support_lower": np.where(STEPS, 15, 20 * x)}, 1, "above",
    ),
    "classes made": ("mode collapse", "fault", lambda x: SEEN | {"kinds_upper": 10 * x}, SHOWN, "below"),
    "mass that is missed": ("mode collapse", "fault", lambda x: SEEN | {"missing_mass_lower": x}, MISSED, "above"),
    **{
        f"precision beside few by {name}": (
            "mode collapse", "fault", lambda x, few=few: SEEN | few | {"precision": 0.95 * x}, REALISTIC, "above",
        )
        for name, few in FEW.items()
    },
    "coverage with its interval": ("mode collapse", "fault", lambda x: SEEN | {"coverage": x}, COVERED_AT, "below"),
    "difference of few kinds": (
        "mode collapse", "fault", lambda x: {"support_upper": 20} | apart(x), MARGIN / 2, "above",
    ),
    "standard errors of memory": (
        "memorising critic", "fault", lambda x: MEMORY | {"memorised_score": 0.05 * x}, 3, "above",
    ),
    "share of memory": (
        "memorising critic", "fault", lambda x: MEMORY | {"held_out_estimate": 0.5 * (1 - x)}, 0.5, "above",
    ),
    "share of memory of a note": (
        "memorising critic", None, lambda x: MEMORY | {"held_out_estimate": 0.5 * (1 - x)}, 0.25, "above",
    ),
    "difference beside memory": (
        "memorising critic", "fault", lambda x: MEMORY | apart(x + NORMAL * ERROR), MARGIN, "above",
    ),
    "chance beside memory": (
        "memorising critic", "fault", lambda x: MEMORY | {"energy_distance_chance": x}, (MARGIN + FAR) / 2, "below",
    ),
    "difference beside an explosion": (
        "exploding critic", "fault", lambda x: STOPPED | apart(x + NORMAL * ERROR), MARGIN, "above",
    ),
    "difference beside missing classes": (
        "mode collapse", "fault", lambda x: {"kinds_upper": 4} | apart(x + NORMAL * ERROR), MARGIN, "above",
    ),
    "support of samples at the floor": (
        "mode collapse", "fault", lambda x: apart(0.9 * MARGIN) | {"support_upper": 1000 * x}, FEWEST_KINDS, "below",
    ),
    "classes of samples at the floor": (
        "mode collapse", "fault", lambda x: apart(0.9 * MARGIN) | {"kinds_upper": 10 * x}, HARDLY, "below",
    ),
    "missing mass of samples at the floor": (
        "mode collapse", "fault", lambda x: apart(0.9 * MARGIN) | {"missing_mass_lower": x}, SHOWN, "above",
    ),
    "distance that is far": (
        "difference from the data", "fault", lambda x: apart(FAR * x + NORMAL * ERROR), 1, "above",
    ),
    "upper end that is good": (
        "difference from the data", "good", lambda x: {"energy_distance_error": (x - MARGIN / 4) / NORMAL}, MARGIN,
        "below",
    ),
    "chance": ("difference from the data", "good", lambda x: {"energy_distance_chance": x}, MARGIN / 4, "above"),
    "precision that is less": ("difference from the data", "good", lambda x: {"precision": x}, LESS, "above"),
    "coverage that is less": ("difference from the data", "good", lambda x: {"coverage": x}, LESS, "above"),
    "support that is less": (
        "difference from the data", "good", lambda x: {"support_upper": 1000 * x}, SHOWN, "above",
    ),
    "structure beside its floor": ("structure", "note", lambda x: STRUCTURE | {"spectrum": 0.1 * x}, TIMES, "above"),
    "certain structure": ("structure", "note", lambda x: STRUCTURE | {"spectrum_worst": 0.01 * x}, ERRORS, "above"),
    "structure of near samples": ("difference from the data", "good", lambda x: STRUCTURE | {"spectrum": 0.1 * x},
                                  TIMES, "below"),
    "chance of a dependence of near samples": (
        "difference from the data", "good", lambda x: IGNORED | {"dependence_p": x}, SHUFFLED, "below",
    ),
    "chance of a dependence": (
        "ignored condition", "fault", lambda x: IGNORED | {"dependence_p": x}, SHUFFLED, "above",
    ),
    "a level that differs": (
        "levels", "note", lambda x: {"unlike_levels": x - 1, "unlike_level": LACKING, "unlike_level_numbers": LACKING},
        1, "above",
    ),
    "good but for a level": (
        "difference from the data", "good", lambda x: {"unlike_levels": x - 1, "unlike_level": LACKING}, 1, "below",
    ),
    "fall by a share": (
        "still improving", "note", lambda x: {"energy_distance": np.where(STEPS > 1500, 1 - x, 1)}, LEAST_FALL, "above",
    ),
    "fall by the interval": (
        "still improving", "note", lambda x: {"energy_distance": np.where(STEPS > 1500, 1 - x, 1),
                                              "energy_distance_error": 0.1}, 0.1 * NORMAL, "above",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LIMITS)
def test_each_limit_is_where_it_is_said_to_be(case):
    name, kind, columns, limit, side = LIMITS[case]
    told = {}
    for where, value in (("below", limit * (1 - 1e-3)), ("above", limit * (1 + 1e-3))):
        found = VERDICTS[name](log(**HEALTHY | columns(value)), {})
        told[where] = found is not None and kind in (None, found.kind)
    assert told == {"below": side == "below", "above": side == "above"}


def test_every_verdict_but_the_correlations_has_a_case_at_a_limit():
    assert {name for name, *_ in LIMITS.values()} == set(VERDICTS) - {"loss and distance"}


@pytest.mark.parametrize("name", ["exploding critic", "vanishing gradient", "dead generator", "mode collapse"])
@pytest.mark.parametrize("columns", [{"energy_distance": FALLING}, apart(MARGIN / 4)], ids=["falling", "good"])
def test_without_harm_that_lasts_nobody_is_at_fault(name, columns):
    odd = {name: value for one in FAULTY.values() for name, value in one.items() if name not in AWAY}
    found = verdicts(log(**HEALTHY | odd | {"copied": 0.0} | columns))
    assert name not in names(found)


def test_a_clipped_critic_with_tiny_gradients_whose_samples_are_good_hides_nothing():
    """A clipped MLP on 8gaussians: its W1 fell from 1.54 to 0.35, with gradients of 1e-4."""
    w1 = np.geomspace(1.54, 0.35, len(STEPS))
    for distance in (np.geomspace(1.5, 0.03, len(STEPS)), np.where(STEPS < 1000, 1.5, 0.03), np.nan):
        columns = {"gradient_norm_fake": 1e-4, "generator_gradient": 1e-4, "clipped_weights": 0.8, "w1": w1}
        found = verdicts(log(**HEALTHY | columns | {"energy_distance": distance, "generator_w1": w1, "w1_floor": 0.1}))
        assert names(found) == []
        assert {"difference from the data", "loss and distance"} <= set(names(found, "note"))


@pytest.mark.parametrize("columns", [{}, AWAY], ids=["good", "far"])
@pytest.mark.parametrize("steep", [[0], [40], [0, 10, 30, 39]])
def test_a_few_steep_records_are_no_fault(columns, steep):
    norm = np.full(len(STEPS), 1.0)
    norm[steep] = 101.0
    assert "exploding critic" not in names(verdicts(log(**HEALTHY | columns | {"gradient_norm_real": norm})))


def test_a_collapsed_run_is_told_so_and_how_far_it_is():
    """About three blurry pictures of digits, as they were measured."""
    columns = {
        "w1": np.where(STEPS, 4.65, 7.0), "w1_floor": 3.0, "generator_w1": 4.65, "coverage": 0.24,
        "coverage_floor": 0.98, "support": 3.1, "support_lower": 2.9, "support_upper": 3.4, "precision": 0.9,
        "kinds_lower": 3.0, "kinds_upper": 4.0, "missing_mass_lower": 0.6, "largest_class_share": 0.4,
        "measured_rows": 179.0,
    }  # fmt: skip
    found = verdicts(log(**HEALTHY | AWAY | columns))
    assert (names(found), names(found, "good")) == (["mode collapse"], [])
    assert found[0].evidence == (
        "Effective support: the samples are of about 3 to 3 kinds, and held-out rows of 1,000. Samples are of 3 to 4 "
        "classes, and held-out rows of 10. Samples lack the classes of at least 60 % of the rows. 40 % of samples are "
        "in class 3. Samples cover 24 % of held-out rows, and training rows cover 98 %."
    )


def test_noise_is_far_in_every_respect():
    noise = apart(1.2) | {"precision": 0.0, "coverage": 0.0, "w1": 7.0, "missing_mass_lower": 0.9, "support": np.nan}
    found = verdicts(log(**HEALTHY | noise | {"support_lower": 1e4, "support_upper": np.nan, "generator_w1": 7.0}))
    assert (names(found), names(found, "good")) == (["difference from the data"], [])
    half = NORMAL * ERROR
    assert f"is 1.20, with a 95 % interval of {1.2 - half:.2f} to {1.2 + half:.2f}." in found[0].evidence
    assert (
        "and the untrained generator had 1.50. The Wasserstein-1 distance (W1) is 7.00, and 3.20 betw"
        in found[0].evidence
    )
    assert (
        "Precision: 0 % of samples are near held-out rows; with training rows in their place, 95 %."
        in found[0].evidence
    )
    assert "Coverage: 0 % of held-out rows have a sample near; with training rows" in found[0].evidence


def test_a_value_that_is_not_finite_is_told_with_its_step():
    fault = np.array([None] * len(STEPS), object)
    fault[[20, 40]] = "generator_loss became inf", "critic_loss became nan"
    found = verdicts(log(**HEALTHY | AWAY) | {"fault": fault})
    assert [one.name for one in found] == ["exploding critic"]
    assert found[0].sentence == "The critic exploded: training stopped at step 2,000."
    assert found[0].evidence == "Loss of the critic became nan at step 2,000."


def test_samples_at_the_floor_are_told_first_and_what_is_odd_beside_them_is_a_note():
    """A table that a forest could not tell from real rows once opened with a red fault of its critic."""
    near = {"energy_distance": 0.9 * MARGIN, "energy_distance_error": MARGIN / 20}
    odd = {"kinds_upper": 4.0} | {name: MEMORY[name] for name in ("held_out_estimate", "memorised_score")}
    odd |= {"gradient_norm_real": 500.0, "gradient_norm_fake": 1e-6, "memorised_score_error": 0.05}
    found = verdicts(log(**HEALTHY | odd | near) | STOPPED, {})
    assert (names(found), found[0].name) == ([], "difference from the data")
    assert {"mode collapse", "memorising critic", "exploding critic"} <= set(names(found, "note"))
    assert "no harm to the samples is seen" in the("memorising critic", found).sentence
    assert "the samples were good until then" in the("exploding critic", found).sentence


def test_memory_says_since_when_and_needs_more_than_chance():
    held_out = np.where(STEPS < 1400, 0.5, 0.1)
    found = verdicts(log(**HEALTHY | MEMORY | {"held_out_estimate": held_out}))[0]
    assert found.sentence == "The critic has memorised its training rows since step 1,400."
    assert "0.500 on training rows and 0.100 on held-out rows" in found.evidence
    assert "differ by 8 standard errors" in found.evidence
    assert names(verdicts(log(**HEALTHY | MEMORY | {"memorised_score_error": 0.2}))) == []
    certain = verdicts(log(**HEALTHY | MEMORY | {"memorised_score_error": 0.0}))[0]
    assert certain.name == "memorising critic"
    assert "differ by more than three standard errors" in certain.evidence


@pytest.mark.parametrize(("share", "since"), [(0.249, "1,400"), (0.251, "50")])
def test_memory_is_dated_from_a_quarter_of_the_estimate(share, since):
    held_out = np.where(STEPS < 1400, 0.5 * (1 - share), 0.1)
    found = VERDICTS["memorising critic"](log(**HEALTHY | MEMORY | {"held_out_estimate": held_out}), {})
    assert found.sentence == f"The critic has memorised its training rows since step {since}."


@pytest.mark.parametrize(("records", "since"), [(2, "1,400"), (3, "1,750")])
def test_two_records_that_disagree_do_not_move_the_date_and_three_do(records, since):
    back = (STEPS >= 1600) & (1600 + 50 * records > STEPS)
    held_out = np.where((STEPS < 1400) | back, 0.5, 0.1)
    found = VERDICTS["memorising critic"](log(**HEALTHY | MEMORY | {"held_out_estimate": held_out}), {})
    assert found.sentence == f"The critic has memorised its training rows since step {since}."


def test_an_estimate_below_0_is_no_memory():
    below = {"estimate": -0.5, "held_out_estimate": -0.1}
    assert VERDICTS["memorising critic"](log(**HEALTHY | MEMORY | below), {}) is None


@pytest.mark.parametrize(("share", "blamed"), [(0.499, False), (0.501, True)])
def test_clipping_is_blamed_where_half_of_the_weights_are_at_the_bound(share, blamed):
    columns = FAULTY["vanishing gradient"] | {"clipped_weights": share}
    found = VERDICTS["vanishing gradient"](log(**HEALTHY | columns), {"constraint": "clip", "clip": 0.01})
    assert ("Clipping has saturated" in found.sentence) == blamed
    assert ("50 % of the critic's weights sit at ±0.01." in found.evidence) == blamed


def test_the_best_checkpoint_is_named_by_the_measure_that_chose_it():
    distance = np.where(STEPS == 1300, SEEN["energy_distance"] / 2, SEEN["energy_distance"])
    precision = np.where(STEPS == 700, 0.9, 0.5)
    found = log(**HEALTHY | MEMORY | {"energy_distance": distance, "best_by.precision": precision})
    by_energy = "The best checkpoint, by energy distance, is that of step 1,300."
    assert all(by_energy in verdicts(found, config)[0].remedy for config in ({}, {"best_by": "energy_distance"}))
    assert "by precision, is that of step 700." in verdicts(found, {"best_by": "precision"})[0].remedy
    assert "checkpoint" not in verdicts(found, {"best_by": "recall"})[0].remedy


def test_what_is_logged_once_is_read_wherever_it_stands():
    """Floors are in the first record alone, as training logs them."""
    once = {name: np.where(STEPS == 0, HEALTHY[name], np.nan) for name in HEALTHY if name.endswith("_floor")}
    once |= {name: np.where(STEPS == 0, HEALTHY[name], np.nan) for name in ("measured_rows", "energy_distance_chance")}
    for columns in (*FAULTY.values(), *NOTED.values(), {"coverage": 0.1}):
        kept = {name: value for name, value in once.items() if name not in columns or name == "energy_distance_chance"}
        assert verdicts(log(**HEALTHY | columns | kept)) == verdicts(log(**HEALTHY | columns))


def tracked(estimate, distance, **columns):
    """What is said of an estimate and a distance whose floor is far below; at step 0 the critic is untrained."""
    steps = np.arange(len(distance) + 1.0)
    series = {"held_out_estimate": np.r_[-99.0, estimate], "generator_w1": np.r_[99.0, distance]}
    constant = {name: np.full(len(steps), value) for name, value in ({"w1_floor": -1e6} | columns).items()}
    return VERDICTS["loss and distance"]({"step": steps, **series, **constant}, {})


TRACKS, NOT = "The critic's estimate tracks the distance.", "The critic's estimate does not track the distance."


@pytest.mark.parametrize("records", [9, 20, 100])
def test_independent_walks_do_not_track_each_other(records):
    """In at most 1 % of 1,000 pairs: in up to 21, the 99.9 % point of that binomial number."""
    rng = np.random.default_rng(0)
    pairs = rng.standard_normal((1000, 2, records)).cumsum(2)
    assert sum(tracked(*pair).sentence == TRACKS for pair in pairs) <= binom.ppf(0.999, 1000, 0.01)


@pytest.mark.parametrize(("records", "most"), [(20, 0.8), (100, 0.98)])
def test_a_common_walk_is_found_and_an_opposite_one_is_not(records, most):
    rng = np.random.default_rng(0)
    walks = rng.standard_normal((200, records)).cumsum(1)
    noise = 0.3 * rng.standard_normal((2, 200, records))
    found = sum(
        tracked(walk + one, walk + other).sentence == TRACKS for walk, one, other in zip(walks, *noise, strict=True)
    )
    assert found / 200 > most
    assert all(tracked(-walk, walk).sentence == NOT for walk in walks)


@pytest.mark.parametrize(("records", "judged"), [(8, False), (9, True)])
def test_a_correlation_needs_eight_changes_after_the_first_record(records, judged):
    walk = np.random.default_rng(0).standard_normal(records).cumsum()
    found = tracked(walk**3, walk)
    assert (found is not None) == judged
    assert not judged or "over 8 changes. That of their values is 1.00." in found.evidence


@pytest.mark.parametrize(("times", "near"), [(0.999, True), (1.001, False)])
def test_at_the_floor_there_is_nothing_to_track_and_no_alarm(times, near):
    """The demo of the README: W1 at 3.27 where real rows are 3.15 apart, and a rank of 0.06."""
    distance = 3.15 * NEAR_FLOOR * times + 1e-6 * np.random.default_rng(0).standard_normal(40)
    found = tracked(-distance, distance, w1_floor=3.15)
    assert (found.kind, found.remedy == "") == ("note", near)
    assert ("nothing left to track" in found.sentence) == near
    assert (found.sentence == NOT) == (not near)


@given(st.data())
@choose(max_examples=300, deadline=None)
def test_any_log_gets_verdicts_in_order_and_praise_only_where_it_is_due(data):
    columns = [name for name in QUANTITIES if name not in ("step", "fault") and "." not in name]
    value = st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0, np.nan, 1e-9, MARGIN, FAR])
    changed = data.draw(st.dictionaries(st.sampled_from(columns), st.lists(value, min_size=1, max_size=5), max_size=12))
    steps = STEPS[: data.draw(st.integers(1, len(STEPS)))]
    base = {name: values[: len(steps)] for name, values in log(**HEALTHY if data.draw(st.booleans()) else {}).items()}
    made = base | {name: np.resize(np.array(values), len(steps)) for name, values in changed.items()}
    found = verdicts(made, {})
    others = [one.kind for one in found if one.name != "difference from the data"]
    assert others == sorted(others, key=("fault", "note", "good").index)
    kinds = [one.kind for one in found]
    assert kinds == sorted(kinds, key="fault".__ne__)
    if "fault" not in kinds and "difference from the data" in [one.name for one in found]:
        assert found[0].name == "difference from the data"
    assert len({one.name for one in found}) == len(found)
    assert set(names(found)) <= set(FAULTY)
    assert set(names(found, "good")) <= {"difference from the data", "loss and distance"}
    if at_floor(made):  # a copier's samples are the data, and all samples together do not show what each is given
        assert set(names(found)) <= {"memorising generator", "mode collapse", "ignored condition"}
        assert lacks_most(made) or "mode collapse" not in names(found)
    if "difference from the data" in names(found, "good"):
        late = steps >= 0.75 * steps.max()
        value, error = (np.nanmedian(made[f"energy_distance{end}"][late]) for end in ("", "_error"))
        chance = made["energy_distance_chance"]
        assert value <= chance[np.isfinite(chance)][0] or value <= NORMAL * error
        assert value + NORMAL * error <= MARGIN
        assert names(found) == []


@pytest.mark.parametrize(
    ("config", "name"), [({"given": '"a, b",sex'}, "sex"), ({}, "number 2"), ({"given": "age"}, "number 2")]
)
def test_a_condition_that_is_ignored_is_named(config, name):
    found = the("ignored condition", verdicts(log(**HEALTHY | IGNORED), config))
    assert found.sentence == f"The generator ignores the condition {name}."
    assert "40 % of cases" in found.evidence
    assert "conditional='concatenation'" in found.remedy


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_a_flat_critic_is_told_to_weigh_less_the_penalty_that_flattens_it(constraint):
    found = VERDICTS["vanishing gradient"](log(**HEALTHY | FAULTY["vanishing gradient"]), {"constraint": constraint})
    flattens = CONSTRAINTS[constraint]().wanted_slope == 0
    assert ("the penalty pulls it to 0" in found.evidence) == flattens == ("Lower penalty_weight" in found.remedy)
    assert ("should be near 1" in found.evidence) != flattens
