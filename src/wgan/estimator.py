"""The scikit-learn way in: WGAN(...).fit(X).sample(n)."""

from pathlib import Path
from typing import Any

import numpy as np

from wgan import data, evaluate, runs
from wgan.config import preset as named_preset
from wgan.data import Dataset
from wgan.data.table import TableForm, to_frame
from wgan.errors import WganError
from wgan.evaluate import Model
from wgan.training import Training, advance, describe, model_of, save, start


class WGAN:
    """A generator fitted to rows: images [n, height, width] or [n, height, width, channels], or a table
    [n, columns].

    `preset` names where the fields start from; every field of `Config` may be given by keyword.

    Examples:
        >>> import numpy as np
        >>> model = WGAN(preset="wgan-gp-toy", steps=5, width=16, batch=32, seed=0)
        >>> model.fit(np.random.default_rng(0).normal(size=(100, 2))).sample(3, seed=1).shape
        (3, 2)
    """

    def __init__(self, preset: str = "default", **fields: Any):
        self.config = named_preset(preset).config.replace(**fields)
        self._training: Training | None = None
        self._model: Model | None = None

    def fit(self, X: Any) -> "WGAN":
        """Train on an array, a DataFrame or a `Dataset`, from the start; returns self.

        The estimates of the run are then in `records_`, one dict for every `log_every` steps.
        """
        dataset = X if isinstance(X, Dataset) else data.from_array(X, drop=self.config.drop)
        training = start(self.config.replace(data=dataset.name), dataset)
        self.records_ = list(advance(training))
        self._training, self._model = training, model_of(training)
        return self

    def sample(self, n: int = 1, seed: int = 0) -> Any:
        """Rows of the generator, [n, ...], in the data's own range and dtype; the same seed gives the same.

        Of a model of a table it is a DataFrame with the columns and dtypes of the data.
        """
        model = self._fitted()
        rows = evaluate.sample(model, n, seed)
        return to_frame(model.form, rows) if isinstance(model.form, TableForm) else rows

    def score_samples(self, X: Any) -> np.ndarray:
        """The critic's score of each row, [n], higher for what looks real; only differences have a meaning.

        With batch norm in the critic (--critic-norm) a row's score depends on the rows beside it.
        """
        return evaluate.score(self._fitted(), X)

    def save(self, path: str | Path) -> None:
        """Write a run folder, which `wgan.load` and every command of `wgan` open; another run's is refused."""
        self._fitted()
        if self._training is None:
            raise WganError("this model was loaded from a run folder; copy that folder instead of saving it anew.")
        out = Path(path)
        if runs.open_run(out, describe(self._training), may_change=frozenset()):
            runs.truncate_log(out, 0)
        with runs.lock(out):
            for record in self.records_:
                runs.append(out, record)
            save(self._training, out)

    def _fitted(self) -> Model:
        if self._model is None:
            raise WganError("this model is not fitted; call fit(X) first, or wgan.load(run).")
        return self._model


def load(run: str | Path) -> WGAN:
    """The model of a run folder at its newest checkpoint, to sample and to score with."""
    model = WGAN()
    model._model = evaluate.load_model(run)
    model.config = model._model.config
    return model
