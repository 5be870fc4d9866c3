"""A run from its config to its last step, what is measured on the way, and a checkpoint as a model to use.

It may use `engines` and all that stands below them, and reaches a framework through an engine alone.
"""
