"""Train, measure and explain Wasserstein GANs."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from wgan import data, studies
    from wgan.config import Config
    from wgan.errors import WganError
    from wgan.estimator import WGAN, load
    from wgan.evaluation import features
    from wgan.evaluation.samples import evaluate
    from wgan.game import constraints, networks, objectives
    from wgan.maths import density_ratio, divergences, known, metrics, transport
    from wgan.maths.transport import debiased_w1, emd, sinkhorn, sliced_w1
    from wgan.presets import PRESETS, preset
    from wgan.reports import figures
    from wgan.training.critic import w1
    from wgan.training.loop import train
    from wgan.training.own_networks import own_network

# Names are imported when they are first used, so that `import wgan` imports no framework.
_NAMES = {
    "Config": "wgan.config",
    "PRESETS": "wgan.presets",
    "preset": "wgan.presets",
    "WganError": "wgan.errors",
    "WGAN": "wgan.estimator",
    "load": "wgan.estimator",
    "evaluate": "wgan.evaluation.samples",
    "own_network": "wgan.training.own_networks",
    "train": "wgan.training.loop",
    "w1": "wgan.training.critic",
    **dict.fromkeys(["debiased_w1", "emd", "sinkhorn", "sliced_w1"], "wgan.maths.transport"),
}

_MODULES = {
    "data": "wgan.data",
    "studies": "wgan.studies",
    "features": "wgan.evaluation.features",
    "figures": "wgan.reports.figures",
    **{name: f"wgan.game.{name}" for name in ("constraints", "networks", "objectives")},
    **{name: f"wgan.maths.{name}" for name in ("density_ratio", "divergences", "known", "metrics", "transport")},
}

__all__ = [
    "PRESETS", "WGAN", "Config", "WganError", "constraints", "data", "debiased_w1", "density_ratio", "divergences",
    "emd", "evaluate", "features", "figures", "known", "load", "metrics", "networks", "objectives", "own_network",
    "preset", "sinkhorn", "sliced_w1", "studies", "train", "transport", "w1",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(_MODULES[name])
    if name not in _NAMES:
        raise AttributeError(f"module 'wgan' has no attribute {name!r}")
    return getattr(import_module(_NAMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
