"""`Config` holds every setting of a run, checked; `words` says what each setting is.

The flags of the command line, their help texts and their checks are made from the fields of `Config`.

The folder may use `game`, `data` and the folders below them.
"""

import dataclasses
import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from wgan.config import together
from wgan.config.other_names import answering, unknown_field, unknown_member
from wgan.config.schedule import PLAYERS, SHARED, Schedule
from wgan.config.values import LARGEST, Named, as_device, as_given, as_kinds, checked, name_of, number_of
from wgan.errors import WganError, setting, with_article
from wgan.files.records import converted
from wgan.game.augmentations import AUGMENTATIONS
from wgan.game.constraints import CONSTRAINTS, Constraint
from wgan.game.networks import NETWORKS, Architecture
from wgan.game.objectives import OBJECTIVES, Objective
from wgan.game.slices import MULTIPLE
from wgan.maths.metrics import METRICS

# Families whose members are objects; a config holds the name of a member, or an object of your own.
FAMILIES: dict[str, tuple[Mapping[str, Callable[..., Any]], Any]] = {
    "objective": (OBJECTIVES, Objective),
    "constraint": (CONSTRAINTS, Constraint),
    "network": (NETWORKS, Architecture),
}
# The decay rates of each optimiser, and the fields that each kind of slices and of conditional training reads.
OPTIMISERS = {"adam": ("beta1", "beta2"), "rmsprop": ("beta2",)}
SLICES = {"none": (), "isotropic": ("slice_size",), "each": ("slice_size",)}
CONDITIONALS: dict[str, tuple[str, ...]] = dict.fromkeys(("none", "projection", "concatenation"), ())
CONDITIONALS |= {"auxiliary": ("class_weight", "class_weight_generator")}

# The measures that may choose the best checkpoint: those that need nothing but samples and rows.
MEASURES = tuple(name for name, metric in METRICS.items() if not metric.needs)
Measure = Callable[[Any, Any], Any]  # of samples and held-out rows at rest; lower is better

NORMS = ("auto", "none", "batch", "layer")
MOST_UNITS, MOST_LAYERS = 10**9, 10**4  # far above what any machine holds, so that a forecast can count them
ACTIVATIONS = ("auto", "relu", "leaky_relu", "tanh", "swish", "shifted_softplus", "groupsort")

# The groups of fields, in the order in which the help shows them.
GROUPS = ("data", "networks", "objective", "optimisation", "run")


def _field(group: str, default: Any, text: str, *, low: float = -math.inf, high: float = math.inf, **more: Any) -> Any:
    """A config field of a group, with its help text; `low` and `high` are included.

    `more` takes `choices`, `among`, `operational`, and `unset`, which says in words what None stands for.
    """
    return field(default=default, metadata={"group": group, "text": text, "low": low, "high": high, **more})


_data, _networks, _objective, _optimisation, _run = (partial(_field, group) for group in GROUPS)


@answering
@dataclass(frozen=True, kw_only=True)
class Config(Schedule):
    """Every setting of a run; a wrong value raises `WganError` when the config is built.

    Examples:
        >>> Config(n_critic=0)
        Traceback (most recent call last):
        wgan.errors.WganError: n_critic is 0; it must be a whole number of at least 1.
    """

    data: str = _data(
        "digits", "What to train on: the name of a data set, a folder of images, an LMDB, hf:NAME, or a file."
    )
    kind: str = _data(
        "auto",
        "What a row of an array is. This decides how the axes are read. auto guesses it from the shape.",
        choices=("auto", "table", "signals", "images", "volumes"),  # `data.axes.KINDS`, whose folder imports SciPy
    )
    size: int | None = _data(
        None, "Resize the images of a folder to N x N pixels.", low=1, high=4096, unset="the size of the images"
    )
    resize: str = _data("crop", "How {size} makes an image square.", choices=("crop", "pad", "stretch"))
    drop: str | None = _data(
        None,
        "Columns of a table to leave out: NAME,NAME. Put double quotes around a name that has a comma.",
        unset="none",
    )
    column: Any = _data(
        None,
        "The kind of one column of a table: text, number, integer, date or identifier. On the command line, give the "
        "flag once for each column; in Python, give a dict.",
        read=as_kinds,
        repeated=True,
        unset="guessed from the values",
    )
    given: Any = _data(
        None,
        "Columns of a table that are given: NAME,NAME. The other columns are generated given these.",
        read=as_given,
        metavar="NAME,NAME",
        unset="none",
    )
    slices: str = _data(
        "none",
        "Learn volumes from images of their slices, or from slices of volumes. With isotropic, slices along all axes "
        "look alike. With each, every axis has slices and a critic of its own.",
        choices=tuple(SLICES),
    )
    slice_size: int = _data(
        32, "The side of the slices that the critic sees, in pixels: a multiple of 8.", low=MULTIPLE, high=1024
    )
    dequantise: str = _data(
        "none",
        "Add uniform noise to whole numbers. The noise is as wide as the step between two neighbouring numbers.",
        choices=("none", "uniform"),
    )
    flip: str = _data(
        "none",
        "Mirror half of the real rows, chosen at random in each batch. horizontal swaps left and right in images. all "
        "mirrors along each axis of space independently, in images, signals and volumes.",
        choices=("none", "horizontal", "all"),
    )
    augment: str = _data(
        "none",
        "Random changes of the images that the critic sees, real and generated: none, or some of "
        f"{', '.join(AUGMENTATIONS)} with commas between.",
        among=tuple(AUGMENTATIONS),
        metavar="NAME,NAME",
    )
    held_out: float = _data(
        0.1, "The share of rows that are kept out of training. The samples are measured against them.", low=0, high=0.9
    )
    rows: int | None = _data(None, "Train on a random subset of N rows.", low=1, unset="all rows")

    objective: Any = _objective(
        "wasserstein", "The loss that the critic and the generator minimise.", family="objective"
    )
    prior: float = _objective(0.5, "pi, the share of real rows in a density-ratio objective.", low=0.001, high=0.999)
    alpha: float = _objective(
        0.5, "The order of the divergence fgan-alpha. 1 is KL and 0 is reverse KL.", low=-10, high=10
    )
    generator_objective: str = _objective(
        "non-saturating",
        "The loss of an f-GAN's generator over samples: saturating is -E f*(g(score)), non-saturating is -E g(score).",
        choices=("saturating", "non-saturating"),
    )
    constraint: Any = _objective("gradient-penalty", "How the critic is kept Lipschitz.", family="constraint")
    clip: float = _objective(0.01, "c of weight clipping. It keeps the critic's weights in [-c, c].", low=1e-12)
    penalty_weight: float = _objective(
        1.0, "lambda, the weight of the penalty in the critic's loss. r1, r2 and r1-r2 use half of it.", low=0
    )
    penalty_sides: str = _objective(
        "two",
        "Which gradient norms are penalised: one means norms above 1, two means norms above and below 1.",
        choices=("one", "two"),
    )
    penalty_every: int = _objective(
        1, "The penalty acts in every N-th critic step, with N times its weight.", low=1, high=10_000
    )
    penalty_step: float = _objective(
        0.0,
        "Replace |grad f(x)|^2 in the penalty by the finite difference ((f(x+hu)-f(x))/h)^2 with this step h, where u "
        "points along the gradient. It needs no second derivative. 0 is the exact gradient.",
        low=0,
        high=100,
    )

    network: Any = _networks("hybrid", "The architecture of both networks.", family="network")
    width: int | None = _networks(
        None, "The number of units or base filters in a layer.", low=1, high=MOST_UNITS, unset="the network's own"
    )
    depth: int | None = _networks(
        None,
        "The number of hidden dense layers, of all layers of a dcgan, or of blocks in a stage of r3gan.",
        low=1,
        high=MOST_LAYERS,
        unset="the network's own",
    )
    activation: str = _networks(
        "auto", "The activation of hidden layers. auto is the network's own.", choices=ACTIVATIONS
    )
    critic_norm: str = _networks(
        "auto",
        "The critic's normalisation. auto is the network's own, but layer in place of batch under a penalty on single "
        "rows, and none under a constraint that bounds each layer.",
        choices=NORMS,
    )
    generator_norm: str = _networks("auto", "The generator's normalisation. auto is the network's own.", choices=NORMS)
    conditional: str = _networks(
        "none",
        "Generate rows of a given label or condition. The critic multiplies its features by the condition "
        "(projection), gets it as an input (concatenation), or learns to predict it (auxiliary). With {given}, or if "
        "the data have a condition, none means concatenation.",
        choices=tuple(CONDITIONALS),
    )
    class_weight: float = _objective(1.0, "The weight of the classifier's loss in the critic's loss.", low=0)
    class_weight_generator: float = _objective(
        0.1, "The weight of the classifier's loss in the generator's loss.", low=0
    )
    latent: int = _networks(
        64, "The dimension of z, the normal noise that the generator turns into samples.", low=1, high=MOST_UNITS
    )

    steps: int = _optimisation(10_000, "The number of generator steps in the whole run.", low=0)
    batch: int = _optimisation(64, "The number of rows in a batch of the critic.", low=1)
    generator_batch: int | None = _optimisation(
        None, "The number of samples in a batch of the generator.", low=1, unset="as {batch}"
    )
    n_critic: int = _optimisation(1, "The number of critic steps before each generator step.", low=1)
    warm_up: int = _optimisation(0, "Use {warm_up_critic} critic steps in each of the first N generator steps.", low=0)
    warm_up_every: int = _optimisation(
        0, "Use {warm_up_critic} critic steps in every N-th generator step too. 0 is never.", low=0
    )
    warm_up_critic: int = _optimisation(
        100, "The number of critic steps before the generator step in a warm-up step.", low=1
    )
    shards: int = _optimisation(
        1,
        "Cut each batch into N equal parts. The gradient of each part is computed alone, and all are summed in a fixed "
        "order. Any number of processes that divides N gives the same bytes.",
        low=1,
    )
    optimiser: str = _optimisation("adam", "The update rule of both networks.", choices=tuple(OPTIMISERS))
    learning_rate: float = _optimisation(
        2e-3, "The learning rate of both networks at the first step.", low=1e-12, high=1e6
    )
    critic_learning_rate: float | None = _optimisation(
        None, "The learning rate of the critic at the first step.", low=1e-12, high=1e6, unset="as {learning_rate}"
    )
    generator_learning_rate: float | None = _optimisation(
        None, "The learning rate of the generator at the first step.", low=1e-12, high=1e6, unset="as {learning_rate}"
    )
    decay: str = _optimisation(
        "linear",
        "How the learning rates change. linear and cosine fall to 0 at the last step: linearly, or as half a period "
        "of a cosine. none keeps them the same.",
        choices=("none", "linear", "cosine"),
    )
    learning_rate_warm_up: int = _optimisation(
        0, "The learning rates rise linearly during the first N steps. 0 is no rise.", low=0
    )
    beta1: float = _optimisation(0.0, "Adam's decay rate of the mean gradient.", low=0, high=0.999999)
    beta2: float = _optimisation(
        0.9, "The decay rate of the mean squared gradient in Adam and RMSProp.", low=0, high=0.999999
    )
    critic_beta1: float | None = _optimisation(None, "beta1 of the critic.", low=0, high=0.999999, unset="as {beta1}")
    generator_beta1: float | None = _optimisation(
        None, "beta1 of the generator.", low=0, high=0.999999, unset="as {beta1}"
    )
    critic_beta2: float | None = _optimisation(None, "beta2 of the critic.", low=0, high=0.999999, unset="as {beta2}")
    generator_beta2: float | None = _optimisation(
        None, "beta2 of the generator.", low=0, high=0.999999, unset="as {beta2}"
    )
    average: float = _optimisation(
        0.999,
        "The decay rate of the average of the generator's weights. Samples come from the average. 0 means no average.",
        low=0,
        high=0.999999,
    )
    precision: str = _optimisation(
        "float32",
        "The number format of matrix products and convolutions. Weights and sums stay float32 under bfloat16.",
        choices=("float32", "bfloat16", "float64"),
    )
    seed: int = _run(0, "The seed of every random draw.", low=0, high=LARGEST)

    # These may change when a run is resumed, since no number that it computes depends on them.
    engine: str = _run("auto", "The framework that computes.", choices=("auto", "torch", "jax"), operational=True)
    device: str = _run(
        "auto",
        "Where it computes: auto, cpu, cuda, mps, or one GPU by its number, such as cuda:1. auto is a GPU if there is "
        "one.",
        read=as_device,
        operational=True,
    )
    data_dir: str | None = _data(
        None,
        "The folder of downloaded data sets.",
        metavar="DIR",
        operational=True,
        unset="$WGAN_DATA or the user's cache",
    )
    log_every: int = _run(50, "Steps between two records of the log.", low=1, operational=True)
    sample_every: int = _run(500, "Steps between two pictures of samples.", low=1, operational=True)
    checkpoint_every: int = _run(500, "Steps between two checkpoints.", low=1, operational=True)
    keep: int = _run(
        3, "How many of the newest checkpoints are kept. The best one is kept too.", low=1, operational=True
    )
    diagnose_every: int = _run(250, "Steps between two diagnoses of the samples.", low=1, operational=True)
    best_by: str | Measure = _run(
        "energy_distance",
        "The measure that chooses the best checkpoint. It compares samples with one half of the held-out rows, and the "
        "other half gives the number that is reported.",
        choices=MEASURES,
        function=tuple(METRICS),  # the names that a function may not bear
        operational=True,
    )
    until_no_better: int | None = _run(
        None, "Stop when {best_by} has had no new best value for N steps.", low=1, operational=True, unset="never"
    )

    def __post_init__(self) -> None:
        for name in FAMILIES:
            self._check_member(name)
        for f in dataclasses.fields(self):
            object.__setattr__(self, f.name, checked(f, getattr(self, f.name)))
        for name in self.unread():
            if (value := getattr(self, name)) != FIELDS[name].default:
                raise _unread_error(self, name, value)
        together.check(self, resolve("objective", self), resolve("constraint", self))

    def _check_member(self, family: str) -> None:
        """Store a member of a family as its name and parameters, and an object of your own unchanged."""
        value, table, kind = getattr(self, family), *FAMILIES[family]
        if isinstance(value, str):
            if value not in table:
                raise unknown_member(family, value, table)
            return
        if not isinstance(value, kind | Named):
            raise WganError(
                f"{family} is {value!r}; give a name ({', '.join(table)}) or {with_article(kind.__name__)}."
            )
        if not (isinstance(value.name, str) and value.name):
            raise WganError(f"{family} has the name {value.name!r}; give it a text as its name.")
        if value.name not in table:
            return
        made, wanted = getattr(value, "parameters", None), inspect.signature(table[value.name]).parameters
        if (
            made is None
            or made.keys() != wanted.keys()
            or table[value.name](**{n: checked(FIELDS[n], v) for n, v in made.items()}) != value
        ):
            raise WganError(
                f"{family} is an object with the name {value.name}, which wgan uses for its own; write "
                f"{family}={value.name!r} to use wgan's, or give yours another name."
            )
        object.__setattr__(self, family, value.name)
        _refuse_others(family, made, {n: v for n in made if (v := getattr(self, n)) != FIELDS[n].default})
        for name, given in made.items():
            object.__setattr__(self, name, given)

    def unread(self) -> frozenset[str]:
        """The names of the fields that nothing in this config reads, such as `clip` under a gradient penalty."""
        read = {name for family in READERS for name in _fields_read(self, family)}
        unread = {name for readers in READERS.values() for names in readers.values() for name in names} - read
        off = {name for name, switches in SWITCHES.items() if not any(getattr(self, switch) for switch in switches)}
        own = {name for name, fields in OWN.items() if all(getattr(self, field) is not None for field in fields)}
        return frozenset(unread | off | own)

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
        choices = _choices(kept)
        for name in choices.unread():
            if name in changes:
                raise _unread_error(choices, name, changes[name])
            kept[name] = FIELDS[name].default
        return Config(**kept)

    def with_settings(self, values: Mapping[str, Any]) -> "Config":
        """This config with the fields of a file of settings.

        A number may be a text, as in YAML. A printed config has all fields, so one that nothing reads may stand there
        at its default. Raises `WganError` as `replace` does.
        """
        _refuse_unknown(values)
        changes = {name: number_of(FIELDS[name], value) for name, value in values.items()}
        unread = _choices({name: getattr(self, name) for name in FIELDS} | changes).unread()
        return self.replace(
            **{name: value for name, value in changes.items() if name not in unread or value != FIELDS[name].default}
        )

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
            raise WganError(f"the config is not one of wgan's ({fault}); give each field one plain value.") from None
        _refuse_unknown(values)
        named = {
            family: Named(values[family])
            for family, (table, _) in FAMILIES.items()
            if isinstance(values.get(family), str) and values[family] not in table
        }
        if isinstance(measure := values.get("best_by"), str) and measure not in MEASURES:
            named["best_by"] = Named(measure)
        known = {**values, **named}
        choices = _choices(known)
        return cls(**{name: value for name, value in known.items() if name not in choices.unread()})


FIELDS: dict[str, dataclasses.Field] = {f.name: f for f in dataclasses.fields(Config)}
RATES = ("learning_rate", "critic_learning_rate", "generator_learning_rate")
OPERATIONAL = frozenset(name for name, f in FIELDS.items() if f.metadata.get("operational"))


def _refuse_unknown(names: Iterable[str]) -> None:
    for name in names:
        if name not in FIELDS:
            raise unknown_field(name, FIELDS)


def _refuse_others(family: str, made: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Refuse a field that is given beside an object that was made with another value."""
    for name, value in given.items():
        if value != made[name]:
            raise WganError(f"{name} is {value!r}, but the {family} was made with {made[name]!r}; give only one.")


def resolve(family: str, config: Config, **more: Any) -> Any:
    """The member of a family that a config names, built from its fields and from `more`; an object stays unchanged."""
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
READERS: dict[str, dict[str, tuple[str, ...]]] = {
    "optimiser": {
        name: (*betas, *(f"{player}_{beta}" for player in PLAYERS for beta in betas))
        for name, betas in OPTIMISERS.items()
    },
    **{"conditional": CONDITIONALS, "slices": SLICES},
} | {
    family: {
        name: tuple(f for f in inspect.signature(make).parameters if f in FIELDS.keys() - FAMILIES.keys())
        for name, make in table.items()
    }
    for family, (table, _) in FAMILIES.items()
}
# Fields that are read where one of others is set.
SWITCHES = {"warm_up_critic": ("warm_up", "warm_up_every"), "resize": ("size",)}
# Fields that are read unless all of others are set.
OWN = {name: tuple(f"{player}_{name}" for player in PLAYERS) for name in SHARED}
_DECIDE = (*READERS, *(switch for switches in SWITCHES.values() for switch in switches))


def _choices(values: Mapping[str, Any]) -> Config:
    """A config of those of these fields that decide which others are read."""
    decide = {name: values[name] for name in _DECIDE if name in values}
    unread = Config(**decide).unread()
    own = {name for names in OWN.values() for name in names if name in values and name not in unread}
    return Config(**decide, **{name: values[name] for name in own})


def _fields_read(config: Config, family: str) -> tuple[str, ...]:
    value = getattr(config, family)
    return READERS[family].get(value, ()) if isinstance(value, str) else ()


def _unread_error(config: Config, name: str, value: Any) -> WganError:
    """The error for a field that nothing in the config reads; it names what would read the field."""
    if name in SWITCHES:
        needed = " or ".join(SWITCHES[name])
        return WganError(f"{name} is {value}, but it needs {needed}; set that too, or leave it out.")
    if name in OWN and all(getattr(config, field) is not None for field in OWN[name]):
        return WganError(
            f"{name} is {value}, but {' and '.join(OWN[name])} are set, so nothing reads it; leave it out."
        )
    family = next(family for family, readers in READERS.items() if any(name in names for names in readers.values()))
    chosen = getattr(config, family)
    first, *others = (reader for reader, names in READERS[family].items() if name in names)
    *middle, last = (setting(family, first), *others)
    who = f"{', '.join(middle)} or {last}" if middle else last
    return WganError(
        f"{name} is {value}, which {family} {getattr(chosen, 'name', chosen)} does not read; leave it out, or use "
        f"{who}."
    )
