"""Milliseconds an iteration: the engines beside each other, and beside an idiomatic loop of each framework.

    python benchmarks/engines.py [--seconds 2] [NETWORK ...]

WGAN-GP on 6,000 images of 28 x 28, batch 64, five critic steps for each generator step, Adam (0, 0.9), draws
included. All loops of a network run in turns, five times, so that a busy machine slows them alike, each in a
process of its own. The idiomatic loops train the MLP pair of `benchmarks/speed.py` on arrays in memory, with
fakes that are constants. On a GPU torch runs twice: as the captured graph, and launched kernel by kernel.
"""

import argparse
import itertools
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
from speed import N_CRITIC, Module, mlp

from wgan import Config, data
from wgan.training import loop

ROUNDS = 5
NETWORKS: dict[str, dict[str, Any]] = {
    "hybrid": {"network": "hybrid"},
    "mlp": {"network": mlp()[0], "latent": 100},
    "dcgan-16": {"network": "dcgan", "width": 16, "latent": 128},
    "keras-cnn": {"network": "keras-cnn", "latent": 128},
    "stax-cnn-32": {"network": "stax-cnn", "width": 32},
}
WIDE: dict[str, dict[str, Any]] = {
    "dcgan": {"network": "dcgan", "latent": 128},
    "stax-cnn": {"network": "stax-cnn"},
}  # for a GPU


def ours(rows: np.ndarray, launched: bool = False, **fields: Any) -> Iterator[None]:
    """This project's loop; `launched`: torch without its CUDA graph."""
    config = Config(n_critic=N_CRITIC, decay="none", average=0.0, steps=10**9, learning_rate=1e-4).replace(**fields)
    training = loop.start(config, data.from_array(rows))
    engine = training.game.engine
    if launched:
        engine.run = lambda function, game, *arrays, uses_up=False: function(game, *arrays)  # type: ignore[method-assign]
    before: dict = {}
    while True:
        loop.iterate(training)
        for value in before.values():  # one step late, as the loop reads them: no more than that is in flight
            engine.numpy(value)
        before = training.info
        yield


def torch_loop(rows: np.ndarray) -> Iterator[None]:
    """What a careful PyTorch user writes: modules, optimisers, one batch at a time."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    architecture, latent = mlp()
    critic = Module(architecture.critic, rows.shape[1:]).to(device)
    generator = Module(architecture.generator, (latent,)).to(device)
    optimisers = [torch.optim.Adam(net.parameters(), lr=1e-4, betas=(0.0, 0.9)) for net in (critic, generator)]
    images = torch.from_numpy(rows).permute(0, 3, 1, 2).to(device)
    while True:
        for _ in range(N_CRITIC):
            real = images[torch.randint(len(images), (64,), device=device)].float() / 127.5 - 1
            fake = generator(torch.randn(64, latent, device=device)).detach()
            eps = torch.rand(64, 1, 1, 1, device=device)
            mixed = (eps * real + (1 - eps) * fake).requires_grad_()
            slope = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)[0]
            penalty = ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
            loss = critic(fake).mean() - critic(real).mean() + penalty
            optimisers[0].zero_grad()
            loss.backward()
            optimisers[0].step()
        loss = -critic(generator(torch.randn(64, latent, device=device))).mean()
        optimisers[1].zero_grad()
        loss.backward()
        optimisers[1].step()
        if device == "cuda":
            torch.cuda.synchronize()
        yield


def jax_loop(rows: np.ndarray) -> Iterator[None]:
    """What a careful JAX user writes: one jitted function, a scan over the critic's steps, optax, jax.random."""

    def init(key: jax.Array, sizes: list[int]) -> list[tuple[jax.Array, jax.Array]]:
        keys = jax.random.split(key, len(sizes))
        pairs = zip(keys, itertools.pairwise(sizes), strict=False)
        return [(jax.random.normal(k, (i, o)) * (2 / i) ** 0.5, jnp.zeros(o)) for k, (i, o) in pairs]

    def forward(params: list, x: jax.Array) -> jax.Array:
        for weight, bias in params[:-1]:
            x = jax.nn.leaky_relu(x @ weight + bias, 0.2)
        return x @ params[-1][0] + params[-1][1]

    score = lambda params, x: forward(params, x)[..., 0]  # noqa: E731
    make = lambda params, z: jnp.tanh(forward(params, z))  # noqa: E731
    rule = optax.adam(1e-4, 0.0, 0.9)
    images = jnp.asarray(rows.reshape(len(rows), -1))

    def critic_loss(critic: list, real: jax.Array, fake: jax.Array, eps: jax.Array) -> jax.Array:
        slope = jax.vmap(jax.grad(score, 1), (None, 0))(critic, eps * real + (1 - eps) * fake)
        penalty = ((jnp.sqrt((slope**2).sum(1) + 1e-16) - 1) ** 2).mean()
        return score(critic, fake).mean() - score(critic, real).mean() + penalty

    @jax.jit
    def iteration(key: jax.Array, state: tuple) -> tuple:
        critic, generator, critic_memory, generator_memory = state

        def critic_step(carry: tuple, key: jax.Array) -> tuple:
            critic, memory = carry
            keys = jax.random.split(key, 3)
            real = images[jax.random.randint(keys[0], (64,), 0, len(images))] / 127.5 - 1
            fake = make(generator, jax.random.normal(keys[1], (64, 100)))
            gradient = jax.grad(critic_loss)(critic, real, fake, jax.random.uniform(keys[2], (64, 1)))
            update, memory = rule.update(gradient, memory)
            return (optax.apply_updates(critic, update), memory), None

        keys = jax.random.split(key, N_CRITIC + 1)
        (critic, critic_memory), _ = jax.lax.scan(critic_step, (critic, critic_memory), keys[1:])
        z = jax.random.normal(keys[0], (64, 100))
        gradient = jax.grad(lambda g: -score(critic, make(g, z)).mean())(generator)
        update, generator_memory = rule.update(gradient, generator_memory)
        return critic, optax.apply_updates(generator, update), critic_memory, generator_memory

    critic = init(jax.random.key(0), [784, 512, 256, 1])
    generator = init(jax.random.key(1), [100, 128, 256, 512, 1024, 784])
    state = critic, generator, rule.init(critic), rule.init(generator)
    number = 0
    while True:
        state = iteration(jax.random.key(number), state)
        number += 1
        jax.block_until_ready(state)
        yield


def time_of(steps: Iterator, seconds: float) -> float:
    """Milliseconds an iteration over about so many seconds."""
    began, count = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < seconds:
        next(steps)
        count += 1
    return passed / count * 1e3


def loops(name: str, rows: np.ndarray) -> dict[str, Callable[[], Iterator]]:
    """What is timed for one network."""
    fields = (NETWORKS | WIDE)[name]
    found: dict[str, Callable[[], Iterator]] = {
        f"{engine}, {precision}": partial(ours, rows, engine=engine, precision=precision, **fields)
        for engine in ("torch", "jax")
        for precision in ("float32", "bfloat16")
    }
    if torch.cuda.is_available():
        found["torch, float32, launched"] = lambda: ours(rows, True, engine="torch", **fields)
    if name == "mlp":
        found |= {"idiomatic torch": lambda: torch_loop(rows), "idiomatic jax": lambda: jax_loop(rows)}
    return found


def work(pipe: Connection, name: str, which: str, seconds: float) -> None:
    """A process that times one loop whenever it is asked: two frameworks in one slow each other down."""
    rows = np.random.default_rng(0).integers(0, 256, (6000, 28, 28, 1), np.uint8)
    steps = loops(name, rows)[which]()
    began = time.perf_counter()
    next(steps)
    pipe.send(time.perf_counter() - began)
    while pipe.recv():
        time_of(steps, seconds / 4)
        pipe.send(time_of(steps, seconds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=2, help="of each of the five rounds of each loop")
    parser.add_argument("network", nargs="*", default=[], help=f"of {', '.join(NETWORKS | WIDE)}")
    given = parser.parse_args()
    gpu = torch.cuda.is_available()
    card = torch.cuda.get_device_name() if gpu else f"{torch.get_num_threads()} threads"
    print(f"torch {torch.__version__}, jax {jax.__version__}, {card}", flush=True)
    spawn = multiprocessing.get_context("spawn")
    for name in given.network or [*NETWORKS, *(WIDE if gpu else [])]:
        pipes, first, measured = dict[str, Connection](), dict[str, float](), dict[str, list[float]]()
        for which in loops(name, np.empty(0)):
            pipes[which], theirs = spawn.Pipe()
            spawn.Process(target=work, args=(theirs, name, which, given.seconds), daemon=True).start()
            first[which], measured[which] = pipes[which].recv(), []
        for _ in range(ROUNDS):
            for which, pipe in pipes.items():
                pipe.send(True)
                measured[which].append(pipe.recv())
        for which, times in measured.items():
            pipes[which].send(False)
            print(
                f"{name:12} {which:24} {statistics.median(times):8.2f} ms ({min(times):.2f} to {max(times):.2f}), "
                f"first {first[which]:.1f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
