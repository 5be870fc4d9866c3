"""The names that other libraries have for a field of the config."""

import dataclasses
import inspect
import reprlib
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from wgan.errors import WganError, setting, unknown_name, with_settings

T = TypeVar("T")
P = ParamSpec("P")


def unknown_field(name: str, fields: Mapping[str, dataclasses.Field], known: Iterable[str] | None = None) -> WganError:
    """The error for an unknown field; a name that another library has is answered with the field that is meant.

    `known` are the names that are suggested, by default those of all `fields`.
    """
    meant = meant_by(name)
    if meant is None:
        return unknown_name("field", name, fields if known is None else known)
    if isinstance(meant, str):
        return WganError(f"unknown field {name!r}; {meant}.")
    texts = " ".join(f"{field}: {with_settings(fields[field].metadata['text'])}" for field in meant)
    return WganError(f"unknown field {name!r}; use {' and '.join(meant)}. {texts}")


def unknown_member(family: str, name: str, members: Iterable[str]) -> WganError:
    """The error for an unknown member of a family; a name that papers or other libraries have is answered with ours.

    Examples:
        >>> print(unknown_member("objective", "WGAN", ["wasserstein", "fgan-tv"]))
        unknown objective 'WGAN'; use objective='wasserstein'.
    """
    members, plain = list(members), name.lower().replace("_", "-").replace(" ", "-")
    meant = plain if plain in members else OTHER_MEMBERS.get(family, {}).get(plain)
    if meant is None:
        return unknown_name(family, name, members)
    return WganError(f"unknown {family} {name!r}; use {setting(family, meant)}.")


def meant_by(name: str) -> str | tuple[str, ...] | None:
    """The fields, or the sentence, that answer a name or a flag of another library; None if it is not known."""
    return OTHER_NAMES.get(name.lower().lstrip("-").replace("-", "_"))


def answering(cls: type[T]) -> type[T]:
    """A dataclass that answers a field which it lacks as `unknown_field` does."""
    dataclass: Any = cls
    made = vars(cls)["__init__"]
    known = inspect.signature(made).parameters

    @wraps(made)
    def init(*arguments: Any, **given: Any) -> None:
        if len(arguments) > 1:
            raise WganError(
                f"{cls.__name__} takes its fields by name, but {reprlib.repr(arguments[1])} has none; write "
                f"{cls.__name__}(data=...)."
            )
        for name in (one for one in given if one not in known):
            raise unknown_field(name, {f.name: f for f in dataclasses.fields(dataclass)})
        made(*arguments, **given)

    type.__setattr__(cls, "__init__", init)
    return cls


def answered(function: Callable[P, T]) -> Callable[P, T]:
    """A function that answers the name of a field, and of another library, with its own argument or that of `WGAN`."""
    known = inspect.signature(function).parameters

    @wraps(function)
    def call(*arguments: P.args, **given: P.kwargs) -> T:
        from wgan.config import FIELDS  # which is made with `answering`

        for name in (one for one in given if one not in known):
            meant = meant_by(name) or ((name,) if name in FIELDS else None)
            if meant:
                raise WganError(f"{function.__name__} has no argument {name!r}; {_instead(meant, known)}.")
            near = unknown_name(f"argument of {function.__name__}", name, [one for one in known if one != "self"])
            if "did you mean" in str(near):
                raise near
        return function(*arguments, **given)

    return call


def unknown_attribute(owner: str, name: str) -> AttributeError:
    """The error for an attribute that a model lacks; a name that other libraries have is answered with ours.

    Examples:
        >>> print(unknown_attribute("WGAN", "predict"))
        'WGAN' object has no attribute 'predict'; sample(n) makes rows.
    """
    meant = ATTRIBUTES.get(name.lower().rstrip("_")) or _as_a_parameter(name)
    return AttributeError(f"{owner!r} object has no attribute {name!r}" + (f"; {meant}." if meant else ""))


def _as_a_parameter(name: str) -> str:
    """What to read of a model in the place of a parameter that other libraries have; "" for any other name."""
    fields = meant_by(name)
    return "" if not isinstance(fields, tuple) else " and ".join(f"config.{field} has its value" for field in fields)


def _instead(meant: str | tuple[str, ...], known: Iterable[str]) -> str:
    if isinstance(meant, str):
        return meant
    if set(meant) <= set(known):
        return f"use {' and '.join(meant)}"
    return f"set it when you make the model: WGAN({', '.join(f'{name}=...' for name in meant)})"


def _other_names() -> dict[str, str | tuple[str, ...]]:
    table: dict[str, str] = {
        "seed": "random_state random_seed rng manual_seed",
        "steps": "epochs n_epochs num_epochs max_epochs n_iter n_iter_ max_iter iterations n_iterations num_iterations "
        "niter n_steps num_steps max_steps total_steps train_steps training_steps nepoch",
        "learning_rate": "lr learning_rate_init eta eta0 step_size alpha_lr",
        "critic_learning_rate": "lr_d lrd d_lr lr_critic critic_lr discriminator_lr",
        "generator_learning_rate": "lr_g lrg g_lr lr_generator generator_lr gen_lr",
        "decay": "lr_schedule lr_scheduler scheduler lr_decay",
        "batch": "batch_size batchsize minibatch_size n_batch bs",
        "n_critic": "critic_iters critic_iterations critic_steps n_critics d_steps d_iters diters n_discriminator "
        "discriminator_steps n_dis disc_iters",
        "latent": "latent_dim latent_size z_dim nz noise_dim n_latent embedding_dim n_components codings_size",
        "penalty_weight": "gamma r1_gamma lambda lambda_ lambda_gp gp_lambda gp_weight gradient_penalty_weight "
        "lambda_term lambda_reg",
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
        "constraint": "regulariser regularizer regularization reg penalty gradient_penalty use_gp spectral_norm "
        "spectral_normalization",
        "critic_norm generator_norm": "batch_norm batchnorm layer_norm norm normalization",
        "network": "arch architecture model discriminator generator netd netg",
        "activation": "activation_fn nonlinearity",
        "engine": "backend framework",
        "device": "gpu cuda gpus gpu_id use_gpu use_cuda accelerator",
        "best_by": "metric metrics monitor scoring",
        "rows": "max_samples n_rows",
        "log_every": "log_interval log_freq log_frequency print_every",
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
    for name in ("n_samples", "num_samples"):
        found[name] = "n is the number of samples: model.sample(n)"
    for name in ("out_dir", "outdir", "output", "output_dir", "save_dir", "checkpoint_dir", "model_dir", "log_dir"):
        found[name] = "model.save(FOLDER) writes a run"
    for name in ("n_jobs", "num_workers", "n_workers", "num_threads"):
        found[name] = "the environment variable OMP_NUM_THREADS sets the number of threads"
    for name in ("labels", "n_classes", "num_classes"):
        found[name] = "labels are the y of model.fit(X, y), and conditional says how they are used"
    for name in ("where", "query", "filter"):
        found[name] = "samples of a table are a DataFrame, of which model.sample(10_000).query(TEXT) keeps a part"
    found["dropout"] = "only the constraint consistency drops units"
    found["weight_decay"] = "no optimiser of wgan has weight decay"
    found["pac"] = "wgan has no packing"
    found["shuffle"] = "batches are always drawn at random, as a function of seed"
    return found


# The names that other libraries have for a field: the fields that are meant, or a sentence.
OTHER_NAMES = _other_names()

# The attributes that models of other libraries have, and what a `WGAN` has instead.
ATTRIBUTES = {
    name: meant
    for names, meant in {
        "score evaluate decision_function score_sample critic_score": "score_samples(X) gives the critic's score of "
        "each row, and wgan.evaluate(X, model.sample(1000)) compares samples with real rows",
        "predict generate transform inverse_transform forward decode": "sample(n) makes rows",
        "history log logs loss losses loss_curve loss_history evals_result": "records_ has one dict for every "
        "log_every steps",
        "best_score best_loss n_iter step steps_done": "records_[-1] is the record of the last step",
        "generator net_g": "generator_ has its weights by name",
        "critic discriminator net_d": "critic_ has its weights by name",
        "state_dict parameters weights get_weights": "generator_ and critic_ have the weights by name",
        "save_model dump to_disk save_weights": "save(FOLDER) writes a run, which wgan.load(FOLDER) reads",
        "load load_model from_disk load_weights": "wgan.load(FOLDER) reads a run that save(FOLDER) or wgan train wrote",
        "train train_on_batch": "fit(X) trains from the start, and partial_fit(X) goes on",
        "plot_samples show plot_loss plot_history": "plot() draws the estimates and samples",
        "export to_onnx onnx": "save(FOLDER), then wgan export FOLDER --out FILE.onnx",
    }.items()
    for name in names.split()
}

# The names that papers and other libraries have for a member of a family.
OTHER_MEMBERS = {
    family: {name: member for member, names in table.items() for name in names.split()}
    for family, table in {
        "objective": {
            "wasserstein": "wgan w w1 emd wgan-gp earth-mover earthmover wasserstein-1",
            "minimax": "gan vanilla saturating standard bce goodfellow",
            "non-saturating": "ns nsgan ns-gan softplus logistic",
            "least-squares": "ls lsgan ls-gan mse l2",
            "relativistic": "rgan rsgan rpgan r3gan",
            "relativistic-average": "ragan rasgan",
        },
        "constraint": {
            "gradient-penalty": "gp wgan-gp improved",
            "clip": "clipping weight-clipping weight-clip wgan",
            "spectral": "sn spectral-norm spectral-normalization spectral-normalisation sngan sn-gan",
            "r1": "r1-penalty r1-regularization",
        },
        "network": {"mlp": "dense fc linear perceptron", "resnet": "residual", "dcgan": "cnn conv convolutional"},
        "engine": {"torch": "pytorch pt", "jax": "flax xla"},
        "kind": {"images": "pictures photos", "signals": "series timeseries", "volumes": "scans", "table": "tabular"},
    }.items()
}
