"""`Config` holds every setting of a run, checked.

The flags of the command line, their help texts and their checks are made from the fields of `Config`.
"""

import dataclasses
import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, NamedTuple

from wgan.errors import WganError, unknown_name
from wgan.files.records import converted
from wgan.game.constraints import CONSTRAINTS, Constraint
from wgan.game.layers import mixes_batch, norm, unbounded
from wgan.game.networks import NETWORKS, Architecture
from wgan.game.objectives import OBJECTIVES, Objective
from wgan.maths.metrics import METRICS

# Families whose members are objects; a config holds the name of a member, or an object of your own.
FAMILIES: dict[str, tuple[Mapping[str, Callable[..., Any]], Any]] = {
    "objective": (OBJECTIVES, Objective),
    "constraint": (CONSTRAINTS, Constraint),
    "network": (NETWORKS, Architecture),
}
# The fields that each optimiser and each kind of conditional training reads.
OPTIMISERS = {"adam": ("beta1", "beta2"), "rmsprop": ("beta2",)}
CONDITIONALS = {"none": (), "projection": (), "auxiliary": ("class_weight", "class_weight_generator")}

# The measures that may choose the best checkpoint: those that need nothing but samples and rows.
MEASURES = tuple(name for name, metric in METRICS.items() if not metric.needs)
Measure = Callable[[Any, Any], Any]  # of samples and held-out rows at rest; lower is better

NORMS = ("auto", "none", "batch", "layer")
LARGEST = 2**63 - 1  # of a whole number, as in the file formats that keep it
MOST_UNITS, MOST_LAYERS = 10**9, 10**4  # far above what any machine holds, so that a forecast can count them
ACTIVATIONS = ("auto", "relu", "leaky_relu", "tanh", "shifted_softplus", "groupsort")


def _field(default: Any, text: str, *, low: float = -math.inf, high: float = math.inf, **more: Any) -> Any:
    """A config field with its help text; `low` and `high` are included; `more` takes `choices` and `operational`."""
    return field(default=default, metadata={"text": text, "low": low, "high": high, **more})


def _said_kinds(column: Any) -> tuple[str, ...] | None:
    from wgan.data.kinds import said_kinds  # not at the top: it imports SciPy, and `wgan --help` need not wait

    return said_kinds(column) or None


class Named(NamedTuple):
    """The name of an object of your own, which is all that a saved config holds of it."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Config:
    """Every setting of a run; a wrong value raises `WganError` when the config is built.

    Examples:
        >>> Config(n_critic=0)
        Traceback (most recent call last):
        wgan.errors.WganError: n_critic is 0; it must be a whole number of at least 1.
    """

    data: str = _field("digits", "a data set's name, a folder of images, an LMDB, hf:NAME, or a file of rows")
    size: int | None = _field(None, "resize images of a folder to N x N pixels (default: no)", low=1, high=4096)
    resize: str = _field("crop", "how images that are not square are made so", choices=("crop", "pad", "stretch"))
    drop: str | None = _field(
        None, "columns of a table to leave out, NAME,NAME; a name with a comma stands in double quotes (default: none)"
    )
    column: Any = _field(None, "a column's kind: text, number, integer, date or identifier", read=_said_kinds)
    dequantise: str = _field(
        "none", "noise, one level wide, that is added to rows of whole numbers", choices=("none", "uniform")
    )
    held_out: float = _field(0.1, "share of rows that are not trained on but measured against", low=0, high=0.9)
    rows: int | None = _field(None, "train on a random subset of this many rows (default: all)", low=1)

    objective: Any = _field("wasserstein", "what the two players minimise", family="objective")
    prior: float = _field(0.5, "pi, the share of real rows in a density-ratio objective", low=0.001, high=0.999)
    alpha: float = _field(0.5, "order of the divergence fgan-alpha: 1 is KL, 0 reverse KL", low=-10, high=10)
    generator_objective: str = _field(
        "non-saturating",
        "loss of an f-GAN's generator, -E f*(g(score)) or -E g(score) over fake rows",
        choices=("saturating", "non-saturating"),
    )
    constraint: Any = _field("gradient-penalty", "how the critic is kept Lipschitz", family="constraint")
    clip: float = _field(0.01, "c of weight clipping, which keeps the critic's weights in [-c, c]", low=1e-12)
    penalty_weight: float = _field(1.0, "lambda, the weight of the gradient penalty in the critic's loss", low=0)
    penalty_sides: str = _field("two", "penalise gradient norms above 1, or also below 1", choices=("one", "two"))

    network: Any = _field("hybrid", "the architecture of both players", family="network")
    width: int | None = _field(
        None, "units or base filters of the layers (default: the network's own)", low=1, high=MOST_UNITS
    )
    depth: int | None = _field(
        None,
        "hidden layers of a dense player, or all layers of a dcgan (default: the network's own)",
        low=1,
        high=MOST_LAYERS,
    )
    activation: str = _field("auto", "activation of hidden layers (auto: the network's own)", choices=ACTIVATIONS)
    critic_norm: str = _field(
        "auto", "the critic's normalisation (auto: the network's own if the constraint allows it)", choices=NORMS
    )
    generator_norm: str = _field("auto", "the generator's normalisation (auto: the network's own)", choices=NORMS)
    conditional: str = _field(
        "none",
        "train with labels, which the critic sees (projection) or learns to predict (auxiliary)",
        choices=tuple(CONDITIONALS),
    )
    class_weight: float = _field(1.0, "weight of the auxiliary classifier's loss in the critic's loss", low=0)
    class_weight_generator: float = _field(0.1, "weight of the classifier's loss in the generator's loss", low=0)
    latent: int = _field(
        64, "dimension of z, the normal noise that the generator turns into rows", low=1, high=MOST_UNITS
    )

    steps: int = _field(10_000, "generator updates in the whole run", low=0)
    batch: int = _field(64, "rows in a batch of the critic", low=1)
    generator_batch: int | None = _field(None, "samples in a batch of the generator (default: as many as batch)", low=1)
    n_critic: int = _field(1, "critic steps before each generator step", low=1)
    warm_up: int = _field(0, "how many generator steps at the start are warm-up steps", low=0)
    warm_up_every: int = _field(0, "every N-th generator step is a warm-up step too (0: none)", low=0)
    warm_up_critic: int = _field(100, "critic steps before the generator's in a warm-up step", low=1)
    optimiser: str = _field("adam", "update rule of both players", choices=tuple(OPTIMISERS))
    learning_rate: float = _field(2e-3, "learning rate of both players at the first step", low=1e-12, high=1e6)
    decay: str = _field("linear", "fall of the learning rate to 0 at the last step", choices=("none", "linear"))
    beta1: float = _field(0.0, "decay rate of Adam's mean gradient", low=0, high=0.999999)
    beta2: float = _field(0.9, "decay rate of the mean squared gradient (Adam, RMSProp)", low=0, high=0.999999)
    average: float = _field(
        0.999, "decay rate of the mean of the generator's weights that samples use (0: off)", low=0, high=0.999999
    )
    precision: str = _field(
        "float32",
        "number format of matrix products and convolutions (under bfloat16, weights and sums stay float32)",
        choices=("float32", "bfloat16", "float64"),
    )
    seed: int = _field(0, "seed of every random draw", low=0, high=LARGEST)

    # These may change when a run is resumed, since no number that it computes depends on them.
    engine: str = _field("auto", "the framework that computes", choices=("auto", "torch", "jax"), operational=True)
    data_dir: str | None = _field(None, "the folder of downloaded data sets", metavar="DIR", operational=True)
    log_every: int = _field(50, "steps between records of the log", low=1, operational=True)
    sample_every: int = _field(500, "steps between pictures of samples", low=1, operational=True)
    checkpoint_every: int = _field(500, "steps between checkpoints", low=1, operational=True)
    keep: int = _field(3, "how many of the newest checkpoints are kept, besides the best", low=1, operational=True)
    diagnose_every: int = _field(250, "steps between diagnostics, which the report shows", low=1, operational=True)
    best_by: str | Measure = _field(
        "energy_distance",
        "measure of samples against one half of the held-out rows that chooses the best checkpoint; the other half "
        "reports it",
        choices=MEASURES,
        function=tuple(METRICS),  # the names that a function may not bear
        operational=True,
    )
    until_no_better: int | None = _field(
        None, "stop N steps after the lowest measure (default: never)", low=1, operational=True
    )

    def __post_init__(self) -> None:
        for name in FAMILIES:
            self._check_member(name)
        for f in dataclasses.fields(self):
            object.__setattr__(self, f.name, _checked(f, getattr(self, f.name)))
        for name in self.unread():
            if (value := getattr(self, name)) != FIELDS[name].default:
                raise _unread_error(self, name, value)
        self._check_norm()

    def _check_member(self, family: str) -> None:
        """Store a member of a family as its name and parameters, and an object of your own as it is."""
        value, table, kind = getattr(self, family), *FAMILIES[family]
        if isinstance(value, str):
            if value not in table:
                raise unknown_name(family, value, table)
            return
        if not isinstance(value, kind | Named):
            raise WganError(f"{family} is {value!r}; give a name ({', '.join(table)}) or a {kind.__name__}.")
        if not (isinstance(value.name, str) and value.name):
            raise WganError(f"{family} has the name {value.name!r}; give it a text as its name.")
        if value.name not in table:
            return
        made, wanted = getattr(value, "parameters", None), inspect.signature(table[value.name]).parameters
        if (
            made is None
            or made.keys() != wanted.keys()
            or table[value.name](**{n: _checked(FIELDS[n], v) for n, v in made.items()}) != value
        ):
            raise WganError(
                f"{family} is an object with the name {value.name}, which wgan uses for its own; write "
                f"{family}={value.name!r} to use wgan's, or give yours another name."
            )
        object.__setattr__(self, family, value.name)
        _refuse_others(family, made, {n: v for n in made if (v := getattr(self, n)) != FIELDS[n].default})
        for name, given in made.items():
            object.__setattr__(self, name, given)

    def _check_norm(self) -> None:
        constraint = resolve("constraint", self)
        if isinstance(constraint, Named):
            return
        layers = [] if self.critic_norm == "auto" else norm(self.critic_norm)
        if constraint.bounds_layers and unbounded(layers):
            raise WganError(
                f"critic_norm is {self.critic_norm} under the {constraint.name} constraint, which bounds the slope of "
                "each layer, but the slope of a norm has no bound; use --critic-norm none or auto."
            )
        if constraint.forbids_batch_norm and mixes_batch(layers):
            raise WganError(
                f"critic_norm is {self.critic_norm} under the {constraint.name} constraint, which penalises the "
                "gradient of each row by itself, but batch norm mixes the rows; use --critic-norm layer, none or auto."
            )

    def unread(self) -> frozenset[str]:
        """The names of the fields that nothing in this config reads, such as `clip` under a gradient penalty."""
        read = {name for family in READERS for name in _fields_read(self, family)}
        unread = {name for readers in READERS.values() for names in readers.values() for name in names} - read
        off = {name for name, switches in _SWITCHES.items() if not any(getattr(self, switch) for switch in switches)}
        return frozenset(unread | off)

    def replace(self, **changes: Any) -> "Config":
        """This config with some fields changed; fields that nothing reads any more go back to their defaults.

        Raises `WganError` if a changed field is unknown or if the new config does not read it.
        """
        _refuse_unknown(changes)
        kept = {name: getattr(self, name) for name in FIELDS} | changes
        for family in FAMILIES.keys() & changes:  # a new object has its own values
            made = getattr(changes[family], "parameters", None) or {}
            _refuse_others(family, made, {name: changes[name] for name in made.keys() & changes})
            kept |= {name: FIELDS[name].default for name in made.keys() - changes.keys()}
        choices = Config(**{name: kept[name] for name in _DECIDE})
        for name in choices.unread():
            if name in changes:
                raise _unread_error(choices, name, changes[name])
            kept[name] = FIELDS[name].default
        return Config(**kept)

    def to_json(self) -> dict[str, Any]:
        """The fields as plain JSON values; an object is stored as its `name`."""
        values = {name: getattr(self, name) for name in FIELDS}
        return {name: name_of(value) for name, value in values.items()}

    @classmethod
    def from_json(cls, values: Any) -> "Config":
        """The inverse of `to_json`; fields that are missing, or that nothing reads, take their defaults.

        An object of your own becomes a `Named`, since a file holds no code. Raises WganError for all other values.
        """
        try:
            converted(values, dict[str, bool | int | float | str | list[str] | None])
        except ValueError as fault:
            raise WganError(f"the config is not one of wgan's ({fault}); it must hold a plain value a field.") from None
        _refuse_unknown(values)
        named = {
            family: Named(values[family])
            for family, (table, _) in FAMILIES.items()
            if isinstance(values.get(family), str) and values[family] not in table
        }
        if isinstance(measure := values.get("best_by"), str) and measure not in MEASURES:
            named["best_by"] = Named(measure)
        known = {**values, **named}
        choices = cls(**{name: known[name] for name in _DECIDE if name in known})
        return cls(**{name: value for name, value in known.items() if name not in choices.unread()})

    def critic_steps(self, step: int) -> int:
        """The number of critic steps before the generator's in step `step`, which counts from 0."""
        warm = step < self.warm_up or (self.warm_up_every > 0 and step % self.warm_up_every == 0)
        return self.warm_up_critic if warm else self.n_critic

    def critic_steps_before(self, step: int) -> int:
        """The number of critic steps in all steps before `step` together."""
        first = min(step, self.warm_up)
        every = self.warm_up_every
        later = math.ceil(step / every) - math.ceil(first / every) if every else 0
        return self.n_critic * step + (self.warm_up_critic - self.n_critic) * (first + later)

    def learning_rate_at(self, step: int, steps: int | None = None) -> float:
        """The learning rate of both players during `step` of a run of `steps` steps, by default those of the config."""
        last = self.steps if steps is None else steps
        return self.learning_rate * (1 - step / last if self.decay == "linear" else 1.0)

    def average_at(self, step: int) -> float:
        """The decay rate of the average during `step`: low at first, so that the average forgets initial weights."""
        return min(self.average, (1 + step) / (10 + step))


FIELDS: dict[str, dataclasses.Field] = {f.name: f for f in dataclasses.fields(Config)}
OPERATIONAL = frozenset(name for name, f in FIELDS.items() if f.metadata.get("operational"))


def kind(f: dataclasses.Field) -> type:
    """The type of a field's values other than None: int, float or str, and `object` for a family."""
    if "choices" in f.metadata:
        return str
    return {"str": str, "str | None": str, "int": int, "int | None": int, "float": float}.get(
        f.type if isinstance(f.type, str) else getattr(f.type, "__name__", str(f.type)), object
    )


def name_of(value: Any) -> Any:
    """The name of a family's member or of a function; any other value as it is."""
    return getattr(value, "name", getattr(value, "__name__", type(value).__name__) if callable(value) else value)


def unknown_field(name: str, known: Iterable[str] = FIELDS) -> WganError:
    """The error for an unknown field; a name that another library has is answered with the field that is meant."""
    meant = OTHER_NAMES.get(name.lower().replace("-", "_"))
    if meant is None:
        return unknown_name("field", name, known)
    if isinstance(meant, str):
        return WganError(f"unknown field {name!r}; {meant}.")
    words = " and ".join(f"{field} ({FIELDS[field].metadata['text']})" for field in meant)
    return WganError(f"unknown field {name!r}; use {words}.")


def _refuse_unknown(names: Iterable[str]) -> None:
    for name in names:
        if name not in FIELDS:
            raise unknown_field(name)


def _other_names() -> dict[str, str | tuple[str, ...]]:
    table: dict[str, str] = {
        "seed": "random_state random_seed rng manual_seed",
        "steps": "epochs n_epochs num_epochs max_epochs n_iter max_iter iterations n_iterations num_iterations niter "
        "n_steps num_steps max_steps total_steps train_steps training_steps nepoch",
        "learning_rate": "lr lr_g lr_d lrg lrd g_lr d_lr learning_rate_init eta eta0 step_size alpha_lr",
        "decay": "lr_schedule lr_scheduler scheduler lr_decay",
        "batch": "batch_size batchsize minibatch_size n_batch bs",
        "n_critic": "critic_iters critic_iterations critic_steps n_critics d_steps d_iters diters n_discriminator "
        "discriminator_steps n_dis disc_iters",
        "latent": "latent_dim latent_size z_dim nz noise_dim n_latent embedding_dim n_components codings_size",
        "penalty_weight": "lambda lambda_ lambda_gp gp_lambda gp_weight gradient_penalty_weight lambda_term",
        "clip": "clip_value clipvalue weight_clip weight_clipping weight_cliping_limit clamp",
        "width": "hidden_size hidden_dim hidden_units units n_filters filters ngf ndf channels dim",
        "depth": "n_layers num_layers layers n_hidden_layers",
        "width depth": "hidden_layer_sizes hidden_sizes hidden_dims generator_dim discriminator_dim",
        "optimiser": "optimizer solver",
        "beta1": "beta_1 b1 adam_beta1",
        "beta2": "beta_2 b2 adam_beta2 rho",
        "beta1 beta2": "betas",
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


def _is_finite(value: Any) -> bool:
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number beyond the largest float
        return False


def _refuse_others(family: str, made: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Refuse a field that is given beside an object that was made with another value."""
    for name, value in given.items():
        if value != made[name]:
            raise WganError(f"{name} is {value!r}, but the {family} was made with {made[name]!r}; give only one.")


def _checked(f: dataclasses.Field, value: Any) -> Any:
    wanted = kind(f)
    if value is None and f.default is None:
        return None
    if read := f.metadata.get("read"):
        return read(value)
    if wanted is str and value == "":
        raise WganError(f"{f.name} is empty; give a text, or leave it out.")
    if wanted is object or (wanted is str and isinstance(value, str) and "choices" not in f.metadata):
        return value
    if (taken := f.metadata.get("function")) and (callable(value) or isinstance(value, Named)):
        name = name_of(value)
        if not (isinstance(name, str) and name):
            raise WganError(f"{f.name} has the name {name!r}; give it a text as its name.")
        if name in taken:
            raise WganError(f"{f.name} is a function with the name {name}, which is wgan's own; give it another name.")
        return value
    if choices := f.metadata.get("choices"):
        if value not in choices:
            raise unknown_name(f.name, value, choices)
        return value
    low, high = f.metadata["low"], f.metadata["high"]
    high = min(high, LARGEST) if wanted is int else high
    fits = _is_finite(value) and low <= value <= high and (wanted is float or value == int(value))
    if wanted is str or not fits:
        what = {int: "a whole number", float: "a number", str: "text"}[wanted]
        stated = f.metadata["high"] < math.inf or (_is_finite(value) and value > high)
        upper = f" and at most {high:g}" if stated else ""
        lower = f" of at least {low:g}" if low > -math.inf else ""
        raise WganError(f"{f.name} is {value!r}; it must be {what}{lower}{upper}.")
    return wanted(value)


def resolve(family: str, config: Config, **more: Any) -> Any:
    """The member of a family that a config names, built from its fields and from `more`; an object stays as it is."""
    value, (table, _) = getattr(config, family), FAMILIES[family]
    if not isinstance(value, str):
        return value

    def argument(name: str) -> Any:
        if name in more:
            return more[name]
        return resolve(name, config) if name in FAMILIES else getattr(config, name)

    wanted = inspect.signature(table[value]).parameters
    return table[value](**{name: argument(name) for name in wanted if name in more or name in FIELDS})


# The fields that each member of a family and each optimiser or kind of conditional training reads.
READERS: dict[str, dict[str, tuple[str, ...]]] = {"optimiser": OPTIMISERS, "conditional": CONDITIONALS} | {
    family: {
        name: tuple(f for f in inspect.signature(make).parameters if f in FIELDS.keys() - FAMILIES.keys())
        for name, make in table.items()
    }
    for family, (table, _) in FAMILIES.items()
}
# Fields that are read where one of others is set.
_SWITCHES = {"warm_up_critic": ("warm_up", "warm_up_every"), "resize": ("size",)}
_DECIDE = (*READERS, *(switch for switches in _SWITCHES.values() for switch in switches))


def _fields_read(config: Config, family: str) -> tuple[str, ...]:
    value = getattr(config, family)
    return READERS[family].get(value, ()) if isinstance(value, str) else ()


def _unread_error(config: Config, name: str, value: Any) -> WganError:
    """The error for a field that nothing in the config reads; it names what would read the field."""
    if name in _SWITCHES:
        needed = " or ".join(_SWITCHES[name])
        return WganError(f"{name} is {value}, but it needs {needed}; set that too, or leave it out.")
    family = next(family for family, readers in READERS.items() if any(name in names for names in readers.values()))
    chosen = getattr(config, family)
    *others, last = (reader for reader, names in READERS[family].items() if name in names)
    who = f"{', '.join(others)} or {last}" if others else last
    return WganError(
        f"{name} is {value}, which {family} {getattr(chosen, 'name', chosen)} does not read; leave it out, or use "
        f"{family} {who}."
    )
