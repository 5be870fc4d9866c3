"""The estimator for scikit-learn: WGAN(...).fit(X).sample(n)."""

import inspect
import math
import reprlib
import textwrap
import warnings
from collections.abc import Sequence
from contextlib import closing
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from wgan import data
from wgan.config import FAMILIES, FIELDS, OPERATIONAL, RATES, Config, name_of
from wgan.config.documented import parameters
from wgan.config.other_names import answered, unknown_attribute, unknown_field
from wgan.data import Dataset, Form
from wgan.data.again import as_before
from wgan.data.columns import TableForm
from wgan.data.conditions import Columns, is_label, told
from wgan.data.said import label_or, said
from wgan.data.table import to_frame
from wgan.errors import WganError, WganWarning
from wgan.files import notebooks
from wgan.files.reading import as_path
from wgan.game.constraints import Constraint
from wgan.game.networks import Architecture
from wgan.game.objectives import Objective
from wgan.maths.exact import whole_number
from wgan.presets import preset as named_preset
from wgan.reports import overview
from wgan.reports.page import write as write_report
from wgan.runs import best, checkpoint
from wgan.runs import folder as runs
from wgan.runs.quantities import quantity
from wgan.training import following
from wgan.training import model as models
from wgan.training.drawing import whole
from wgan.training.extension import more_steps, pieces_of
from wgan.training.latents import walk
from wgan.training.loop import picture, save
from wgan.training.model import Model, described, ends_of, engine_of, game_of
from wgan.training.state import Training, describe, flatten, given, initial_state, model_of, refuse_none, restore, start

PRESETS_OWN = "preset"  # the value of a parameter that was not given: the preset decides the field
PRESET_TEXT = "The settings that the other parameters change. [default: default]"
PARAMETERS = [name for name in FIELDS if name != "data"]  # `fit` gets the data

# The fields that may change between calls of `partial_fit`.
PARTIAL = OPERATIONAL | {"data", "steps", "decay", "held_out", "rows", *RATES}


class NotFitted(WganError, NotFittedError):
    """The error of a model that is used before it is fitted."""


class UnfitRows(WganError, ValueError):
    """The error for rows that cannot be trained on; scikit-learn expects a ValueError."""


class UnknownParameter(WganError, ValueError):
    """The error of `set_params` for an unknown name; scikit-learn expects a ValueError."""


class WGAN(BaseEstimator):
    """A generator that is fitted to rows: a table [n, columns], signals [n, steps, channels], images [n, height, width,
    channels] or volumes [n, depth, height, width, channels]. A last axis of length 1 may be left out.

    Every field of `Config` except `data` may be given by keyword; the others have the values of `preset`. `fit` checks
    them, as usual in scikit-learn; `config` is the config that they make. A fitted model has `records_`, one dict for
    every `log_every` steps, `config_`, and the weights `generator_` and `critic_`, arrays by name.

    Examples:
        >>> import numpy as np
        >>> model = WGAN(preset="wgan-gp-toy", steps=5, width=16, batch=32, seed=0)
        >>> model.fit(np.random.default_rng(0).normal(size=(100, 2))).sample(3, seed=1).shape
        (3, 2)
    """

    _training: Training | None = None
    _model: Model | None = None
    _description: dict[str, Any] | None = None  # the config.json of a model that was loaded or unpickled
    _run: Path | None = None  # the folder that a model was loaded from

    def __new__(cls, *preset: str, **fields: Any) -> "WGAN":
        """A model without parameters; `__init__` may not take more names than it has, since scikit-learn reads them."""
        if len(preset) > 1:
            raise WganError(
                f"WGAN takes its fields by name, but {reprlib.repr(preset[1])} has none; write WGAN(steps=...)."
            )
        return super().__new__(cls)

    def __init__(self, preset: str = "default", **fields: Any):
        for name in fields:
            if name not in PARAMETERS:
                raise unknown_field(name, FIELDS, PARAMETERS)
        self.preset = preset
        for name in PARAMETERS:
            setattr(self, name, fields.get(name, PRESETS_OWN))

    def set_params(self, **params: Any) -> "WGAN":
        """Change parameters of this model; return self."""
        for name in params:
            if name not in ("preset", *PARAMETERS):
                raise UnknownParameter(str(unknown_field(name, FIELDS, PARAMETERS)))
        return super().set_params(**params)

    @property
    def config(self) -> Config:
        """The config that the parameters make; a wrong value raises `WganError`."""
        values = {name: getattr(self, name) for name in PARAMETERS}
        given = {name: v for name, v in values.items() if not (isinstance(v, str) and v == PRESETS_OWN)}
        return named_preset(self.preset).config.replace(**given)

    @property
    def config_(self) -> Config:
        """The config that the model was fitted with."""
        return self._fitted().config

    @property
    def generator_(self) -> dict[str, np.ndarray]:
        """The weights that make samples, named after their layers: the average if one is kept."""
        model = self._fitted()
        return {name: model.game.engine.numpy(w).copy() for name, w in model.generator.items()}

    @property
    def critic_(self) -> dict[str, np.ndarray]:
        """The critic's weights, named after their layers."""
        model = self._fitted()
        return {name: model.game.engine.numpy(w).copy() for name, w in model.critic.items()}

    @answered
    def fit(
        self,
        X: Any,
        y: Any = None,
        extend: bool = False,
        *,
        given: Any = None,
        verbose: bool | int = False,
        callbacks: Sequence[following.Callback] = (),
    ) -> "WGAN":
        """Train on an array, a DataFrame or a `Dataset`, from the start; return self.

        `y` holds labels or a condition. Whole numbers or texts [n] are labels, which are used only if `conditional` is
        set. Floats [n], a matrix [n, columns] or a DataFrame are a condition. `given` names columns of
        a DataFrame X as the condition of the other columns, instead of the parameter `given`. With `extend` the model
        continues on the same rows to `steps` steps in all. Its learning rate is that of one run of this length.

        `verbose=1` shows a progress bar. Each function in `callbacks` is called with the step and its record, every
        `log_every` steps; it may use this model, and it stops the training by returning True. Ctrl-C stops the training
        too: a warning names the step, and the model is fitted up to it. `fit(X, extend=True)` continues from there.
        """
        if verbose not in (0, 1):
            raise WganError(f"verbose is {verbose!r}; give 0 for silence, or 1 for a bar of progress.")
        following.checked(callbacks)
        config = self.config if given is None else self.config.replace(given=given)
        dataset = _dataset(X, config, y)
        training = start(config.replace(data=dataset.name), dataset)
        refuse_none(self.conditional, training)
        for line in data.note_lines(training.dataset):
            warnings.warn(line.removeprefix("? "), UserWarning, stacklevel=3)
        if verbose:
            following.advise(self.preset, dataset)
        self._train(training, self._taken_up_by(training) if extend else [], bool(verbose), callbacks)
        return self

    def _taken_up_by(self, training: Training) -> list[dict[str, Any]]:
        """Bring a run at its start to the state of this model, and return the records that it keeps."""
        self._fitted()
        before, saved = self._training, self._described()
        assert before is not None
        may_change = OPERATIONAL | {"data", "steps"}
        now, then = training.config, before.config
        if changed := [n for n in FIELDS if n not in may_change and getattr(now, n) != getattr(then, n)]:
            raise WganError(
                f"{', '.join(changed)} changed since the fit that extend continues; call fit to start again."
            )
        about, form = describe(training)["data"], before.dataset.form
        known = ("sha256", "classes", "labels_sha256", "condition", "condition_sha256")
        if training.dataset.form != form or any(about.get(n) != saved["data"].get(n) for n in known):
            raise UnfitRows("X holds other rows or labels than the fit that extend continues; give the same ones.")
        if now.steps <= before.step:
            raise WganError(f"the model is at step {before.step} already; set steps above that to extend it.")
        training.extended = more_steps(now, then, before.extended, before.step)
        training.game, training.state, training.step = before.game, before.state, before.step
        training.info, training.measured = before.info, before.measured
        return [record for record in getattr(self, "records_", []) if record["step"] < training.step]

    @answered
    def partial_fit(self, X: Any, y: Any = None) -> "WGAN":
        """Go on from the current state (or begin) for as many steps as one pass over these rows takes; return self.

        The learning rate stays constant, since the last step is not known. The first call decides how rows are encoded.
        Only the parameters in `PARTIAL` may change between calls. Labels `y` are not used.
        """
        if y is not None and not is_label(y):
            raise WganError("partial_fit learns no condition, but y holds one; use fit, or leave y out.")
        before, dataset = self._training, _dataset(X, self.config)
        config = self.config.replace(data=dataset.name, decay="none")
        if config.conditional != "none" or config.given is not None or dataset.condition is not None:
            raise WganError("partial_fit cannot be sure that labels mean the same in each call; use fit.")
        if before is not None:
            try:
                dataset = as_before(X, dataset, before.dataset.form)
            except WganError as problem:
                raise UnfitRows(str(problem)) from None
            changed = [n for n in FIELDS if n not in PARTIAL and getattr(config, n) != getattr(before.config, n)]
            if changed:
                raise WganError(f"{', '.join(changed)} changed since partial_fit began; call fit to start again.")
        training = start(config, dataset)
        if before is not None:
            training.game, training.state, training.step = before.game, before.state, before.step
        steps = math.ceil(len(training.rows) / (config.batch * config.n_critic))
        training.config = config.replace(steps=training.step + steps)
        records = getattr(self, "records_", [])
        self._train(training, [r for r in records if r["step"] < training.step] if before is not None else [])
        return self

    def _train(
        self,
        training: Training,
        records: list[dict[str, Any]],
        verbose: bool = False,
        callbacks: Sequence[following.Callback] = (),
    ) -> None:
        self._training, self._description, self._run, self.records_ = training, None, None, records
        shape = model_of(training).whole.shape
        if len(shape) == 1:
            self.n_features_in_ = shape[0]
        try:
            with following.ctrl_c() as pressed, closing(following.follow(training, verbose, pressed)) as made:
                for record in made:
                    records.append(record)
                    self._model = model_of(training)
                    if following.stops(callbacks, record):
                        break
                stopped = pressed()
        finally:  # an interrupted fit leaves the model that it has reached
            self._model = model_of(training)
        if stopped and training.step < training.config.steps:
            warnings.warn(
                f"Ctrl-C stopped the training at step {training.step:,} of {training.config.steps:,}; the model is "
                "fitted up to that step.",
                WganWarning,
                stacklevel=4,
            )

    @answered
    def sample(
        self,
        n: int | None = None,
        seed: int = 0,
        label: str | int | None = None,
        size: int | None = None,
        periodic: bool = False,
        *,
        condition: Any = None,
    ) -> Any:
        """Rows of the generator, [n, ...], in the range and dtype of the data; the same seed gives the same rows.

        A model of a table gives a DataFrame with the columns and dtypes of the data. A conditional model makes rows of
        the class `label`, or of all classes with their shares in the data. `condition` says what rows are given: a dict
        of values or of lists of values by name, a text NAME=VALUE,NAME=VALUE, a DataFrame, or an array [m, columns].
        Several conditions are used by turns. `n` is 1, or one row for each condition. A warning names values beyond
        those of the training data. A model with `slices` makes volumes of `size` voxels a side; with `periodic`,
        opposite faces of a volume fit together.
        """
        model, asked = self._fitted(), label_or(condition, label)
        if n is None:
            told = said(model.classes, asked)
            n = 1 if told is None else told.asked
        drawn = models.drawn(model, n, seed, asked, None, size, periodic)
        for text in drawn.warnings:
            warnings.warn(text, WganWarning, stacklevel=3)
        return _as_given(drawn.form, whole(drawn))

    @answered
    def interpolate(self, n: int = 8, seed: int = 0, label: str | int | None = None, *, condition: Any = None) -> Any:
        """Rows for `n` latents on the way from one latent to another; both ends are drawn by `seed`.

        The way is an arc, since the noise of every generator of wgan is normal; see `training.latents`. All rows of a
        conditional model have one `label` or `condition`, or one that is drawn.
        """
        model, n, seed = self._fitted(), whole_number(n, "n", 0), whole_number(seed, "seed", 0)
        code, warned = models.one_condition(model, seed, label_or(condition, label))
        for text in warned:
            warnings.warn(text, WganWarning, stacklevel=3)
        told, shape = None if code is None else np.repeat(code, n, axis=0), models.z_shape(model.config)
        rows = models.generate(model, walk(math.prod(shape), n, seed).reshape(n, *shape), told)
        joined = model.classes.join(rows, told) if isinstance(model.classes, Columns) and told is not None else rows
        return _as_given(model.whole, joined)

    def score_samples(self, X: Any, y: Any = None) -> np.ndarray:
        """The critic's score of each row, [n], higher for rows that look real; only differences have a meaning.

        With batch norm in the critic (`critic_norm`) the score of a row depends on the other rows. A critic that sees
        labels ("projection") needs them as `y`.
        """
        return models.score(self._fitted(), X, y)

    def save(self, path: str | Path) -> None:
        """Write a run folder for `wgan.load` and the commands of `wgan`; a folder of another run raises `WganError`."""
        self._fitted()
        assert self._training is not None
        out = as_path(path, "path")
        runs.refuse_to_shorten(out, self._training.step)
        if runs.open_run(out, self._described(), may_change=frozenset()):
            runs.truncate_log(out, 0)
        with runs.lock(out):
            for record in self.records_:
                runs.append(out, record)
            save(self._training, out)

    def plot(self, n: int | None = None, seed: int = 0) -> Any:
        """A matplotlib figure of the estimates during training and of `n` samples; `plot().savefig(file)` keeps it.

        If `n` is None, 64 samples are drawn, or 1,000 of points and tables.
        """
        model = self._fitted()
        training = self._training
        real = training.dataset.rows[:1000] if training and model.config.slices == "none" else None
        real = real if real is not None and len(real) else None  # a loaded model has no rows
        if real is not None and training and isinstance(training.classes, Columns) and training.codes is not None:
            real = training.classes.join(real, training.codes[:1000])
        count = (64 if model.form.space else 1000) if n is None else whole_number(n, "n")
        return overview.figure(getattr(self, "records_", []), models.sample(model, count, seed), model.whole, real)

    def report(self, path: str | Path = "report.html", *, overwrite: bool = False) -> Path:
        """Write the report of this model as one HTML page, and return its path.

        The page of a model from `wgan.load` is that of its run folder, up to the step of the model.
        """
        step, training, path = self._fitted().step, self._training, as_path(path, "path")
        assert training is not None
        if self._run is not None:
            until = step if runs.last_step(self._run) > step else None
            return write_report([self._run], path, overwrite=overwrite, step=until)
        with TemporaryDirectory() as folder:
            run = Path(folder) / (path.stem or "model")
            self.save(run)
            picture(training, run / "samples" / f"{step:08d}.png")
            dataset = training.dataset if len(training.dataset.rows) else None  # an unpickled model has no rows
            return write_report([run], path, overwrite=overwrite, dataset=dataset)

    def _repr_html_(self) -> str:
        """A table for a notebook, with the figure of `plot` below it."""
        model = self._fitted()
        last = (getattr(self, "records_", None) or [{}])[-1]
        rows: list[tuple[str, object]] = [("step", f"{model.step:,} of {model.config.steps:,}")]
        rows += [(quantity(name).title, f"{last[name]:.3g}") for name in overview.CURVES if name in last]
        rows += [("shape of a row", "x".join(map(str, model.whole.shape))), ("network", model.game.architecture.name)]
        self.plot().savefig(file := BytesIO(), format="png")
        return notebooks.table(repr(self), rows, file.getvalue())

    def _repr_mimebundle_(self, **more: Any) -> dict[str, str]:
        """What a notebook shows: scikit-learn's diagram of a model that is not fitted, else the table."""
        if self._model is None:
            return super()._repr_mimebundle_(**more)
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    if not TYPE_CHECKING:  # so that a wrong name in the code is still found

        def __getattr__(self, name: str) -> Any:
            """Answer a name that this model lacks; scikit-learn expects an AttributeError."""
            if name == "records_":
                raise NotFitted("this model is not fitted, so it has no records_; call fit(X) first.")
            raise unknown_attribute(type(self).__name__, name)

    def _fitted(self) -> Model:
        if self._model is None:
            raise NotFitted("this model is not fitted; call fit(X) first, or wgan.load(run).")
        return self._model

    def __sklearn_is_fitted__(self) -> bool:
        return self._model is not None

    def _described(self) -> dict[str, Any]:
        assert self._training is not None
        return self._description or describe(self._training)

    def __getstate__(self) -> dict[str, Any]:
        """The contents of a run folder: JSON values and arrays by name, but no objects of wgan or of a framework."""
        parameters = self.get_params(deep=False)
        for family in (name for name in FAMILIES if not isinstance(parameters[name], str)):
            if not isinstance(getattr(self.config, family), str):
                raise WganError(
                    f"{family} is an object of your own, which is not pickled; use save(folder), then "
                    f"wgan.load(folder, {family}=...)."
                )
            parameters |= {family: parameters[family].name, **parameters[family].parameters}
        state: dict[str, Any] = {"parameters": parameters}
        if self._training is not None:
            state |= {"run": self._described(), "step": self._training.step, "arrays": flatten(self._training)}
            state |= {"records": self.records_} if hasattr(self, "records_") else {}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state["parameters"].items():
            setattr(self, name, value)
        if "run" in state:
            config = Config.from_json(state["run"]["config"])
            self._restore(state["run"], checkpoint.Checkpoint(state["step"], state["arrays"], {}), config)
        if "records" in state:
            self.records_ = state["records"]

    def _restore(self, run: dict[str, Any], saved: checkpoint.Checkpoint, config: Config) -> None:
        """Take up the state of a run, without its rows."""
        form, classes = described(run, config, "this model")
        game = game_of(config.replace(engine=engine_of(run)), form.encoded_shape, ends_of(form), classes)
        source = str(run["data"].get("source", ""))
        dataset = Dataset(config.data, np.empty((0, *form.shape), form.dtype), form, source=source)
        none = np.empty(0, np.int64)
        state = initial_state(game, config, form.encoded_shape)
        training = Training(config, game, dataset, none, none, state, classes=classes, extended=pieces_of(run))
        restore(training, saved)
        self._training, self._model, self._description = training, model_of(training), run
        if len(shape := self._model.whole.shape) == 1:
            self.n_features_in_ = shape[0]


def _dataset(X: Any, config: Config, y: Any = None) -> Dataset:
    """The rows to train on, with their labels if the config is conditional; bad rows raise `UnfitRows`."""
    if len(getattr(X, "shape", ())) == 2 and X.shape[0] == 1:
        raise UnfitRows("X has 1 sample; give many rows to learn from.")
    try:
        dataset = given(config, X)
        return dataset if y is None or (config.conditional == "none" and is_label(y)) else told(dataset, y)
    except WganError as problem:
        raise UnfitRows(str(problem)) from problem.__cause__


def _as_given(form: Form, rows: np.ndarray) -> Any:
    """Rows at rest as they were given: a DataFrame for a table, else an array."""
    return to_frame(form, rows) if isinstance(form, TableForm) else form.as_given(rows)


# scikit-learn reads this signature, which has a parameter for each field.
SIGNATURE = inspect.Signature(
    [
        inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD),
        inspect.Parameter("preset", inspect.Parameter.POSITIONAL_OR_KEYWORD, default="default"),
        *(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=PRESETS_OWN) for name in PARAMETERS),
    ]
)
WGAN.__init__.__signature__ = WGAN.__new__.__signature__ = SIGNATURE  # type: ignore[attr-defined]
if WGAN.__doc__:  # python -OO leaves docstrings out
    before, examples, after = WGAN.__doc__.partition("    Examples:")
    listed = f"    Parameters:\n        preset : name\n            {PRESET_TEXT}\n"
    listed += textwrap.indent(parameters(PARAMETERS), "        ")
    WGAN.__doc__ = f"{before}{listed}\n\n{examples}{after}"


def load(
    run: str | Path,
    step: str | int | None = None,
    *,
    objective: Objective | None = None,
    constraint: Constraint | None = None,
    network: Architecture | None = None,
) -> WGAN:
    """The model of a run folder at a checkpoint; it does what a fitted model does, and `records_` end at its step.

    `step` chooses the checkpoint: "latest", which is the default, "best", or the number of a step.
    `objective`, `constraint` and `network` are the objects of your own that the run was made with. A model whose
    objective is missing samples and scores, but cannot be trained further.
    """
    loaded = models.load_model(run, step, objective=objective, constraint=constraint, network=network)
    config = loaded.config
    default = named_preset("default").config
    given = {name: getattr(config, name) for name in PARAMETERS if getattr(config, name) != getattr(default, name)}
    model = WGAN(**given)
    model._restore(runs.read_config(Path(run)), best.checkpoint_at(Path(run), loaded.step), config)
    model._run, model.records_ = Path(run), runs.records(Path(run), loaded.step)
    assert model._training is not None
    model._training.measured = best.history(runs.read_log(Path(run)), name_of(config.best_by), before=loaded.step)
    return model
