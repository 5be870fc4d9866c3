"""Which architectures train? Random ones are trained as a GAN and as a WGAN-GP, and their samples' scores compared.

The paper's code was not released. Here depth means the depth of `dcgan`, the score comes from a classifier that is
trained on the data set itself, CIFAR-10 replaces ImageNet at 32 x 32, and the paper's weight decay of 1e-3 in
normalised critics is left out. Below the full scale the learning rates are ten times the paper's, since runs are short.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from wgan import data
from wgan.data import Dataset
from wgan.errors import WganError
from wgan.evaluation import features
from wgan.evaluation.features import Features
from wgan.game import networks
from wgan.game.constraints import none
from wgan.game.networks import Architecture
from wgan.maths import metrics
from wgan.presets import preset
from wgan.reports import figures
from wgan.studies import Row, Study
from wgan.studies.trained import trained
from wgan.training.model import Model, sample
from wgan.training.state import model_of, start

SEED = 0
# "full" is the paper's space (Table 1); the small one is for digits of 8 x 8. "norm": batch norm, with a penalty layer
# norm in the critic.
ACTIVATIONS = ("relu", "leaky_relu", "shifted_softplus", "tanh")
_SMALL: dict[str, tuple] = {"activation": ACTIVATIONS, "depth": (2, 4, 6), "norm": (True, False), "width": (8, 16)}
SPACE = {
    "quick": _SMALL,
    "medium": _SMALL,
    "full": {"activation": ACTIVATIONS, "depth": (4, 8, 12, 20), "norm": (True, False), "width": (32, 64, 128)},
}
_SHORT: Row = {"data": "digits", "steps": 300, "batch": 32, "faster": 10.0}
BUDGET = {
    "quick": _SHORT,
    "medium": _SHORT,
    "full": {"data": "cifar10", "steps": 100_000, "batch": 64, "faster": 1.0},
}
DRAWN = {"quick": 24, "medium": 100, "full": 200}
SAMPLES = {"digits": 1000, "cifar10": 50_000}  # the number of samples for a score
METHODS = ("gan", "wgan-gp")  # presets, each with the paper's Adam
SHARES = (0.0, 0.25, 0.5, 0.75, 0.9)  # a threshold lies at this share of the way from 1 to the score of real rows
MIDDLE = 0.5


def drawn(number: int, scale: str) -> Row:
    """The random architecture of this number: activation, depth, norm or none, and base filters of both players."""
    rng = np.random.default_rng([SEED, number])
    return {
        f"{player}_{name}": choices[int(rng.integers(len(choices)))]
        for player in ("generator", "critic")
        for name, choices in SPACE[scale].items()
    }


def architecture(pair: Row, row: tuple[int, ...], critic_norm: str) -> Architecture:
    """The drawn architecture for rows of this shape: each player comes from a dcgan with the settings drawn for it."""

    def dcgan(player: str, norm: str) -> Architecture:
        width, depth, kind = (pair[f"{player}_{name}"] for name in ("width", "depth", "activation"))
        return networks.dcgan(row, width, depth, kind, norm, norm, none(), networks.PICTURES)

    critic = dcgan("critic", critic_norm if pair["critic_norm"] else "none").critic
    generator = dcgan("generator", "batch" if pair["generator_norm"] else "none").generator
    return Architecture("drawn", critic, generator, "glorot_he")  # the initial weights of convolutions in its code


def cases(scale: str, methods: Iterable[str] = METHODS, count: int | None = None) -> list[Row]:
    """The first `count` architectures with each method, for the same number of generator steps."""
    return [
        {"number": number, "method": method, **drawn(number, scale), "seed": SEED, **BUDGET[scale]}
        for number in range(DRAWN[scale] if count is None else count)
        for method in methods
    ]


def measure(number: int, method: str, seed: int, data: str, steps: int, batch: int, faster: float, **pair: Any) -> Row:
    """Train one architecture and score its samples with the classifier of the data set."""
    dataset, seen, ceiling = judged(data)
    own = preset(method).config
    config = own.replace(
        data=data,
        network=architecture(pair, dataset.form.shape, "batch" if method == "gan" else "layer"),
        latent=128,
        learning_rate=faster * own.learning_rate,
        **{"steps": steps, "batch": batch, "seed": seed, "engine": "torch"},
    )
    score, error = scored(model_of(trained(start(config, dataset))), seen, SAMPLES[data])
    return {"score": score, "error": error, "real_score": ceiling}


def judged(name: str) -> tuple[Dataset, Features, float]:
    """A data set, the classifier that scores samples, and the score of the same number of real rows."""
    dataset = data.load(name)
    seen = features.classifier(dataset, np.arange(len(dataset.rows)), "", lambda text: None)
    rows = np.random.default_rng(SEED).permutation(dataset.rows)[: SAMPLES[name]]
    return dataset, seen, _score(seen, rows).value


def scored(model: Model, seen: Features, count: int) -> tuple[float, float | None]:
    """The inception-style score of samples and its standard error; a run that diverged has the least score, 1."""
    try:
        rows = sample(model, count)
    except WganError:  # the samples are NaN, which no pixel can hold
        return 1.0, None
    found = _score(seen, rows)
    return found.value, found.error


def _score(seen: Features, rows: np.ndarray) -> metrics.Measurement:
    return metrics.inception_style_score(np.asarray(seen.extract(rows)[1]))


def paired(rows: list[Row], first: str, second: str) -> list[tuple[Row, Row]]:
    """The rows of each architecture that was trained with both methods."""
    one, two = ({row["number"]: row for row in rows if row["method"] == method} for method in (first, second))
    return [(one[number], two[number]) for number in one if number in two]


def passed(both: list[tuple[Row, Row]], share: float) -> dict[str, int]:
    """The number of architectures that score above 1 + share (real rows' score - 1) with each or both methods."""
    above = [tuple(row["score"] > 1 + share * (row["real_score"] - 1) for row in pair) for pair in both]
    outcomes = {
        "only GAN": (True, False),
        "only WGAN-GP": (False, True),
        "both": (True, True),
        "neither": (False, False),
    }
    return {name: above.count(outcome) for name, outcome in outcomes.items()}


def judge(rows: list[Row]) -> tuple[bool | None, str]:
    """Whether more architectures pass the middle threshold only with WGAN-GP than only with GAN, by an exact sign
    test."""
    from scipy.stats import binomtest

    both = paired(rows, *METHODS)
    if not both:
        return None, "No architecture was trained with both."
    real = both[0][0]["real_score"]
    tables = {share: passed(both, share) for share in SHARES}
    lines = [f"{1 + share * (real - 1):.2f}: " + "/".join(map(str, found.values())) for share, found in tables.items()]
    gan, penalty = tables[MIDDLE]["only GAN"], tables[MIDDLE]["only WGAN-GP"]
    p = binomtest(penalty, gan + penalty).pvalue if gan + penalty else 1.0
    measured = (
        f"How many of {len(both)} architectures exceed a score only as GAN/only as WGAN-GP/as both/as neither: "
        f"{'; '.join(lines)}. The lowest score is 1, and real rows score {real:.2f}. At the middle score, an exact "
        f"sign test of the first two counts has p = {p:.2g}. The paper has 200 architectures: 1/88/110/1 at a score of "
        "3, and 0/147/42/11 at 5."
    )
    return (penalty > gan if p < 0.05 else None), measured


def draw(rows: list[Row]) -> Any:
    """The two scores of each architecture, and how many pass each threshold."""
    both = paired(rows, *METHODS)
    figure = figures.page(6.4)
    above, below = figure.subplots(2, 1, height_ratios=(3, 2))
    real = both[0][0]["real_score"]
    thresholds = [1 + share * (real - 1) for share in SHARES]
    style = figures.mark(0) | {"linestyle": "none", "alpha": 0.6}
    above.plot([one["score"] for one, _ in both], [two["score"] for _, two in both], **style)
    above.plot([1, real], [1, real], color=figures.REAL, linewidth=1)
    above.text(real, real, "equal ", ha="right", va="bottom", color=figures.REAL)
    above.set(xlabel="score when trained as a GAN", ylabel="score as a WGAN-GP", title="each point is an architecture")
    start = np.zeros(len(SHARES))
    for name, colour, hatch in (
        ("only GAN", figures.COLOURS[1], "//"), ("both", "0.8", ""), ("only WGAN-GP", figures.COLOURS[0], ""),
        ("neither", "white", ".."),
    ):  # fmt: skip
        found = np.array([passed(both, share)[name] for share in SHARES])
        bars = below.barh(range(len(SHARES)), found, left=start, color=colour, hatch=hatch, edgecolor="0.5", label=name)
        wide = [str(n) if n >= 0.03 * len(both) else "" for n in found]
        box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"}
        below.bar_label(bars, wide, label_type="center", fontsize=9, bbox=box)
        start += found
    below.set_yticks(range(len(SHARES)), [f"{threshold:.1f}" for threshold in thresholds])
    below.invert_yaxis()
    below.grid(axis="y", visible=False)
    below.set(xlabel="architectures", ylabel="score above", title=f"which method passes (real rows score {real:.1f})")
    figures.key(figure, below)
    return figure


STUDY = Study(
    title="which random architectures train, as a GAN and as a WGAN-GP?",
    claim=(
        "Architectures are drawn at random, and the hyper-parameters are not tuned to them. After the same number of "
        "generator steps, many more architectures give good samples with WGAN-GP than with the standard GAN."
    ),
    source="Gulrajani et al. 2017, arXiv 1704.00028, Tables 1 and 2, Appendix B",
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
)
