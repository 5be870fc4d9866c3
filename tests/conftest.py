"""Shared by all tests: one thread a process, since two processes run side by side."""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # for the commands that tests start
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import torch

torch.set_num_threads(1)
