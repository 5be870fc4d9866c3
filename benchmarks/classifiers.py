"""Train the classifiers that `wgan evaluate` measures with, and write them into src/wgan/evaluation/weights/.

    python benchmarks/classifiers.py [digits mnist fashion-mnist cifar10]

The same kind of machine gives the same weights. After a change of the recipe in wgan/evaluation/classifiers.py, run it
and measure all published Frechet distances again.
"""

import sys

from safetensors import safe_open

from wgan import data
from wgan.evaluation import classifiers

if __name__ == "__main__":
    for name in sys.argv[1:] or ["digits", "mnist", "fashion-mnist"]:
        file = classifiers.ship(data.load(name), print)
        with safe_open(file, "numpy") as opened:
            print(f"{file}: {file.stat().st_size:,} bytes, SHA-256 of the weights {opened.metadata()['sha256']}")
