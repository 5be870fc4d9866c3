"""What a condition costs a table: the detection score of whole rows, and the time of a step, with and without --given.

    pip install --no-deps --target DIR causaldata
    PYTHONPATH=DIR python benchmarks/tables_given.py [--given treat] [--steps 3000] [--seeds 0 1 2]

The table is `cps_mixtape` of causaldata (Cunningham 2021): 15,992 people of the survey, to whom LaLonde's experiment is
compared. `treat` is 0 in all of its rows, from which nothing can be learnt. So the 185 people who were treated in the
experiment (`nsw_mixtape`, treat 1) are added, as studies of this table do. `--given marr` and other columns use
`cps_mixtape` alone.

The detection score is that of SDMetrics: 1 less 2 max(AUC, 0.5) - 1, so 1 where samples cannot be told from rows. The
AUC is that of gradient-boosted trees, cross-validated by 3 parts, on as many samples as held-out rows. Each run has the
preset for tables. Samples with a condition draw it from the training rows.
"""

import argparse
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from wgan import preset
from wgan.config import CONDITIONALS
from wgan.data import from_array
from wgan.data.columns import TableForm
from wgan.training import model as models
from wgan.training.drawing import whole
from wgan.training.state import iterate, model_of, start

HELD_OUT = 0.3
NONE = "no condition"


def part_of(name: str) -> pd.DataFrame:
    """A table of causaldata by its file, since the package itself imports statsmodels."""
    found = find_spec("causaldata")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("causaldata is not installed; see the text of --help.")
    return pd.read_stata(Path(found.submodule_search_locations[0], name, f"{name}.dta"))


def table(given: str) -> pd.DataFrame:
    """The table, with the treated people if it is given `treat`."""
    survey = part_of("cps_mixtape")
    if given == "treat":
        experiment = part_of("nsw_mixtape")
        survey = pd.concat([survey, experiment[experiment["treat"] == 1]], ignore_index=True)
    constant = [name for name in survey.columns if survey[name].nunique() == 1]
    return survey.drop(columns=["data_id", *(name for name in constant if name != "data_id")])


def score(real: np.ndarray, fake: np.ndarray, seed: int) -> float:
    """The detection score of rows at rest."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    count = min(len(real), len(fake))
    rows, label = np.concatenate([real[:count], fake[:count]]), np.repeat([0, 1], count)
    parts = StratifiedKFold(3, shuffle=True, random_state=seed)
    trees = HistGradientBoostingClassifier(random_state=seed)
    area = cross_val_score(trees, rows, label, cv=parts, scoring="roc_auc").mean()
    return 1 - (2 * max(area, 0.5) - 1)


def trained(frame: pd.DataFrame, given: str, how: str, steps: int, seed: int) -> tuple[float, float]:
    """The detection score of a run, and the processor milliseconds of a step."""
    told = {} if how == NONE else {"given": given, "conditional": how}
    config = preset("table").config.replace(
        data="table", steps=steps, seed=seed, held_out=HELD_OUT, engine="torch", log_every=10**9, diagnose_every=10**9,
        **told,
    )  # fmt: skip
    dataset = from_array(frame)
    assert isinstance(dataset.form, TableForm)
    run = start(config, dataset)
    iterate(run)
    began = time.process_time()
    while run.step < steps:
        iterate(run)
    each = 1000 * (time.process_time() - began) / max(1, steps - 1)
    drawn = models.drawn(model_of(run), len(run.held_out), seed)
    return score(dataset.rows[run.held_out], whole(drawn), seed), each


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--given", default="treat")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    frame = table(options.given)
    print(f"{len(frame):,} rows, given {options.given}, {options.steps:,} steps", flush=True)
    for seed in options.seeds:
        rows = from_array(frame).rows
        half = np.random.default_rng(seed).permutation(len(rows))
        count = round(HELD_OUT * len(rows))
        print(f"seed {seed}: real rows {score(rows[half[:count]], rows[half[count:]], seed):.3f}", flush=True)
        plain = None
        for how in (NONE, *(how for how in CONDITIONALS if how != "none")):
            found, each = trained(frame, options.given, how, options.steps, seed)
            plain = plain or (found, each)
            beside = f"{found - plain[0]:+.3f}, {each / plain[1] - 1:+.0%} time"
            print(f"seed {seed}: {how:14} score {found:.3f} ({beside}), {each:.2f} ms a step", flush=True)


if __name__ == "__main__":
    main()
