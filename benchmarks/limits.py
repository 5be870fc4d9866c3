"""How near an iteration of the torch engine comes to the limit of one thread, for the networks of benchmarks/speed.py.

    OMP_NUM_THREADS=1 python benchmarks/limits.py [--rounds 9]

An iteration has five critic steps and one generator step on 64 images of 28 x 28, with the gradient penalty. Its matrix
products and convolutions are recorded with their shapes. Four numbers follow, all in processor time:

- the limit: their floating-point operations over the rate of a product of two matrices of 1,024 x 1,024;
- the products: each recorded call alone, again with the same tensors, times its count;
- the iteration itself, and the limit and the products as shares of it.

Iterations, products and the large product take turns, because the rate of one thread depends on what else the machine
does. Numbers are medians over the rounds, with the quartiles of the shares.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from speed import N_CRITIC, mlp
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from wgan import Config, data
from wgan.game import networks
from wgan.game.constraints import CONSTRAINTS
from wgan.training import loop

SIDE = 1024  # of the large product


class Product(NamedTuple):
    """A matrix product or a convolution of an iteration: how to repeat it, and its floating-point operations."""

    again: Callable[[], Any]
    operations: int


class Recorder(TorchDispatchMode):
    """Records each call whose operations torch can count, under its name, its shapes and its other arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.products: dict[str, list[Product]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        count = flop_registry.get(func._overloadpacket)
        if count:
            name = f"{func} {[_described(one) for one in args]} {sorted(kwargs or {})}"
            again = _repeat(
                func, [one.detach() if isinstance(one, torch.Tensor) else one for one in args], kwargs or {}
            )
            self.products.setdefault(name, []).append(Product(again, count(*args, **(kwargs or {}), out_val=out)))
        return out


def _described(argument: Any) -> Any:
    return (argument.shape, argument.stride()) if isinstance(argument, torch.Tensor) else argument


def _repeat(func: Any, args: list, kwargs: dict) -> Callable[[], Any]:
    return lambda: func(*args, **kwargs)


def milliseconds(call: Callable[[], Any]) -> float:
    """The processor time of a call."""
    began = time.process_time()
    call()
    return 1e3 * (time.process_time() - began)


def measure(name: str, config: Config, rounds: int) -> None:
    """Print the numbers of a network."""
    rows = np.random.default_rng(0).integers(0, 256, (6000, 28, 28, 1), np.uint8)
    training = loop.start(config, data.from_array(rows))
    loop.iterate(training)
    with Recorder() as recorder:
        loop.iterate(training)
    kinds = recorder.products.values()
    operations = sum(one.operations for products in kinds for one in products)
    square = torch.randn(SIDE, SIDE)
    found = []
    with torch.no_grad():
        for _ in range(rounds):
            rate = 2 * SIDE**3 / min(milliseconds(lambda: square @ square) for _ in range(5))
            alone = sum(len(products) * milliseconds(products[0].again) for products in kinds)
            with torch.enable_grad():
                whole = milliseconds(lambda: loop.iterate(training))
            found.append((rate / 1e6, operations / rate, alone, whole, operations / rate / whole, alone / whole))
    rate, limit, alone, whole, *_ = np.median(found[1:], 0)
    low, high = np.quantile([row[4:] for row in found[1:]], (0.25, 0.75), 0)
    print(
        f"{name:10} {operations / 1e9:5.1f} GFLOP at {rate:.0f} GFLOP/s: limit {limit:.0f} ms, products {alone:.0f} ms,"
    )
    print(f"{'':10} iteration {whole:.0f} ms: the limit is {low[0]:.0%} to {high[0]:.0%} of it, ", end="")
    print(f"the products {low[1]:.0%} to {high[1]:.0%}", flush=True)


def main() -> None:
    """Print the numbers of both networks."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=9, help="of which the first does not count")
    rounds = parser.parse_args().rounds
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}")
    cnn = networks.keras_cnn((28, 28, 1), None, "layer", "batch", CONSTRAINTS["gradient-penalty"]())
    fields = {"n_critic": N_CRITIC, "decay": "none", "average": 0.0, "steps": 10**9, "engine": "torch"}
    for name, (network, latent) in {"mlp": mlp(), "keras-cnn": (cnn._replace(name="speed-cnn"), 128)}.items():
        measure(name, Config(network=network, latent=latent, **fields), rounds)


if __name__ == "__main__":
    main()
