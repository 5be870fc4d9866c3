"""When does the critic's estimate stop following the distance? On 1,000 digits, which the critic memorises."""

from typing import Any

import numpy as np

from wgan.presets import preset
from wgan.reports import figures
from wgan.reports.series import median_filter
from wgan.studies import Row, Study, marks
from wgan.studies.trained import recorded
from wgan.training import diagnostics
from wgan.training.state import start

METHODS = ("wgan", "wgan-gp")  # presets: clipping and the penalty
# Training rows, 1,000 as in Figure 5b; the control trains on nearly all of the data, where the scores should agree
FEW = {"quick": 200, "medium": 1000, "full": 1000}
SIZES: dict[str, Row] = {
    "quick": {"network": "mlp", "width": 256, "batch": 50, "steps": 2400, "records": 48},
    "medium": {"network": "mlp", "width": 256, "batch": 50, "steps": 10_000, "records": 50},
    # 20,000 steps at batch 50 as published; DCGAN's critic replaces gan_mnist.py's, both with 64, 128, 256 filters
    "full": {"network": "dcgan", "width": 64, "batch": 50, "steps": 20_000, "records": 100},
}
FASTER = {"wgan": 2e-4, "wgan-gp": 5e-4}  # below full: four and five times the papers' learning rates


def cases(scale: str) -> list[Row]:
    """Clipping and penalty, on few rows and on all; below full, with dense players and short training."""
    return [
        {"data": "mnist", "method": method, "rows": rows, "seed": seed}
        | SIZES[scale]
        | ({} if scale == "full" else {"learning_rate": FASTER[method]})
        for seed in ((0, 1, 2) if scale == "full" else (0,))
        for rows in (FEW[scale], None)
        for method in METHODS
    ]


def measure(method: str, records: int, **fields: Any) -> Row:
    """Train one pair of players; the row has the estimates on training and held-out rows, and the exact W1 of samples.

    `parted` is the step after which the scores of training and held-out rows always differ by more than three standard
    errors, in the median of five records.
    """
    config = preset(method).config.replace(**fields, engine="torch")
    every = max(1, config.steps // records)
    log = list(recorded(start(config.replace(log_every=every, diagnose_every=every))))
    names = ("step", "estimate", "held_out_estimate", "w1", "memorised_score", "memorised_score_error")
    curve = {name: np.array([record[name] for record in log]) for name in names}
    apart = median_filter(curve["memorised_score"] - 3 * curve["memorised_score_error"], 5) > 0
    together = np.flatnonzero(~apart)
    first = int(together[-1]) + 1 if len(together) else 0
    late = curve["step"] >= 0.75 * config.steps
    seen, unseen = (float(np.median(curve[name][late])) for name in ("estimate", "held_out_estimate"))
    return {
        "parted": int(curve["step"][first]) if first < len(log) else None,
        "late_estimate": seen,
        "late_held_out_estimate": unseen,
        "gap": (seen - unseen) / seen if seen else 0.0,  # a clipped critic can die: then all rows have the same score
        "w1_end": float(np.median(curve["w1"][late])),
        "w1_floor": log[0]["w1_floor"],
        **{name: curve[name] for name in names[:4]},
    }


def judge(rows: list[Row]) -> tuple[bool | None, str]:
    """Whether, for clipping and for the penalty, the scores of training and held-out rows part on few rows, and the
    estimates differ by more than they do on all rows."""
    said = []
    for row in rows:
        when = "never part" if row["parted"] is None else f"part at step {row['parted']:,}"
        said.append(
            f"{row['method']} on {_rows_in_words(row)} rows {row['late_estimate']:.3g} against "
            f"{row['late_held_out_estimate']:.3g} (a difference of {row['gap']:.0%}; the scores {when})"
        )
    measured = "Estimate on training rows against the estimate on held-out rows, as medians of the last quarter: "
    measured += ", ".join(said)
    measured += f". At the end, the exact W1 of {diagnostics.ROWS} samples to held-out rows is " + ", ".join(
        f"{row['w1_end']:.3g} ({row['method']}, {_rows_in_words(row)})" for row in rows
    )
    measured += f". Real rows have {rows[0]['w1_floor']:.3g}."
    few, all_rows = ([row for row in rows if (row["rows"] is not None) == kind] for kind in (True, False))
    controls = {(row["method"], row["seed"]): row["gap"] for row in all_rows}
    parted = [row["parted"] is not None and row["gap"] > controls.get((row["method"], row["seed"]), 0) for row in few]
    if not few or (not all(parted) and few[0]["steps"] < SIZES["full"]["steps"]):
        return None, measured  # in a training shorter than the published one, the scores may part later
    return all(parted), measured


def _rows_in_words(row: Row) -> str:
    return "all" if row["rows"] is None else f"{row['rows']:,}"


def draw(rows: list[Row]) -> Any:
    """A panel for each run: the estimates on training and on held-out rows while it trains."""
    rows = [row for row in rows if row["seed"] == rows[0]["seed"]]
    methods, sizes = (list(dict.fromkeys(row[name] for row in rows)) for name in ("method", "rows"))
    figure = figures.page(5.8)
    panels = figure.subplots(len(sizes), len(methods), sharex=True, squeeze=False)
    for row in rows:
        axes = panels[sizes.index(row["rows"])][methods.index(row["method"])]
        for number, (name, label) in enumerate((("estimate", "training rows"), ("held_out_estimate", "held-out rows"))):
            values = median_filter(np.array(row[name][1:]), 5)
            figures.curve(axes, row["step"][1:], values, number, f"estimate on {label}")
        if row["parted"]:
            axes.axvline(row["parted"], color=figures.REAL, linewidth=1, linestyle="--", label="scores part")
        axes.set_title(f"{marks.NAMES[row['method']]}, {_rows_in_words(row)} training rows")
        axes.set_ylim(min(0, axes.get_ylim()[0]), None)
    for axes in panels[-1]:
        axes.set_xlabel("generator step")
    for axes in panels[:, 0]:
        axes.set_ylabel("estimate")
    figures.key(figure, *panels.ravel())
    return figure


STUDY = Study(
    title="when has the critic memorised 1,000 digits, and what is its estimate worth then?",
    claim=(
        "On 1,000 training digits, the critic's scores of training digits and of held-out digits move apart, under "
        "clipping and under the penalty. The critic memorises the digits. Its estimate no longer shows the distance."
    ),
    source="Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville 2017, arXiv 1704.00028, Figure 5b",
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
)
