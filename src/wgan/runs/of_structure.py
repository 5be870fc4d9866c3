"""The logged numbers of the structure of samples: signals, volumes and images that are no pictures."""

from typing import NamedTuple

from wgan.runs.quantity import Quantity, number, share, whole


class Measure(NamedTuple):
    """A measure of structure in words: its name, what its number is, and what its curve shows at which places.

    `places` is the unit of its places, and `difference` that of the difference of two curves.
    """

    name: str
    is_the: str
    curve: str
    places: str
    difference: str
    percent: bool = False


MEASURES: dict[str, Measure] = {
    "spectrum": Measure(
        "Power spectrum",
        "root mean square of log10 of the ratio of the powers of samples and held-out rows; 1 is a factor of ten",
        "the power",
        "cycles a step",
        "log10 of the ratio",
    ),
    "autocorrelation": Measure(
        "Autocorrelation",
        "root mean square difference of the autocorrelations of samples and held-out rows, over lags",
        "the autocorrelation",
        "steps",
        "correlation",
    ),
    "channels": Measure(
        "Channel correlations",
        "root mean square difference of the correlations of two channels, over pairs of channels",
        "the correlation of two channels",
        "the first channel",
        "correlation",
    ),
    "two_point": Measure(
        "Two-point function",
        "root mean square difference of S2, the chance that two points lie in one phase, over distances",
        "the two-point function S2",
        "steps",
        "share of pairs",
    ),
    "phase_fraction": Measure(
        "Phase fraction",
        "largest difference of the share of a phase among samples and held-out rows",
        "the share of a phase",
        "the value of the phase",
        "share",
        percent=True,
    ),
    "amplitude": Measure(
        "Amplitudes",
        "Wasserstein-1 distance (W1) of the values of a channel, in its standard deviations, mean over channels",
        "the share of values in a bin",
        "the lower edge of the bin, in standard deviations",
        "share of values",
    ),
}


def _of(key: str, one: Measure) -> dict[str, Quantity]:
    text, name, unit = share if one.percent else number, one.name.lower(), "share" if one.percent else ""
    verdicts = ("difference from the data", "structure")
    return {
        key: Quantity(
            f"{one.name}, difference",
            f"The {one.is_the}.",
            unit,
            axis="structure",
            label=name,
            floor=f"{key}_floor",
            text=text,
            verdicts=verdicts,
            shown=("table",),
        ),
        f"{key}_floor": Quantity(
            f"{one.name}, real against real",
            "The same number for training rows instead of samples.",
            unit,
            label="real against real",
            text=text,
            verdicts=verdicts,
        ),
        f"{key}_worst": Quantity(
            f"{one.name}, surest difference",
            f"The difference of {one.curve} between samples and held-out rows, where it is largest in standard errors.",
            one.difference,
            verdicts=verdicts,
        ),
        f"{key}_worst_error": Quantity(
            f"{one.name}, error of the surest difference",
            "The standard error of this difference, from samples and held-out rows.",
            one.difference,
            verdicts=verdicts,
        ),
        f"{key}_worst_at": Quantity(
            f"{one.name}, place of the surest difference",
            "The place of this difference.",
            one.places,
            verdicts=verdicts[1:],
        ),
        f"{key}_worst_channel": Quantity(
            f"{one.name}, channel of the surest difference",
            "The channel of this difference. For correlations of two channels it is the second channel.",
            "channel",
            text=whole,
            verdicts=verdicts[1:],
        ),
    }


OF_STRUCTURE: dict[str, Quantity] = {
    name: quantity for key, one in MEASURES.items() for name, quantity in _of(key, one).items()
}
