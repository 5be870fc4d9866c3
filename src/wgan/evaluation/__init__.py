"""How good a trained model is: samples against held-out rows, with a floor for each number.

It may use `training` and every folder below it.
"""
