"""The memory that a run takes, counted from the shapes of its layers before any of it is taken."""

import math
from collections.abc import Callable

from wgan.config import FIELDS, OPTIMISERS, Config, resolve
from wgan.data import Form
from wgan.data.conditions import Condition
from wgan.errors import WganError
from wgan.files.memory import SHARE, free, refuse_more_than_free
from wgan.game.layers import Layer, array_shapes, shapes
from wgan.game.slices import volumes_for
from wgan.training import own_networks
from wgan.training.model import architecture_of, ends_of, z_shape

Row = tuple[int, ...]
# The settings that decide how much memory a run takes; the first that explains it is named with its largest value.
LOWERED = ("width", "depth", "latent", "generator_batch", "batch", "warm_up_critic", "n_critic")


def refuse_too_large(config: Config, form: Form, classes: Condition | None) -> None:
    """Raise WganError if a run takes more memory than is free; it names the setting to lower, and to which number."""
    needed = bytes_of_training(config, form, classes)
    room = SHARE * free()
    if needed > room:
        refuse_more_than_free(
            needed,
            "training (weights, their optimisers and one batch)",
            _advice(config, lambda lower: bytes_of_training(lower, form, classes) <= room),
        )


def bytes_of_training(config: Config, form: Form, classes: Condition | None) -> int:
    """The bytes of the weights with their gradients and the memory of the optimisers, and of what one step computes."""
    row = form.encoded_shape
    architecture = architecture_of(config, row, ends_of(form), classes)
    latent = z_shape(config)
    if own_networks.is_own(architecture):  # its own code makes it, and takes the memory already
        return 0
    size = 8 if config.precision == "float64" else 4
    copies = 2 + len(OPTIMISERS[config.optimiser])  # weights, gradients, and a mean for each decay rate
    weights = copies * _count(architecture.critic, row)
    weights += (copies + (config.average > 0)) * _count(architecture.generator, latent)
    critic, generator = _units(architecture.critic, row), _units(architecture.generator, latent)
    samples = config.generator_batch or config.batch
    made = volumes_for(samples) if architecture.noise else samples
    computed = max(2 * config.batch * critic, samples * critic + made * generator)
    steps = max(config.n_critic, config.warm_up_critic if config.warm_up or config.warm_up_every else 0)
    numbers = getattr(resolve("constraint", config), "numbers", None)
    each = math.prod(row) + config.latent + (numbers(architecture.critic, row) if numbers else 0)
    drawn = steps * config.batch * each + samples * config.latent
    return size * (weights + computed) + 4 * drawn


def _count(layers: list[Layer], row: Row) -> int:
    return sum(math.prod(shape) for shape in array_shapes(layers, row).values())


def _units(layers: list[Layer], row: Row) -> int:
    """The numbers that a list of layers computes for one row."""
    return sum(math.prod(shape) for shape in shapes(layers, row))


def _advice(config: Config, fits: Callable[[Config], bool]) -> str:
    """What to give instead: the largest value that fits of the first setting that was raised, or of any."""
    raised = [name for name in LOWERED if getattr(config, name) not in (None, FIELDS[name].default)]
    for name in (*raised, *(name for name in LOWERED if name not in raised)):
        if (value := getattr(config, name)) is not None and (least := _largest(config, name, value, fits)):
            return f"use --{name.replace('_', '-')} {least} or less"
    return "use fewer or smaller rows"


def _largest(config: Config, name: str, value: int, fits: Callable[[Config], bool]) -> int:
    """The largest value below this one with which a run fits; 0 if there is none."""

    def good(one: int) -> bool:
        try:
            return fits(config.replace(**{name: one}))
        except WganError:  # a network may need more layers, or an even number of units
            return False

    least, most = 0, value // 2 + 1  # of halves, since some layers need an even number
    while most - least > max(1, least // 100):
        middle = (least + most) // 2
        least, most = (middle, most) if good(2 * middle) else (least, middle)
    found = 2 * least or int(good(1))
    return found - found % 10 ** max(0, len(str(found)) - 2)
