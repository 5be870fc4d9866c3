"""Shared by all tests: one thread a process, since two processes run side by side."""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # for the commands that tests start

import torch

torch.set_num_threads(1)
