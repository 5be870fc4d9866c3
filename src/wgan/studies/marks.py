"""How figures show the three methods that most studies compare: the same name, colour, marker and dashes everywhere."""

from typing import Any

from wgan.reports import figures

NAMES = {"gan": "GAN", "wgan": "WGAN, clipping", "wgan-gp": "WGAN-GP"}  # presets
PENALTY, GAN, CLIPPING, OTHER = range(4)  # numbers for figures.mark
NUMBERS = {"wgan-gp": PENALTY, "gan": GAN, "wgan": CLIPPING}


def mark(method: str) -> dict[str, Any]:
    """The mark of a preset in NAMES, as arguments of `plot`."""
    return figures.mark(NUMBERS[method])
