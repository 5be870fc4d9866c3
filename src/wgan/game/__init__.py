"""The two players, what they minimise and how the critic is kept Lipschitz, written once for every engine.

It reaches a framework only through an engine's `ops`, and may use `maths` and `errors`.
"""
