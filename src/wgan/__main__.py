"""`python -m wgan` is the command `wgan`."""

from wgan.cli import main

main()
