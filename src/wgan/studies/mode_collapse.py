"""How many of 1,000 modes does a generator find? GAN and WGAN on stacked digits, with critics of several sizes."""

from dataclasses import replace
from typing import Any

import numpy as np

from wgan.config import Config
from wgan.data import Dataset, load
from wgan.evaluation import features
from wgan.game.networks import Architecture
from wgan.maths import streams
from wgan.maths.divergences import divergence
from wgan.presets import preset
from wgan.reports import figures
from wgan.studies import Row, Study, marks
from wgan.studies.trained import recorded
from wgan.training.model import game_of, sample
from wgan.training.state import model_of, start

MODES = 1000  # the numbers of three digits
METHODS = ("gan", "wgan", "wgan-gp")  # presets
SHARES = (0.25, 0.5, 1.0)  # the critic's filters over the generator's; Metz et al. have 1/4 and 1/2

SMALL = {"data": "digits", "rows": 26_000, "samples": 26_000, "width": 16}
# VEEGAN's protocol has 26,000 samples, and 50 epochs of 128,000 stacked rows. With `width` 8 the players are as in Metz
# et al., but the generator has kernels of 5 instead of 3 and lacks its last 8 maps of 28 x 28.
WHOLE = {"data": "mnist", "rows": 128_000, "samples": 26_000, "width": 8}
CRITIC_BATCHES = {"quick": 1800, "medium": 6_000, "full": 100_000}  # the same number for every method
FASTER = {"wgan": 2e-4, "wgan-gp": 4e-4}  # below full: four times the papers' learning rates
YARDSTICKS = ("real rows", "untrained")  # measured for comparison: a classifier sees digits in noise too
SHOWN = 9  # samples in a row of rows.jsonl
TRIPLES = 4  # of which the figure shows so many


def cases(scale: str) -> list[Row]:
    """Real rows, an untrained generator, and every method against critics of every size, for several seeds."""
    scaled = WHOLE if scale == "full" else SMALL
    seeds = (0, 1, 2) if scale == "full" else (0, 1)
    real = {name: scaled[name] for name in ("data", "rows", "samples")} | {"method": "real rows", "seed": 0}
    untrained = {**scaled, "steps": 0, "method": "untrained", "critic_share": 1.0, "seed": 0}
    return [real, untrained] + [
        {**scaled, "steps": CRITIC_BATCHES[scale] // preset(method).config.n_critic}
        | {"method": method, "critic_share": share, "seed": seed}
        | ({"learning_rate": FASTER[method]} if scale != "full" and method in FASTER else {})
        for method in METHODS
        for share in SHARES
        for seed in seeds
    ]


def measure(
    data: str, rows: int, samples: int, method: str, seed: int,
    width: int = 0, critic_share: float = 0.0, **fields: Any,
) -> Row:  # fmt: skip
    """Train one pair of players on stacked digits and count the modes of its samples, or for "real rows" of rows."""
    single = load(data)
    if method == "real rows":
        return found(single, stacked(single, samples, seed + 1).rows)
    config = preset("gan" if method == "untrained" else method).config.replace(
        network="keras-cnn", seed=seed, engine="torch", log_every=10**9, **fields
    )
    dataset = stacked(single, rows, seed)
    training = start(config.replace(network=players(config, width, critic_share, dataset.form.shape)), dataset)
    *_, last = recorded(training)
    return found(single, sample(model_of(training), samples, seed)) | {"w1": last["w1"]}


def stacked(single: Dataset, count: int, seed: int) -> Dataset:
    """Rows of three random digits of `single`, one in each channel, with labels 100 a + 10 b + c (Metz et al. 2017)."""
    chosen = streams.stream(seed, "stacked").integers(0, len(single.rows), (count, 3))
    rows = np.concatenate([single.rows[chosen[:, k]] for k in range(3)], axis=3)
    labels = None if single.labels is None else single.labels[chosen] @ [100, 10, 1]
    form = replace(single.form, shape=rows.shape[1:])
    return replace(
        single, name=f"stacked {single.name}", rows=rows, form=form, labels=labels, label_names=(), sha256=""
    )


def players(config: Config, width: int, critic_share: float, row: tuple[int, ...]) -> Architecture:
    """The generator of a `keras-cnn` of this width, and the critic of one with `critic_share` times the width."""
    critic, generator = (
        game_of(config.replace(width=max(1, round(size))), row).architecture for size in (critic_share * width, width)
    )
    return critic._replace(name="keras-cnn-pair", generator=generator.generator)


def found(single: Dataset, rows: np.ndarray) -> Row:
    """The number of modes in stacked rows, by a classifier of the digit in each channel, and KL(rows || uniform)."""
    seen = features.resolve("classifier", single, np.arange(len(single.rows)), lambda text: None)
    odds: list[Any] = [seen.extract(rows[..., k : k + 1])[1] for k in range(3)]
    digits = [channel.argmax(1) for channel in odds]
    counts = np.bincount(np.stack(digits, axis=1) @ [100, 10, 1], minlength=MODES)
    return {
        "modes": int(np.count_nonzero(counts)),
        "kl": divergence("kl", counts, np.ones(MODES)),
        "digits_found": min(len(np.unique(channel)) for channel in digits),
        "accuracy": seen.accuracy,
        "shown": figures.as_bytes(rows[:SHOWN], single.form),
    }


def judge(rows: list[Row]) -> tuple[bool | None, str]:
    """Whether both WGANs find more modes than the GAN against every critic, in the mean over seeds."""
    mean = {key: float(np.mean(values)) for key, values in _by_pair(rows, "modes").items()}
    distance = {key: float(np.mean(values)) for key, values in _by_pair(rows, "kl").items()}
    first = rows[0]
    measured = f"A classifier names the modes; it is right on {first['accuracy']:.1%} of digits that it never saw. "
    measured += f"It finds this many of {MODES:,} modes in {first['samples']:,} samples, with the KL divergence to "
    measured += "uniform, in nats, in brackets: "
    said = [f"{row['method']} {row['modes']} ({row['kl']:.2f})" for row in rows if row["method"] in YARDSTICKS]
    said += [
        f"{method} against {share:g} of the critic's filters {mean[method, share]:.0f} ({distance[method, share]:.2f})"
        for method, share in mean
    ]
    measured += "; ".join(said) + ". A single mode would have a KL of 6.91."
    shares = [share for method, share in mean if method == "gan"]
    ours = [min(mean[method, share] for method in METHODS if method != "gan") for share in shares]
    won = sum(more > mean["gan", share] for share, more in zip(shares, ours, strict=True))
    measured += f" Both WGANs find more modes than the GAN against {won} of {len(shares)} critics."
    return won == len(shares), measured


def _by_pair(rows: list[Row], column: str) -> dict[tuple[str, float], list[float]]:
    grouped: dict[tuple[str, float], list[float]] = {}
    for row in rows:
        if row["method"] not in YARDSTICKS:
            grouped.setdefault((row["method"], row["critic_share"]), []).append(row[column])
    return grouped


def draw(rows: list[Row]) -> Any:
    """Modes and KL by the size of the critic, with a point for each seed, above samples of each method."""
    pairs = [row for row in rows if row["method"] not in YARDSTICKS]
    methods = list(dict.fromkeys(row["method"] for row in pairs))
    figure = figures.page(6.8)
    above, below = figure.subfigures(2, 1, height_ratios=(1.25, 1))
    panels = above.subplots(1, 2)
    for axes, column, label in zip(
        panels, ("modes", "kl"), ("modes found, of 1,000", "KL to uniform, nats (0 is best)"), strict=True
    ):
        for method in methods:
            mine = {share: v for (name, share), v in _by_pair(pairs, column).items() if name == method}
            axes.plot(list(mine), [np.mean(v) for v in mine.values()], label=marks.NAMES[method], **marks.mark(method))
            points = zip(*[(share, x) for share, v in mine.items() for x in v], strict=True)
            axes.plot(*points, **marks.mark(method) | {"linestyle": "none", "fillstyle": "none"})
        for row, dashes in zip([row for row in rows if row["method"] in YARDSTICKS], ("-", ":"), strict=False):
            name = {"untrained": "untrained generator"}.get(row["method"], row["method"])
            axes.axhline(row[column], color=figures.REAL, linewidth=1, linestyle=dashes, label=name)
        axes.set_xlabel("critic's filters in parts of the generator's")
        axes.set_ylabel(label)
        axes.set_xticks(sorted({row["critic_share"] for row in pairs}))
        axes.set_ylim(0, None)
    figures.key(above, panels[0], columns=5)
    most = max(row["critic_share"] for row in pairs)
    chosen = [rows[0], *(next(r for r in pairs if (r["method"], r["critic_share"]) == (m, most)) for m in methods)]
    for axes, row in zip(below.subplots(1, len(chosen)), chosen, strict=True):
        axes.imshow(_side_by_side(np.array(row["shown"], np.uint8)), cmap="gray", vmin=0, vmax=255)
        name = "real rows" if row is rows[0] else f"{marks.NAMES[row['method']]}: {row['modes']}"
        axes.set_title(name, fontsize=9)
        axes.set_axis_off()
    below.supxlabel(f"Each panel shows {TRIPLES} stacks. A row shows the three digits of one stack.", fontsize=9)
    return figure


def _side_by_side(stacks: np.ndarray) -> np.ndarray:
    """The first TRIPLES stacks [n, height, width, 3] as one picture: a row for each, with its digits side by side."""
    digits = stacks[:TRIPLES].transpose(0, 3, 1, 2).reshape(-1, *stacks.shape[1:3], 1)
    return figures.grid(digits, columns=3)[..., 0]


STUDY = Study(
    title="how many of 1,000 modes of stacked digits do GAN and WGAN find?",
    claim=(
        "Against a critic of limited size, a GAN makes few of the modes of its data. WGAN and WGAN-GP make more modes "
        "against the same critic."
    ),
    source=(
        "Metz, Poole, Pfau, Sohl-Dickstein 2017, arXiv 1611.02163, Table 1, for the GAN; Arjovsky, Chintala, Bottou "
        "2017, arXiv 1701.07875, for WGAN"
    ),
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
)
