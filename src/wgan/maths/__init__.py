"""Distances, divergences, metrics and random draws as functions of NumPy arrays.

Nothing here knows a network, a file or a framework: it may use NumPy, SciPy and scikit-learn, and `errors`.
"""
