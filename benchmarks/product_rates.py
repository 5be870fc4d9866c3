"""The rate of the three products of a dense layer on one core, for a batch and for its shards.

    python benchmarks/product_rates.py [--inputs 3072] [--outputs 512] [--rounds 5]

A rate is the median over the rounds, in GFLOP a second of processor time; the numbers of rows take turns.
"""

import argparse
import statistics
import time

ROWS = (16, 64, 256)
WORK = 6 * max(ROWS)  # rows that are multiplied between two readings of the clock


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, default in (("inputs", 3072), ("outputs", 512), ("rounds", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    torch.set_num_threads(1)
    weight = torch.randn(given.outputs, given.inputs)
    products = {
        "outputs": lambda x, g: x @ weight.T,
        "gradient of the inputs": lambda x, g: g @ weight,
        "gradient of the weights": lambda x, g: g.T @ x,
    }
    for name, product in products.items():
        found: dict[int, list[float]] = {rows: [] for rows in ROWS}
        for _ in range(given.rounds):
            for rows, rates in found.items():
                x, g = torch.randn(rows, given.inputs), torch.randn(rows, given.outputs)
                product(x, g)
                began = time.process_time()
                for _ in range(WORK // rows):
                    product(x, g)
                rates.append(2 * WORK * given.inputs * given.outputs / (time.process_time() - began) / 1e9)
        told = (f"{rows} rows {statistics.median(r):.0f} ({min(r):.0f} to {max(r):.0f})" for rows, r in found.items())
        print(f"{name:24} {', '.join(told)} GFLOP/s", flush=True)


if __name__ == "__main__":
    main()
