"""A trained model measured: samples against held-out rows, each number beside its floor.

It may use `training` and all that stands below it.
"""
