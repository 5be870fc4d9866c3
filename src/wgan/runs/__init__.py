"""The run folder: its config, its log, its lock and its checkpoints.

It may use `maths` and `errors`, and reads and writes files with the standard library, NumPy and safetensors alone.
"""
