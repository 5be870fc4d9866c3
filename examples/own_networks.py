"""Train two torch modules of your own."""

import torch
from torch import nn

import wgan

torch.manual_seed(0)  # the modules' own weights are where training starts
critic = nn.Sequential(nn.Conv2d(1, 32, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(512, 1))
generator = nn.Sequential(
    nn.Linear(16, 512), nn.ReLU(), nn.Unflatten(1, (32, 4, 4)), nn.ConvTranspose2d(32, 1, 4, 2, 1), nn.Tanh()
)
network = wgan.own_network(critic, generator, name="mine")
model = wgan.WGAN(network=network, latent=16, steps=20, seed=0).fit(wgan.data.load("digits"))
model.save("runs/mine")
print(wgan.load("runs/mine", network=network).sample(16, seed=1).shape)
