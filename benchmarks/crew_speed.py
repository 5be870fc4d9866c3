"""Milliseconds an iteration of one process and of a crew, with the bytes that go over the loopback.

    python benchmarks/crew_speed.py [--iterations 3] [--rounds 3] [CASE ...]

Each process has one thread. The ways of a case run in turns, so that other work slows them alike. "processor" is the
time of the processor that process 0 used, which other work slows less than the clock does. Process 0 waits for the
others without using the processor, so its time is that of its own shards and the exchange.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time

CASES = {
    "mlp": {"network": "mlp", "width": 512, "depth": 2, "n_critic": 5},
    "mlp-256": {"network": "mlp", "width": 512, "depth": 2, "n_critic": 5, "batch": 256},
    "resnet": {"network": "resnet", "width": 32, "n_critic": 5},
    "dcgan": {"network": "dcgan", "width": 16, "n_critic": 5},
}
WAYS = {"1 process": (1, 1), "4 shards": (4, 1), "4 shards, 2 processes": (4, 2)}


def work(fields: dict, iterations: int) -> None:
    """One process of a crew: prints what an iteration takes, from the third on."""
    import numpy as np
    import psutil
    import torch

    from wgan import Config, data
    from wgan.training import loop, parallel
    from wgan.training.crew import crew_here

    torch.set_num_threads(1)
    rows = np.random.default_rng(0).integers(0, 256, (2000, 32, 32, 3), np.uint8)
    crew = crew_here()
    config = Config(engine="torch", steps=10**6, decay="none", average=0.0, latent=64, **fields)
    training = loop.start(config, data.from_array(rows), crew)
    with parallel.together(training):
        for _ in range(2):
            loop.iterate(training)
        sent = psutil.net_io_counters(pernic=True)["lo"].bytes_sent
        clock, processor = time.perf_counter(), time.process_time()
        for _ in range(iterations):
            loop.iterate(training)
        took = time.perf_counter() - clock, time.process_time() - processor
        sent = psutil.net_io_counters(pernic=True)["lo"].bytes_sent - sent
    if crew.leads:
        weights = [sum(training.game.engine.numpy(w).size for w in one.values()) for one in training.state[:2]]
        print(json.dumps({"took": [t / iterations * 1e3 for t in took], "sent": sent / iterations, "weights": weights}))


def measured(fields: dict, processes: int, iterations: int) -> dict:
    """What process 0 of a crew measured."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(one.getsockname()[1]), "OMP_NUM_THREADS": "1"}
    crew = [
        subprocess.Popen(
            [sys.executable, __file__, "--work", json.dumps(fields), "--iterations", str(iterations)],
            env=os.environ | shared | {"RANK": str(rank), "WORLD_SIZE": str(processes)},
            stdout=subprocess.PIPE,
        )
        for rank in range(processes)
    ]
    said = [one.communicate()[0] for one in crew]
    return json.loads(said[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--iterations", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("case", nargs="*", help=f"of {', '.join(CASES)}")
    given = parser.parse_args()
    if given.work:
        work(json.loads(given.work), given.iterations)
        return
    for name in given.case or CASES:
        found: dict[str, list[dict]] = {way: [] for way in WAYS}
        for _ in range(given.rounds):
            for way, (shards, processes) in WAYS.items():
                found[way].append(measured(CASES[name] | {"shards": shards}, processes, given.iterations))
        for way, (_, processes) in WAYS.items():
            clock, processor = (statistics.median(one["took"][k] for one in found[way]) for k in (0, 1))
            critic, generator = found[way][0]["weights"]
            wanted = processes * (processes - 1) * 4 * (CASES[name]["n_critic"] * critic + generator)
            sent = statistics.median(one["sent"] for one in found[way])
            print(
                f"{name:8} {way:22} {clock:8.1f} ms, processor {processor:8.1f} ms, "
                f"{sent / 1e6:6.2f} MB over the loopback ({wanted / 1e6:.2f} by the formula), "
                f"load {os.getloadavg()[0]:.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
