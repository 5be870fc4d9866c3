"""`python -m wgan` runs the command `wgan`."""

from wgan.cli import main

main()
