"""The engines, the only code that uses a framework: each holds the least that frameworks cannot share.

They may use `game` and the folders below it; `get_engine` imports an engine when it is asked for.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from wgan.errors import WganError, install, setting, unknown_name
from wgan.files.memory import refuse_few_addresses
from wgan.game.engine import Engine
from wgan.game.layers import Layer, convolution_work

ENGINES = {"torch": "wgan.engines.torch", "jax": "wgan.engines.jax"}


NEEDS = {"torch": ["torch"], "jax": ["jax", "optax"]}  # the packages that each engine imports
ADDRESSES = {"torch": 450e6, "jax": 1.5e9}  # bytes that these map; under a lower limit they end the process


def get_engine(name: str, precision: str = "float32", device: str = "auto") -> Engine[Any]:
    """The engine of this name on a device, imported on demand.

    Raises `WganError` if a package that it needs is not installed, or if it does not find the device.
    """
    if name not in ENGINES:
        raise unknown_name("engine", name, ["auto", *ENGINES])
    if not installed(name):
        raise WganError(
            f"engine {name} needs {' and '.join(NEEDS[name])}, which are not installed; "
            f"{install(name)}, or use {setting('engine', 'auto')}."
        )
    if ENGINES[name] not in sys.modules:
        refuse_few_addresses(ADDRESSES[name], f"engine {name}")
    return import_module(ENGINES[name]).engine(precision, device)


def installed(name: str) -> bool:
    """Whether all packages that an engine imports are installed."""
    return all(find_spec(package) for package in NEEDS[name])


HEAVY = 1_000_000  # with this many multiplications for a row in a critic's convolutions, torch was as fast or faster
SHORT = 2_000  # with fewer critic steps, compiling took longer than it saved


def faster(
    critic: list[Layer], row: tuple[int, ...], precision: str, critic_steps: int, device: str = "auto"
) -> tuple[str, str]:
    """The engine that `auto` chooses, and the reason, as measured in docs/engines.md."""
    if not installed("jax"):
        return "torch", "JAX is not installed"
    if device == "mps":
        return "torch", "JAX has no mps device"
    if precision == "bfloat16":
        return "torch", "faster than JAX in bfloat16"
    if critic_steps < SHORT:
        return "torch", "faster than JAX in a short run, which has no time to compile"
    if (work := convolution_work(critic, row)) >= HEAVY:
        return "torch", f"as fast as JAX on wide convolutions, or faster ({work / 1e6:.1f} M multiplications a row)"
    if device != "cpu" and import_module("torch").cuda.is_available():
        return "torch", "as fast as JAX on a GPU, without the time to compile"
    return "jax", "faster than torch on a CPU where the network is dense or small"


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch and NumPy on one thread, so that the order of sums does not depend on the number of cores."""
    from threadpoolctl import threadpool_limits

    torch = import_module("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)
