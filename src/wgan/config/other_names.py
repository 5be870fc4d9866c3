"""The names that other libraries have for a field of the config."""

import dataclasses
from collections.abc import Iterable, Mapping

from wgan.errors import WganError, unknown_name


def unknown_field(name: str, fields: Mapping[str, dataclasses.Field], known: Iterable[str] | None = None) -> WganError:
    """The error for an unknown field; a name that another library has is answered with the field that is meant.

    `known` are the names that are suggested, by default those of all `fields`.
    """
    meant = meant_by(name)
    if meant is None:
        return unknown_name("field", name, fields if known is None else known)
    if isinstance(meant, str):
        return WganError(f"unknown field {name!r}; {meant}.")
    texts = " ".join(f"{field}: {fields[field].metadata['text']}" for field in meant)
    return WganError(f"unknown field {name!r}; use {' and '.join(meant)}. {texts}")


def meant_by(name: str) -> str | tuple[str, ...] | None:
    """The fields, or the sentence, that answer a name or a flag of another library; None if it is not known."""
    return OTHER_NAMES.get(name.lower().lstrip("-").replace("-", "_"))


def _other_names() -> dict[str, str | tuple[str, ...]]:
    table: dict[str, str] = {
        "seed": "random_state random_seed rng manual_seed",
        "steps": "epochs n_epochs num_epochs max_epochs n_iter max_iter iterations n_iterations num_iterations niter "
        "n_steps num_steps max_steps total_steps train_steps training_steps nepoch",
        "learning_rate": "lr learning_rate_init eta eta0 step_size alpha_lr",
        "critic_learning_rate": "lr_d lrd d_lr lr_critic critic_lr discriminator_lr",
        "generator_learning_rate": "lr_g lrg g_lr lr_generator generator_lr gen_lr",
        "decay": "lr_schedule lr_scheduler scheduler lr_decay",
        "batch": "batch_size batchsize minibatch_size n_batch bs",
        "n_critic": "critic_iters critic_iterations critic_steps n_critics d_steps d_iters diters n_discriminator "
        "discriminator_steps n_dis disc_iters",
        "latent": "latent_dim latent_size z_dim nz noise_dim n_latent embedding_dim n_components codings_size",
        "penalty_weight": "gamma r1_gamma lambda lambda_ lambda_gp gp_lambda gp_weight gradient_penalty_weight "
        "lambda_term",
        "penalty_every": "d_reg_every r1_interval r1_every lazy_every",
        "clip": "clip_value clipvalue weight_clip weight_clipping weight_cliping_limit clamp",
        "width": "hidden_size hidden_dim hidden_units units n_filters filters ngf ndf channels dim",
        "depth": "n_layers num_layers layers n_hidden_layers",
        "width depth": "hidden_layer_sizes hidden_sizes hidden_dims generator_dim discriminator_dim",
        "optimiser": "optimizer solver",
        "beta1": "beta_1 b1 adam_beta1",
        "beta2": "beta_2 b2 adam_beta2 rho",
        "beta1 beta2": "betas",
        "critic_beta1": "beta1_d d_beta1 beta1_critic discriminator_beta1",
        "generator_beta1": "beta1_g g_beta1 beta1_generator gen_beta1",
        "critic_beta2": "beta2_d d_beta2 beta2_critic discriminator_beta2",
        "generator_beta2": "beta2_g g_beta2 beta2_generator gen_beta2",
        "learning_rate_warm_up": "lr_warmup lr_warm_up warmup warmup_steps lr_warmup_steps",
        "average": "ema ema_decay ema_beta polyak",
        "held_out": "validation_fraction validation_split val_split val_size test_size test_split",
        "until_no_better": "n_iter_no_change patience early_stopping early_stopping_patience",
        "size": "image_size img_size resolution imsize",
        "precision": "dtype amp mixed_precision",
        "objective": "loss loss_fn criterion",
        "constraint": "regulariser regularizer regularization",
        "network": "arch architecture model",
        "activation": "activation_fn nonlinearity",
        "engine": "backend framework",
        "rows": "max_samples n_rows",
        "log_every": "log_interval log_freq",
        "sample_every": "sample_interval",
        "checkpoint_every": "save_every save_interval checkpoint_interval",
    }
    found: dict[str, str | tuple[str, ...]] = {
        name: tuple(meant.split()) for meant, names in table.items() for name in names.split()
    }
    for name in ("verbose", "callbacks"):
        found[name] = f"it is an argument of fit: model.fit(X, {name}=...)"
    for name in ("warm_start", "resume"):
        found[name] = "a fitted model continues with model.fit(X, extend=True)"
    return found


# The names that other libraries have for a field: the fields that are meant, or a sentence.
OTHER_NAMES = _other_names()
