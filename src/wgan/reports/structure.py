"""The structure of samples in words: where spectra, correlations, phases and values differ from the data's.

A measure differs if its difference is at least `TIMES` its floor, and its surest difference at least `ERRORS` standard
errors. Both are read at the last measurement.
"""

import math
from collections.abc import Callable

from wgan.reports.series import Log, floor_value, last_value
from wgan.runs.of_structure import MEASURES
from wgan.runs.quantities import number, share, with_error

TIMES = 2.0  # the floor, from which on a measure differs
ERRORS = 5.0  # standard errors: among a thousand places chance reaches so many in one run of 1,700
LEAST_ERROR = 1e-9  # a difference with a smaller error is that of constant values


def differing(log: Log) -> list[str]:
    """The names in `MEASURES` of those that differ, the surest difference first."""
    found: dict[str, float] = {}
    for name in MEASURES:
        value, floor = last_value(log, name), floor_value(log, name)
        surest, error = last_value(log, f"{name}_worst"), last_value(log, f"{name}_worst_error")
        if value >= TIMES * floor > 0 and abs(surest) >= ERRORS * max(error, LEAST_ERROR):
            found[name] = abs(surest) / max(error, LEAST_ERROR)
    return sorted(found, key=lambda name: -found[name])


def in_words(log: Log) -> tuple[str, str] | None:
    """The sentence on the measure that differs most surely, and the numbers behind it; None where none differs."""
    places = {
        name: (last_value(log, f"{name}_worst_at"), last_value(log, f"{name}_worst_channel")) for name in MEASURES
    }
    found = differing(log)
    if not found:
        return None
    sentences = [_sentence(name, log, *places[name]) for name in found]
    numbers = [_numbers(name, log) for name in found]
    evidence = [f"{text} {beside}" for text, beside in zip(sentences[1:], numbers[1:], strict=True)]
    limits = f"A difference is named if it is {TIMES:g} times the score of real rows and {ERRORS:g} standard errors."
    return sentences[0], " ".join([numbers[0], *evidence, limits])


def _sentence(name: str, log: Log, at: float, channel: float) -> str:
    """Where a measure differs, in words."""
    surest, error = last_value(log, f"{name}_worst"), last_value(log, f"{name}_worst_error")
    place = f" in channel {channel:.0f}" if math.isfinite(channel) and name != "channels" else ""
    return _SENTENCES[name](surest, error, at, channel, place)


def _numbers(name: str, log: Log) -> str:
    """The difference of a measure beside its floor."""
    value, floor = last_value(log, name), floor_value(log, name)
    one = MEASURES[name]
    text = share if one.percent else number
    return f"{one.name}: {text(value)}, and {text(floor)} between real rows ({one.is_the})."


def _of_spectrum(surest: float, error: float, at: float, channel: float, place: str) -> str:
    times, much = 10 ** min(abs(surest), 12.0), "much" if surest > 0 else "little"
    return (
        f"The spectrum of the samples differs from the data's at {number(at)} cycles a step{place}: "
        f"{number(times)} times too {much} power (error {number(times * math.log(10) * error)})."
    )


def _of_correlation(surest: float, error: float, at: float, channel: float, place: str) -> str:
    return (
        f"The autocorrelation of the samples differs from the data's at a lag of {at:.0f}{place}: it is "
        f"{with_error(abs(surest), error)} too {_direction(surest)}."
    )


def _of_channels(surest: float, error: float, at: float, channel: float, place: str) -> str:
    return (
        f"The correlation of channels {at:.0f} and {channel:.0f} of the samples differs from the data's: it is "
        f"{with_error(abs(surest), error)} too {_direction(surest)}."
    )


def _of_pairs(surest: float, error: float, at: float, channel: float, place: str) -> str:
    return (
        f"The two-point function of the samples differs from the data's at a distance of {at:.0f}{place}: it is "
        f"{with_error(abs(surest), error)} too {_direction(surest)}."
    )


def _of_phases(surest: float, error: float, at: float, channel: float, place: str) -> str:
    return (
        f"The share of the phase {at:g} in the samples differs from the data's{place}: it is "
        f"{with_error(abs(surest), error, 'share')} too {_direction(surest)}."
    )


def _of_values(surest: float, error: float, at: float, channel: float, place: str) -> str:
    often = "frequent" if surest > 0 else "rare"
    return (
        f"The values of the samples differ from the data's{place}: those just above "
        f"{number(at)} standard deviations are {with_error(abs(surest), error, 'share')} too {often}."
    )


def _direction(surest: float) -> str:
    return "high" if surest > 0 else "low"


_SENTENCES: dict[str, Callable[[float, float, float, float, str], str]] = {
    "spectrum": _of_spectrum,
    "autocorrelation": _of_correlation,
    "channels": _of_channels,
    "two_point": _of_pairs,
    "phase_fraction": _of_phases,
    "amplitude": _of_values,
}
