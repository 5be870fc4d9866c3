"""The two players, what they minimise and how the critic is kept Lipschitz, written once for every engine.

This folder reaches a framework only through an engine's `ops`; it may use `maths` and `errors`.
"""
