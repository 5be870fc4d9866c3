"""What every worker needs, imported once before they are forked; no thread is started and no engine runs here."""

import importlib
from contextlib import suppress

import torch

torch.set_num_threads(1)
for name in (
    "wgan.cli", "wgan.estimator", "wgan.export", "wgan.reports.page", "wgan.evaluation.evaluate", "wgan.training.loop",
    "wgan.training.tensorboard", "wgan.evaluation.samples", "wgan.evaluation.distance", "wgan.studies",
    "wgan.engines.torch", "pandas", "pyarrow.parquet", "lmdb", "onnx", "onnxruntime", "matplotlib.pyplot", "PIL.Image",
    "PIL.PngImagePlugin", "PIL.JpegImagePlugin", "PIL.TiffImagePlugin", "PIL.WebPImagePlugin", "PIL.BmpImagePlugin",
    "sklearn.decomposition", "sklearn.linear_model", "safetensors.numpy", "rich.progress", "scipy.stats",
):  # fmt: skip
    with suppress(ImportError):  # an extra that is not installed: its formats are refused with a sentence
        importlib.import_module(name)
