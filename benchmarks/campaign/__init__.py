"""Files that are damaged, processes that are killed, machines that are full: what `wgan` makes of them.

    python -m benchmarks.campaign --minutes 3
    python -m benchmarks.campaign --only fuzz --format npy --case 1234 --seed 0

Every case is made from the seed and its number alone, so one command repeats it. See `docs/reliability.md`.
"""
