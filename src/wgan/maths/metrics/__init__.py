"""How far generated rows are from real ones: the metrics as functions, and METRICS, which holds them by name."""

from wgan.maths.metrics.energy import energy_by_chance, energy_distance, kernel_distance, mean_distance
from wgan.maths.metrics.measures import (
    DIRECTIONS,
    EXACT_ROWS,
    SPLITS,
    Measurement,
    Modes,
    class_coverage,
    exact_w1,
    frechet,
    high_quality,
    inception_style_score,
    label_agreement,
    modes_found,
    modes_of,
    sliced_w1,
)
from wgan.maths.metrics.neighbours import (
    NEIGHBOURS,
    TAIL,
    diversity,
    memorisation,
    near_duplicates,
    nearest_of,
    neighbourhoods,
)
from wgan.maths.metrics.registry import (
    METRICS,
    Metric,
    Sets,
    measurement,
)

__all__ = [
    "DIRECTIONS", "EXACT_ROWS", "METRICS", "Measurement", "Metric", "Modes", "NEIGHBOURS", "SPLITS", "Sets", "TAIL",
    "class_coverage", "diversity", "energy_by_chance", "energy_distance", "exact_w1", "frechet", "high_quality",
    "inception_style_score", "kernel_distance", "label_agreement", "mean_distance", "measurement", "memorisation",
    "modes_found", "modes_of", "near_duplicates", "nearest_of", "neighbourhoods", "sliced_w1",
]  # fmt: skip
