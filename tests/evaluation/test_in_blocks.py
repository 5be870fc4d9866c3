"""Rows may be larger than memory: training and every kind of features encode a few of them at a time."""

import numpy as np
import pytest

from wgan import WGAN
from wgan.data import from_array
from wgan.data import rows as rows_module
from wgan.data.rows import Form
from wgan.errors import WganError
from wgan.evaluation import evaluate, features
from wgan.evaluation.samples import evaluate as evaluate_samples
from wgan.training import comparison, drawing

ROWS, AT_ONCE, COMPARED = 200, 4, 8
VALUES = 4**3
RANDOM = np.random.default_rng(0)


@pytest.fixture
def seen(monkeypatch):
    """The numbers of rows that were encoded at once, where few are to be."""
    counts, encode = [], Form.encode
    monkeypatch.setattr(rows_module, "BLOCK", AT_ONCE * VALUES)
    monkeypatch.setattr(comparison, "LEAST", COMPARED)
    monkeypatch.setattr(comparison, "VALUES", COMPARED * VALUES)
    monkeypatch.setattr(features, "VALUES", VALUES)
    monkeypatch.setattr(Form, "encode", lambda form, rows: counts.append(len(rows)) or encode(form, rows))
    return counts


def test_training_on_volumes_encodes_no_more_rows_than_it_compares(seen, tmp_path):
    rows = RANDOM.normal(size=(ROWS, 4, 4, 4))
    model = WGAN(steps=1, width=4, batch=4, latent=2, network="mlp", engine="torch", kind="volumes").fit(rows)
    assert 0 < max(seen) <= COMPARED
    assert model.records_[-1]["energy_distance"] >= 0


@pytest.mark.parametrize("name", ["rows", "pca", "random", "classifier"])
def test_features_of_volumes_are_computed_in_blocks_and_are_those_of_all_at_once(name, seen, tmp_path, monkeypatch):
    monkeypatch.setenv("WGAN_CACHE", str(tmp_path))
    labels = np.arange(ROWS) % 2
    dataset = from_array(RANDOM.normal(size=(ROWS, 4, 4, 4)) + labels[:, None, None, None], kind="volumes")
    dataset = rows_module.Dataset(**vars(dataset) | {"labels": labels})
    found = features.resolve(name, dataset, np.arange(ROWS), lambda text: None)
    seen.clear()
    form, at = dataset.form, np.arange(ROWS)
    in_blocks, _ = evaluate._finite_features(found, form, dataset.rows, at, "rows")
    assert max(seen) == AT_ONCE
    np.testing.assert_allclose(in_blocks, found.extract(dataset.rows)[0], rtol=1e-5, atol=1e-6)


def test_two_sets_of_samples_are_compared_in_blocks(seen):
    rows = RANDOM.normal(size=(ROWS, 4, 4, 4))
    found = evaluate_samples(rows, rows, kind="volumes", features="random")
    assert 0 < max(seen) <= COMPARED
    assert "the same rows" in found["protocol"]["remarks"][0]


def test_scores_and_samples_of_volumes_are_made_in_parts(seen, tmp_path, monkeypatch):
    rows = RANDOM.normal(size=(ROWS, 4, 4, 4))
    model = WGAN(steps=1, width=4, batch=4, latent=2, network="mlp", engine="torch", kind="volumes").fit(rows)
    seen.clear()
    scores = model.score_samples(rows)
    assert max(seen) == AT_ONCE
    monkeypatch.setattr(rows_module, "BLOCK", ROWS * VALUES)
    np.testing.assert_allclose(model.score_samples(rows), scores, rtol=1e-4, atol=1e-5)
    wrong = rows.copy()
    wrong[ROWS - 2, 0, 0, 0] = np.nan
    with pytest.raises(WganError, match=f"the first in row {ROWS - 2}; drop or fill"):
        model.score_samples(wrong)


def test_samples_to_measure_are_those_of_a_draw_and_large_ones_lie_in_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rows = RANDOM.normal(size=(20, 4, 4, 4))
    drawn = drawing.given(rows[..., None], from_array(rows, kind="volumes").form)
    in_memory = drawing.to_measure(drawn)
    monkeypatch.setattr(drawing, "IN_MEMORY", rows.nbytes - 1)
    in_file = drawing.to_measure(drawn)
    assert [isinstance(one, np.memmap) for one in (in_memory, in_file)] == [False, True]
    np.testing.assert_array_equal(in_memory, in_file)
    assert not [*(tmp_path / "cache" / "wgan").iterdir()], "the file has no name"
    (tmp_path / "taken").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "taken"))
    with pytest.raises(WganError, match=r"20 samples take 10 kB of .* set XDG_CACHE_HOME to a larger disk"):
        drawing.to_measure(drawn)


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 200])
def test_blocks_hold_every_row_once(count, seen):
    form = from_array(RANDOM.normal(size=(9, 4, 4, 4)), kind="volumes").form
    blocks = form.blocks(count)
    assert [at for block in blocks for at in range(block.start, block.stop)] == list(range(count))
    assert blocks
    assert all(block.stop - block.start <= AT_ONCE for block in blocks)
