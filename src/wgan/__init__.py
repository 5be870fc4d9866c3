"""Train, measure and explain Wasserstein GANs."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from wgan import density_ratio, divergences
    from wgan.config import PRESETS, Config, preset
    from wgan.critic import w1
    from wgan.errors import WganError
    from wgan.estimator import WGAN, load
    from wgan.own_networks import own_network
    from wgan.training import train
    from wgan.transport import debiased_w1, emd, sinkhorn, sliced_w1

# Names are imported when first used, so that `import wgan` takes no framework with it.
_HOME = {
    "Config": "wgan.config",
    "PRESETS": "wgan.config",
    "preset": "wgan.config",
    "WganError": "wgan.errors",
    "WGAN": "wgan.estimator",
    "load": "wgan.estimator",
    "own_network": "wgan.own_networks",
    "train": "wgan.training",
    "w1": "wgan.critic",
    **dict.fromkeys(["debiased_w1", "emd", "sinkhorn", "sliced_w1"], "wgan.transport"),
}

_MODULES = ("density_ratio", "divergences")

__all__ = [
    "PRESETS", "WGAN", "Config", "WganError", "debiased_w1", "density_ratio", "divergences", "emd", "load",
    "own_network", "preset", "sinkhorn", "sliced_w1", "train", "w1",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"wgan.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'wgan' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME, *_MODULES})
