"""The parts of the campaign by name."""

from benchmarks.campaign import fuzz, hostile, kills, resources, signals

PARTS = {
    "fuzz": fuzz.PART, "kills": kills.PART, "hostile": hostile.PART, "resources": resources.PART,
    "signals": signals.PART,
}  # fmt: skip
