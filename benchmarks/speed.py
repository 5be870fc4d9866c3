"""Critic steps a second: this project's iteration against the loop that everybody copies, on the same networks.

    python benchmarks/speed.py [--seconds 4]

The copied loop is that of the popular repositories: a DataLoader whose transform turns each item from a PIL
image to a normalised tensor, nn.Modules, eager, fakes that are not detached in the critic's step. Both train
WGAN-GP with batch 64 and five critic steps for each generator step, Adam (0, 0.9) at 1e-4, float32, on 6,000
images. They run in turns, several times, so that a busy machine slows both; the ratio is of the medians.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image
from torch import nn

from wgan import Config, data
from wgan.game import networks
from wgan.game.building import activation, dense, reshape
from wgan.game.constraints import CONSTRAINTS
from wgan.game.layers import shapes
from wgan.game.networks import Architecture
from wgan.game.slopes import padding
from wgan.training import loop

ROUNDS = 5
N_CRITIC = 5


class Items(torch.utils.data.Dataset):
    """Images as torchvision's data sets give them: one PIL image at a time, to a tensor, then normalised."""

    def __init__(self, rows: np.ndarray):
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> torch.Tensor:
        image = Image.fromarray(self.rows[index, ..., 0])
        pixels = torch.from_numpy(np.array(image, np.uint8, copy=True))[None]
        return pixels.to(torch.float32).div(255).sub_(0.5).div_(0.5)


class Module(nn.Module):
    """The same architecture as idiomatic modules, channels first."""

    def __init__(self, layers: list[dict], row: tuple[int, ...]):
        super().__init__()
        modules: list[nn.Module] = []
        for layer, out in zip(layers, shapes(layers, row), strict=True):
            stride, kernel = layer.get("stride", 1), layer.get("kernel", 1)
            match layer["kind"]:
                case "dense":
                    modules.append(nn.Linear(row[-1], out[-1]))
                case "conv":
                    pad = padding(row[0], kernel, stride)
                    modules.append(nn.Conv2d(row[-1], out[-1], kernel, stride, pad))
                case "conv_transpose":
                    pad = padding(out[0], kernel, stride)
                    more = out[0] - ((row[0] - 1) * stride - 2 * pad + kernel)
                    modules.append(nn.ConvTranspose2d(row[-1], out[-1], kernel, stride, pad, more))
                case "batch_norm":
                    modules.append(nn.BatchNorm2d(out[-1]) if len(out) == 3 else nn.BatchNorm1d(out[-1]))
                case "layer_norm":
                    modules.append(nn.GroupNorm(1, out[-1]))
                case "relu" | "tanh":
                    modules.append({"relu": nn.ReLU, "tanh": nn.Tanh}[layer["kind"]]())
                case "leaky_relu":
                    modules.append(nn.LeakyReLU(layer["slope"]))
                case "reshape":
                    shape = (out[2], out[0], out[1]) if len(out) == 3 else out
                    modules.append(nn.Unflatten(1, shape) if len(out) == 3 else nn.Flatten())
            row = out
        self.layers = nn.Sequential(*modules)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


def copied(architecture: Architecture, latent: int, rows: np.ndarray) -> Iterator[Module]:
    """The loop that everybody copies; yields its generator after each generator step."""
    critic, generator = Module(architecture.critic, rows.shape[1:]), Module(architecture.generator, (latent,))
    critic_optimiser = torch.optim.Adam(critic.parameters(), lr=1e-4, betas=(0.0, 0.9))
    generator_optimiser = torch.optim.Adam(generator.parameters(), lr=1e-4, betas=(0.0, 0.9))
    loader = torch.utils.data.DataLoader(Items(rows), batch_size=64, shuffle=True, drop_last=True)
    while True:
        for number, real in enumerate(loader):
            critic_optimiser.zero_grad()
            fake = generator(torch.randn(64, latent))
            loss = critic(fake).mean() - critic(real).mean()
            alpha = torch.rand(64, 1, 1, 1)
            mixed = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
            scores = critic(mixed)
            slope = torch.autograd.grad(
                outputs=scores, inputs=mixed, grad_outputs=torch.ones_like(scores), create_graph=True, retain_graph=True
            )[0]
            loss = loss + 10 * ((slope.reshape(64, -1).norm(2, dim=1) - 1) ** 2).mean()
            loss.backward()
            critic_optimiser.step()
            if number % N_CRITIC == N_CRITIC - 1:
                generator_optimiser.zero_grad()
                (-critic(generator(torch.randn(64, latent))).mean()).backward()
                generator_optimiser.step()
                yield generator


def ours(architecture: Architecture, latent: int, rows: np.ndarray, precision: str) -> Iterator[None]:
    """This project's loop, draws and finite checks included; yields after each generator step."""
    config = Config(
        network=architecture,
        latent=latent,
        n_critic=N_CRITIC,
        learning_rate=1e-4,
        decay="none",
        penalty_weight=10.0,
        average=0.0,
        precision=precision,
        steps=10**9,
    )
    training = loop.start(config, data.from_array(rows))
    while True:
        loop.iterate(training)
        yield


def mlp() -> tuple[Architecture, int]:
    """784-512-256-1 against 100-128-256-512-1024-784, leaky ReLU."""
    leaky = activation("leaky_relu")
    critic = [reshape(784), dense(512), leaky, dense(256), leaky, dense(1)]
    hidden = [layer for width in (128, 256, 512, 1024) for layer in (dense(width), leaky)]
    generator = [*hidden, dense(784), reshape(28, 28, 1), activation("tanh")]
    return Architecture("speed-mlp", critic, generator, "he"), 100


def speed(steps: Iterator, seconds: float) -> float:
    """Critic steps a second over about so many seconds, after one iteration to warm up."""
    next(steps)
    began, count = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < seconds:
        next(steps)
        count += N_CRITIC
    return count / passed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=4, help="of each of the five rounds of each loop")
    seconds = parser.parse_args().seconds
    rows = np.random.default_rng(0).integers(0, 256, (6000, 28, 28, 1), np.uint8)
    keras = networks.keras_cnn((28, 28, 1), None, "layer", "batch", CONSTRAINTS["gradient-penalty"]())._replace(
        name="speed-cnn"
    )
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {platform.machine()}, numpy {np.__version__}")
    for name, (architecture, latent) in {"mlp": mlp(), "keras-cnn": (keras, 128)}.items():
        loops = {
            "copied": copied(architecture, latent, rows),
            "ours": ours(architecture, latent, rows, "float32"),
            "ours, bfloat16": ours(architecture, latent, rows, "bfloat16"),
        }
        measured: dict[str, list[float]] = {which: [] for which in loops}
        for _ in range(ROUNDS):
            for which, steps in loops.items():
                measured[which].append(speed(steps, seconds))
        base = statistics.median(measured["copied"])
        for which, speeds in measured.items():
            middle = statistics.median(speeds)
            print(
                f"{name:10} {which:15} {middle:6.1f} critic steps/s ({min(speeds):.1f} to {max(speeds):.1f}), "
                f"{middle / base:.2f} x copied"
            )


if __name__ == "__main__":
    main()
