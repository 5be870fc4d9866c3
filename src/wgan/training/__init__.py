"""A run from its config to its last step, the measurements on the way, and a checkpoint as a model to use.

This folder may use `engines` and the folders below it; it reaches a framework only through an engine.
"""
