"""What the graph has beyond the operators of the engines; those, and every layer, are in tests/game/test_layers.py."""

import numpy as np
import pytest

from wgan.errors import WganError

pytest.importorskip("onnx", reason="onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from wgan.engines.onnx import Graph, Ops, Value, broadcast  # noqa: E402

ROWS = np.random.default_rng(0).normal(0, 3, (4, 6, 5)).astype(np.float32)


def computed(function, rows=ROWS):
    """What the graph of `function(ops, x)` gives for these rows; its shape is the one that it was told."""
    graph = Graph()
    found = function(Ops(graph), Value(graph, "x", (-1, *rows.shape[1:]), rows.dtype))
    model = graph.model([Value(graph, "x", (-1, *rows.shape[1:]), rows.dtype)], {"y": found}, {})
    (y,) = onnxruntime.InferenceSession(model.SerializeToString()).run(["y"], {"x": rows})
    assert y.shape[1:] == found.shape[1:]
    assert y.dtype == found.dtype
    return y


def test_codes_become_one_hot_and_numbers_are_rounded():
    codes = np.array([2, 0, 3, 2], np.int64)
    np.testing.assert_array_equal(computed(lambda ops, x: ops.one_hot(x, 4), codes), np.eye(4)[codes])
    np.testing.assert_array_equal(computed(lambda ops, x: ops.round(x)), np.round(ROWS))
    cast = computed(lambda ops, x: x.astype(np.int64))
    np.testing.assert_array_equal(cast, ROWS.astype(np.int64))


@pytest.mark.parametrize(
    "taken", [np.s_[:, 1:5:3], np.s_[..., ::2], np.s_[:, ::3, -2:], np.s_[:, 2:99], np.s_[..., 1:, :4]], ids=str
)
def test_slices_are_those_of_numpy(taken):
    np.testing.assert_array_equal(computed(lambda ops, x: x[taken]), ROWS[taken])


@pytest.mark.parametrize("taken", [np.s_[1:], np.s_[:, 2], np.s_[:, ::-1]], ids=str)
def test_rows_numbers_and_reversed_slices_are_refused(taken):
    with pytest.raises(WganError, match="which export cannot write; use slices of features"):
        computed(lambda ops, x: x[taken])


def test_numbers_and_arrays_stand_on_both_sides_of_a_value():
    other = np.linspace(1, 2, 5).astype(np.float32)
    for function in (
        lambda x: 2.0 - x,
        lambda x: other / (x * x + 1),
        lambda x: x - other * x,
        lambda x: (x * x + 1) ** 0.5,
        lambda x: x @ np.eye(5, 3, dtype=np.float32),
        lambda x: x.sum((1, 2), keepdims=True) + x.mean(-1, keepdims=True),
    ):
        found = computed(lambda ops, x, function=function: function(x))
        np.testing.assert_allclose(found, function(ROWS), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        ((-1, 3), (3,), (-1, 3)),
        ((1, 5), (-1, 5), (-1, 5)),
        ((-1, 1, 4), (-1, 2, 1), (-1, 2, 4)),
        ((), (-1, 2), (-1, 2)),
    ],
)
def test_the_shape_of_a_sum(first, second, wanted):
    assert broadcast(first, second) == broadcast(second, first) == wanted
