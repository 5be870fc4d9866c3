"""Which settings do not go together; each fault is one sentence that says what to change."""

from typing import Any

from wgan.config.values import Named
from wgan.errors import WganError, setting
from wgan.game.building import norm
from wgan.game.constraints import Constraint
from wgan.game.layers import mixes_batch, unbounded
from wgan.game.objectives import Objective
from wgan.game.slices import MULTIPLE


def check(config: Any, objective: Objective | Named, constraint: Constraint | Named) -> None:
    """Raise `WganError` if settings of a `Config` do not go together; its objective and constraint are given too."""
    if not isinstance(constraint, Named):
        _check_norm(config, constraint)
        if constraint.brings_activation and config.activation != "auto":
            raise WganError(
                f"activation is {config.activation}, but the layers of constraint {constraint.name} hold activations "
                f"of their own; use {setting('activation', 'auto')}."
            )
    if config.shards > 1:
        _check_shards(config)
    if config.slices != "none":
        _check_slices(config)
        if getattr(objective, "needs_real", False):
            raise WganError(
                f"objective is {objective.name}, whose generator's loss sees a real row beside each fake, but slices "
                f"of a volume have no such row; use another objective or {setting('slices', 'none')}."
            )


def _check_shards(config: Any) -> None:
    for name in ("batch", "generator_batch"):
        value, shards = getattr(config, name), config.shards
        if value is not None and value % shards:
            near = " or ".join(str(n) for n in (value // shards * shards, -(-value // shards) * shards) if n)
            raise WganError(
                f"{name} is {value}, which {shards} shards do not divide into equal parts; use {near}, or "
                f"{setting('shards', max(n for n in range(1, shards) if value % n == 0))}."
            )


def _check_norm(config: Any, constraint: Constraint) -> None:
    layers = [] if config.critic_norm == "auto" else norm(config.critic_norm)
    if constraint.bounds_layers and unbounded(layers):
        raise WganError(
            f"critic_norm is {config.critic_norm} under the {constraint.name} constraint, which bounds the slope of "
            f"each layer, but the slope of a norm has no bound; use {setting('critic_norm', 'none')} or auto."
        )
    if constraint.forbids_batch_norm and mixes_batch(layers):
        raise WganError(
            f"critic_norm is {config.critic_norm} under the {constraint.name} constraint, which penalises the "
            f"gradient of each row by itself, but batch norm mixes the rows; use {setting('critic_norm', 'layer')}, "
            "none or auto."
        )


def _check_slices(config: Any) -> None:
    if config.slice_size % MULTIPLE:
        low = config.slice_size // MULTIPLE * MULTIPLE
        raise WganError(
            f"slice_size is {config.slice_size}, but it is a multiple of {MULTIPLE}; use {low} or {low + MULTIPLE}."
        )
    if config.conditional != "none":
        raise WganError(
            f"conditional is {config.conditional}, but slices have no labels; use {setting('conditional', 'none')}."
        )
    if config.generator_norm == "layer":
        raise WganError(
            "generator_norm is layer, which would tie a volume to its size, but slices give volumes of any size; "
            f"use {setting('generator_norm', 'batch')} or none."
        )
