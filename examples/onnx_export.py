"""Write a generator as ONNX, and draw from the file without wgan. Needs the extra onnx."""

import numpy as np
import onnxruntime

import wgan
from wgan.export import export

list(wgan.train(wgan.Config(data="digits", width=32, steps=20), out="runs/digits"))
export("runs/digits", "digits.onnx")

session = onnxruntime.InferenceSession("digits.onnx", providers=["CPUExecutionProvider"])
latent = session.get_inputs()[0].shape[1]
z = np.random.default_rng(0).standard_normal((16, latent), dtype=np.float32)
(images,) = session.run(["rows"], {"z": z})
print(images.shape, images.dtype)
