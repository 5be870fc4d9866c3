"""Rows of a later call in the form of the first one."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from wgan.data import Dataset, Form
from wgan.data.columns import TableForm
from wgan.data.space_form import USUAL_SPANS
from wgan.data.table import to_rows
from wgan.errors import WganError


def as_before(X: Any, dataset: Dataset, form: Form) -> Dataset:
    """These rows in the form of the call before; `WganError` if a number would mean something else there."""
    if isinstance(form, TableForm):
        if not isinstance(dataset.form, TableForm) or isinstance(X, Dataset):
            raise WganError("the first call had a table, but X is not one; give a DataFrame with the same columns.")
        return replace(dataset, rows=to_rows(form, X), form=form, sha256="")
    if isinstance(dataset.form, TableForm):
        raise WganError("the first call had an array without named columns, but X is a table; give X.to_numpy().")
    if dataset.form.shape != form.shape:
        got, wanted = (math.prod(shape) for shape in (dataset.form.shape, form.shape))  # scikit-learn tests the words
        raise WganError(
            f"X has {got} features, but WGAN is expecting {wanted} features as input: rows of {list(form.shape)} as in "
            f"the call before, not of {list(dataset.form.shape)}."
        )
    if form.kind == dataset.form.kind == "images" and not _same_numbers(form, dataset.form):
        raise WganError(
            f"X holds images of {_numbers_of(dataset.form)}, but the call before had {_numbers_of(form)}; give them in "
            "that dtype and range."
        )
    if not form.affine:
        form.encode(dataset.rows)
    return replace(dataset, form=form)


def _numbers_of(form: Form) -> str:
    """The numbers that images hold, in words."""
    span = f" from {form.low:g} to {form.high:g}" if form.picture and form.low is not None else " of any range"
    return f"{form.dtype}{span}"


def _same_numbers(first: Form, second: Form) -> bool:
    """Whether a number means the same shade in images of both forms: the ranges are equal, or the first has no range
    of the usual ones, so that only the numbers themselves count."""
    if (first.low, first.high) == (second.low, second.high):
        return True
    whole = [np.dtype(form.dtype).kind in "iu" for form in (first, second)]
    kinds = [np.dtype(form.dtype).kind == "b" for form in (first, second)]
    usual = first.picture and (first.low, first.high) in USUAL_SPANS
    return not usual and whole[0] == whole[1] and kinds[0] == kinds[1]
