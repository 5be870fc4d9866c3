"""Exported generators: the graph computes what the engine does, and samples need neither a framework nor the run."""

import inspect
import json
import os
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from commands import assert_refused, called, run

from wgan import data, export
from wgan.config import ACTIVATIONS, NORMS, Config
from wgan.data import Form, form_from_json
from wgan.engines.onnx_files import contents
from wgan.errors import WganError
from wgan.game import step
from wgan.game.building import (
    GLOBAL_MEAN,
    MEAN_POOL,
    activation,
    class_batch_norm,
    class_bias,
    conv,
    conv_transpose,
    dense,
    norm,
    reshape,
    residual,
    softmax,
    upsample,
)
from wgan.game.layers import LAYERS, initial_arrays
from wgan.game.networks import NETWORKS, Architecture
from wgan.maths import streams
from wgan.training import model as models
from wgan.training.loop import train
from wgan.training.model import Model, game_of

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

ODD = data.from_array(np.random.default_rng(0).integers(0, 256, (4, 7, 10, 3)))  # sizes whose halves are rounded up
FEW = {"data": "digits", "width": 4, "batch": 6, "latent": 3, "steps": 3, "average": 0.5, "held_out": 0.1}


def model_of(config, form=ODD.form, architecture=None, classes=None):
    """A model with weights, scales and biases that are all at random."""
    game = game_of(config, form.encoded_shape, models.ends_of(form), classes)
    game = game if architecture is None else game._replace(architecture=architecture)
    rng = np.random.default_rng(1)
    initial = initial_arrays(game.architecture.generator, (config.latent,), game.architecture.init, rng)
    weights = {name: game.engine.array(w + rng.normal(0, 0.1, w.shape)) for name, w in initial.items()}
    return Model(config, form, game, {}, weights, 0, classes)


def session_of(model):
    return export._session(export.graph_of(model, export.plain(model)).SerializeToString(), Path("x.onnx"))


def both(model, count=5):
    """The encoded rows of the graph in onnxruntime, and those of the engine."""
    z, codes = streams.normal(0, "sample", 0, (count, model.config.latent)), models.sample_codes(model, count, 1)
    engine, game = model.game.engine, model.game
    label = models.told_arrays(game, model.classes, codes)
    wanted = engine.run(step.generate, game, model.generator, engine.array(z), models.moments_of(model), label)
    return export._run(session_of(model), Path("x.onnx"), z, export.told_to(model, codes)), engine.numpy(wanted)


@pytest.mark.parametrize("normalisation", NORMS)
@pytest.mark.parametrize("network", NETWORKS)
def test_the_graph_computes_what_the_engine_does_for_every_network_and_norm(network, normalisation):
    model = model_of(Config(network=network, generator_norm=normalisation, width=8, latent=5, engine="torch"))
    found, wanted = both(model)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert wanted.std() > 0.01, "rows that differ"


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("shape", [(40, 11, 2), (40, 7, 6, 5, 2)], ids=["signals", "volumes"])
@pytest.mark.parametrize("levels", [False, True])
def test_and_for_rows_of_every_rank(network, shape, levels):
    values = np.random.default_rng(0).normal(size=shape)
    form = data.from_array((values > 0).astype(np.uint8) if levels else values).form
    model = model_of(Config(network=network, width=8, latent=5, engine="torch"), form)
    found, wanted = both(model)
    read = contents(export.graph_of(model, export.plain(model)).SerializeToString())
    assert read.outputs["encoded"] == ("float32", (-1, *form.encoded_shape))
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert wanted.std() > 0.01, "rows that differ"


@pytest.mark.parametrize(
    "network", [name for name, f in NETWORKS.items() if "activation" in inspect.signature(f).parameters]
)
@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_and_for_every_activation(network, kind):
    np.testing.assert_allclose(
        *both(model_of(Config(network=network, activation=kind, width=8, engine="torch"))), atol=1e-5
    )


def test_the_graph_of_a_jax_run_is_the_same():
    pytest.importorskip("jax", reason="JAX is not installed")
    np.testing.assert_allclose(*both(model_of(Config(network="dcgan", width=8, engine="jax"))), atol=1e-5)


CLASSES = data.Classes(("coat", "bag", "shoe"), (0.2, 0.5, 0.3))


@pytest.mark.parametrize("network", NETWORKS)
def test_and_for_every_network_that_is_told_classes(network):
    config = Config(network=network, conditional="projection", width=8, latent=5, engine="torch")
    model = model_of(config, classes=CLASSES)
    np.testing.assert_allclose(*both(model, 20), atol=1e-5)
    z = np.repeat(streams.normal(0, "sample", 0, (1, 5)), 3, axis=0)
    rows = export._run(session_of(model), Path("x.onnx"), z, export.told_to(model, np.arange(3)))
    assert len(np.unique(rows.reshape(3, -1), axis=0)) == 3, "another class, another row"


MANY_KINDS = [
    dense(24), *norm("layer"), activation("relu"), reshape(3, 4, 2), upsample((5, 8)), conv(6, 3, 2),
    *norm("batch"), activation("groupsort"), conv_transpose(4, 5, 2, (5, 7)), activation("leaky_relu", 0.3),
    residual([conv(4, 3), MEAN_POOL], [MEAN_POOL, conv(4, 1)]), *norm("layer"),
    class_batch_norm(3), GLOBAL_MEAN, dense(6), class_bias(3), activation("tanh"),
    activation("swish"), activation("shifted_softplus"), softmax((2, 3)),
]  # fmt: skip


def test_a_generator_of_many_kinds_of_layer_is_exported_whole():
    used = [layer["kind"] for layer in MANY_KINDS] + [layer["kind"] for layer in MANY_KINDS[10]["body"]]
    assert set(used) <= LAYERS.keys()  # tests/game/test_layers.py writes each kind by itself, new ones too
    form = data.from_array(np.random.default_rng(0).normal(size=(5, 6))).form
    model = model_of(
        Config(latent=5, engine="torch", conditional="projection"),
        form,
        Architecture("all", [], MANY_KINDS, "he"),
        CLASSES,
    )
    np.testing.assert_allclose(*both(model), atol=1e-5)


def test_an_operation_that_the_graph_lacks_is_named_in_one_sentence():
    from wgan.engines.onnx import Graph

    with pytest.raises(WganError, match="use slices of features"):
        Graph().constant(np.zeros((3, 4)))[:2]


ROWS = np.random.default_rng(2).normal(0, 300, (40, 4, 4, 1))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int16", "uint16", "int64", "float32", "float64"])
@pytest.mark.parametrize("shape", [(40, 16), (40, 4, 4, 1)])
def test_decoded_rows_of_the_graph_are_those_of_the_form_in_every_dtype(dtype, shape):
    form = data.from_array((ROWS > 0 if dtype == "bool" else ROWS.astype(np.int64).astype(dtype)).reshape(shape)).form
    form = form if form.affine else Form(**{f.name: getattr(form, f.name) for f in fields(Form)})
    # eight times the usual range, so that the clipping shows, and halves, so that the rounding does
    config = Config(network="mlp", width=8, depth=1, latent=4, engine="torch")
    layers = [dense(16), reshape(*form.shape)]
    model = model_of(config, form, Architecture("straight", [], layers, "he"))
    session = session_of(model)
    rows, encoded = session.run(["rows", "encoded"], {"z": 8 * streams.normal(0, "z", 0, (200, 4))})
    assert rows.dtype == np.dtype(form.dtype) == dtype
    np.testing.assert_array_equal(rows, form.decode(encoded))
    assert len(np.unique(rows)) > 1


def test_halves_are_rounded_to_even_as_numpy_does():
    form = Form("table", (1,), "int64", (0.0,), (1.0,), -100.0, 100.0)
    layers = [dense(1)]
    model = model_of(Config(network="mlp", latent=1, engine="torch"), form, Architecture("line", [], layers, "he"))
    one = {"00.dense.weight": model.game.engine.array([[1.0]]), "00.dense.bias": model.game.engine.array([0.0])}
    model = model._replace(generator=one)
    session = session_of(model)
    halves = np.array([[-2.5], [-0.5], [0.5], [1.5], [2.5], [1e6]], np.float32)
    np.testing.assert_array_equal(session.run(["rows"], {"z": halves})[0].ravel(), [-2, 0, 0, 2, 2, 100])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run with batch norm, an average and two checkpoints."""
    out = tmp_path_factory.mktemp("run") / "digits"
    list(train(Config(**FEW, network="dcgan", checkpoint_every=1, engine="torch"), out=out))
    return out


def test_the_file_is_sampled_without_a_framework_and_without_the_run(finished, tmp_path):
    written = export.export(finished, tmp_path / "g.onnx")
    assert (written.path, written.step) == (tmp_path / "g.onnx", 3)
    assert written.difference <= 1e-5
    code = (
        "import sys\n"
        "for name in ('torch', 'jax', 'optax', 'onnx'): sys.modules[name] = None\n"  # an import of these fails
        "from wgan.cli import main\n"
        "main()"
    )
    arguments = ["sample", "g.onnx", "-n", "9", "--seed", "5", "--out", "rows.npy"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    rows = np.load(tmp_path / "rows.npy")
    wanted = models.sample(models.load_model(finished), 9, 5)
    assert (rows.dtype, rows.shape) == (wanted.dtype, wanted.shape)
    assert np.abs(rows.astype(int) - wanted).max() <= 1, "a rounding to another level at most"
    assert np.abs(rows.astype(int) - models.sample(models.load_model(finished), 9, 6)).max() > 10


def test_a_checkpoint_can_be_chosen_and_its_average_is_what_is_exported(finished, tmp_path):
    for at in (2, 3):
        export.export(finished, tmp_path / f"{at}.onnx", at)
        export.export(finished, tmp_path / f"{at}.safetensors", at)
        model = models.load_model(finished, at)
        wanted = models.sample(model, 600, 1)  # more than are made at a time
        for kind in export.FORMATS:
            rows, form, labels = export.sample(tmp_path / f"{at}{kind}", 600, 1)
            assert form == model.form
            assert labels is None
            assert np.abs(rows.astype(int) - wanted).max() <= 1
    weights = safetensors.numpy.load_file(tmp_path / "3.safetensors")
    average, newest = model.generator["00.dense.weight"], weights["00.dense.weight"]
    np.testing.assert_array_equal(newest, average)
    saved = safetensors.numpy.load_file(finished / "checkpoints" / "00000003" / "arrays.safetensors")
    assert np.abs(newest - saved["generator/00.dense.weight"]).max() > 0


@pytest.mark.parametrize("precision", ["bfloat16", "float64"])
def test_a_run_of_another_precision_is_exported_in_float32(tmp_path, precision):
    list(train(Config(**FEW, network="dcgan", engine="torch", precision=precision), out=tmp_path / "run"))
    assert export.export(tmp_path / "run", tmp_path / "g.onnx").difference <= 1e-5
    rows = export.sample(tmp_path / "g.onnx", 50, 1)[0].astype(float)
    wanted = models.sample(models.load_model(tmp_path / "run"), 50, 1)
    # bfloat16 has 8 bits: 1 / 256 of a layer's largest values, which are about the range of the rows
    assert np.abs(rows - wanted).max() <= (1 if precision == "float64" else 6 * 256 / 256)


def test_a_conditional_run_is_sampled_by_label_from_its_files(tmp_path):
    config = Config(**FEW, network="dcgan", conditional="auxiliary", engine="torch")
    list(train(config, out=tmp_path / "run"))
    model = models.load_model(tmp_path / "run")
    for kind in export.FORMATS:
        path = export.export(tmp_path / "run", tmp_path / f"g{kind}").path
        for label in ("7", None):
            rows, _, labels = export.sample(path, 30, 4, label)
            wanted = models.sample(model, 30, 4, label)
            assert np.abs(rows.astype(int) - wanted).max() <= 1
            assert set(labels) == {"7"} if label else len(set(labels)) > 3
        with pytest.raises(WganError, match="unknown label 'shoe'"):
            export.sample(path, 1, 0, "shoe")


def test_a_table_is_sampled_from_its_files_column_by_column(tmp_path):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame({"size": rng.normal(5, 2, 300), "kind": rng.choice(["a", "b", "c"], 300)})
    dataset = data.from_array(frame)
    list(train(Config(**FEW, engine="torch"), dataset, out=tmp_path / "run"))
    wanted = models.sample(models.load_model(tmp_path / "run"), 50, 1)
    for kind in export.FORMATS:
        path = export.export(tmp_path / "run", tmp_path / f"g{kind}").path
        rows, form, _ = export.sample(path, 50, 1)
        assert form == dataset.form
        np.testing.assert_allclose(rows, wanted, rtol=1e-4, atol=1e-4)
    outputs = [output.name for output in onnx.load(tmp_path / "g.onnx").graph.output]
    assert outputs == ["encoded"], "columns are decoded one by one, outside of the graph"
    done = called("sample", tmp_path / "g.onnx", "-n", 5, "--seed", 1)
    assert done.returncode == 0, done.stderr
    assert (pandas.read_csv(tmp_path / "g.csv")["kind"].isin(["a", "b", "c"])).all()


def test_the_graph_is_valid_has_plain_operators_and_says_what_it_is(finished, tmp_path):
    model = onnx.load(export.export(finished, tmp_path / "g.onnx").path)
    onnx.checker.check_model(model, full_check=True)
    assert {opset.domain for opset in model.opset_import} == {""}
    assert {node.domain for node in model.graph.node} == {""}
    assert not model.functions
    shapes = {v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim]
              for v in [*model.graph.input, *model.graph.output]}  # fmt: skip
    assert shapes == {"z": ["rows", 3], "rows": ["rows", 8, 8, 1], "encoded": ["rows", 8, 8, 1]}
    described = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(described["config"])["network"] == "dcgan"
    assert form_from_json(json.loads(described["form"])) == models.load_model(finished).form


def test_a_graph_that_computes_something_else_is_refused_and_not_written(finished, tmp_path, monkeypatch):
    from wgan.engines import onnx as writer

    monkeypatch.setattr(writer.Ops, "tanh", writer.Ops.softplus)
    with pytest.raises(WganError, match=r"samples are 0\.\d+ from the samples of torch.*was not written"):
        export.export(finished, tmp_path / "g.onnx")
    assert not list(tmp_path.iterdir())


def test_the_card_says_what_the_weights_are_and_what_was_measured(finished, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    card = export.export(run, tmp_path / "g.safetensors").card
    text = card.read_text()
    assert card == tmp_path / "g.md"
    parts = ["library_name: wgan", "from scikit-learn (CC BY 4.0). 1,617 rows", "step 3 of 3", "Not measured"]
    for part in [*parts, "wgan sample g.safetensors", "wgan train digits --network dcgan --width 4"]:
        assert part in text, part
    from wgan.evaluation import evaluate

    evaluate.evaluate(run, samples=100, features="pca")
    export.export(run, tmp_path / "g.safetensors", overwrite=True)
    assert "Fréchet" in card.read_text() or "Frechet" in card.read_text()
    export.export(run, tmp_path / "g.safetensors", at=2, overwrite=True)
    assert "Measured at step 3, which is not the step" in card.read_text()
    card.write_text("my notes")
    with pytest.raises(WganError, match="is a file of another kind"):
        export.export(run, tmp_path / "g.safetensors", overwrite=True)
    assert card.read_text() == "my notes"


def test_a_run_folder_may_be_named_as_a_file_is(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "run.onnx")
    done = called("sample", tmp_path / "run.onnx", "-n", 1, "--out", tmp_path / "one.npy")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "one.npy").exists()


def test_bad_input_gets_one_sentence(finished, tmp_path, monkeypatch):
    for out, said in (("g.pt", "ends in .pt; use .onnx or .safetensors"), ("g", "ends in no suffix")):
        assert_refused(called("export", finished, "--out", tmp_path / out), said)
    assert_refused(run("export", tmp_path, "--out", tmp_path / "g.onnx"), "config.json")
    assert_refused(called("export", finished, "--out", tmp_path / "g.onnx", "--step", "77"), "no checkpoint at step 77")
    with pytest.raises(WganError, match=r"cannot read .*nothing\.onnx"):
        export.sample(tmp_path / "nothing.onnx", 1)
    whole = export.export(finished, tmp_path / "g.onnx").path.read_bytes()
    arrays = export.export(finished, tmp_path / "g.safetensors").path.read_bytes()
    for name, text in (
        ("cut.onnx", whole[:-500]),
        ("cut.safetensors", arrays[:-500]),
        ("a.onnx", b""),
        ("b.onnx", arrays),
    ):
        (tmp_path / name).write_bytes(text)
        with pytest.raises(WganError, match=r"cannot read|is not a readable"):
            export.sample(tmp_path / name, 1)
    model = onnx.load_from_string(whole)
    del model.metadata_props[:]
    (tmp_path / "foreign.onnx").write_bytes(model.SerializeToString())
    safetensors.numpy.save_file({"w": np.zeros(3)}, tmp_path / "foreign.safetensors")
    for name in ("foreign.onnx", "foreign.safetensors"):
        with pytest.raises(WganError, match="only files of wgan export can be sampled"):
            export.sample(tmp_path / name, 1)
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(WganError, match="cannot write"):
        export.export(finished, tmp_path / "folder.onnx")
    assert not list(tmp_path.glob(".*")), "no half-written file is left"
    assert_refused(called("sample", tmp_path / "g.onnx", "--step", "2"), "--step chooses a checkpoint of a run")
    monkeypatch.setattr(export, "find_spec", lambda name: None)
    with pytest.raises(WganError, match=r"onnx and onnxruntime, not installed here; run pip install '.\[onnx\]'"):
        export.export(finished, tmp_path / "h.onnx")
    with pytest.raises(WganError, match="ONNX needs onnxruntime"):
        export.sample(tmp_path / "g.onnx", 1)


def test_weights_that_do_not_fit_their_config_are_refused(finished, tmp_path):
    path = export.export(finished, tmp_path / "g.safetensors").path
    arrays = safetensors.numpy.load_file(path)
    with safetensors.safe_open(path, framework="np") as file:
        metadata = file.metadata()
    arrays["00.dense.weight"] = arrays["00.dense.weight"][:-1]
    safetensors.numpy.save_file(arrays, path, metadata)
    with pytest.raises(WganError, match=r"does not fit the network dcgan that it describes; export the run again"):
        export.sample(path, 1)


def _external(model):
    tensor = model.graph.initializer[0]
    tensor.data_location = 1
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "secret"


def _enlarge(model):
    model.graph.node[0].op_type = "Expand"


def _grow(model):
    """Parts of a row put together with itself twenty times."""
    name = model.graph.input[0].name
    for number in range(20):
        made = onnx.helper.make_node("Concat", [name, name], [f"grown{number}"], axis=1)
        model.graph.node.append(made)
        name = f"grown{number}"


def _loop(model):
    model.graph.node[0].op_type = "Loop"


def _infinite(model):
    for tensor in model.graph.initializer:
        if tensor.name == "00.dense.weight":
            tensor.raw_data = np.full(len(tensor.raw_data) // 4, np.nan, np.float32).tobytes()


def _narrow(model):
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_external, "takes weights from another file"),
        (_enlarge, "the operator 'Expand', which wgan does not write"),
        (_loop, "the operator 'Loop'"),
        (_grow, "computes far more numbers than the network that it describes"),
        (_infinite, "NaN or infinite"),
        (_narrow, "do not fit|does not fit|are not those that it describes"),
    ],
)
def test_a_hostile_graph_is_refused_before_it_runs(finished, tmp_path, change, said):
    model = onnx.load(export.export(finished, tmp_path / "g.onnx").path)
    change(model)
    (tmp_path / "hostile.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(WganError, match=said):
        export.sample(tmp_path / "hostile.onnx", 3)


def test_whatever_the_metadata_say_is_one_sentence(finished, tmp_path):
    path = export.export(finished, tmp_path / "g.safetensors").path
    arrays = safetensors.numpy.load_file(path)
    with safetensors.safe_open(path, framework="np") as file:
        metadata = file.metadata()
    for name, value in (
        ("config", "[]"), ("config", "{"), ("config", '{"network": "mine"}'), ("config", '{"width": [1]}'),
        ("form", "null"), ("form", "[" * 100_000), ("step", '"x"'), ("step", "1.5"), ("format", "other"),
    ):  # fmt: skip
        safetensors.numpy.save_file(arrays, path, metadata | {name: value})
        with pytest.raises(WganError, match="describe no generator") as refused:
            export.sample(path, 1)
        assert "\n" not in str(refused.value)
    config = json.loads(metadata["config"]) | {"width": 10**9}  # refused by the shapes, before memory is taken
    safetensors.numpy.save_file(arrays, path, metadata | {"config": json.dumps(config)})
    with pytest.raises(WganError, match=r"does not fit the network dcgan that it describes; export the run again"):
        export.sample(path, 1)
    arrays["00.dense.weight"][0, 0] = np.inf
    safetensors.numpy.save_file(arrays, path, metadata)
    with pytest.raises(WganError, match=r"weights '00\.dense\.weight' of .* are not finite floats"):
        export.sample(path, 1)


def test_export_writes_nothing_if_the_card_cannot_be_made(finished, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    saved = json.loads((run / "config.json").read_text())
    del saved["data"]["sha256"]
    (run / "config.json").write_text(json.dumps(saved))
    (tmp_path / "g.safetensors").write_bytes(b"old")
    with pytest.raises(WganError, match=r"config\.json does not describe a run"):
        export.export(run, tmp_path / "g.safetensors", overwrite=True)
    assert (tmp_path / "g.safetensors").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["g.safetensors", "run"]


def test_a_config_of_another_width_takes_no_memory_for_its_weights(finished, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    saved = json.loads((run / "config.json").read_text())
    saved["config"]["width"] = 10**9
    (run / "config.json").write_text(json.dumps(saved))
    with pytest.raises(
        WganError, match=r"does not fit the network dcgan.*another version of wgan.*train it again with restart=True"
    ):
        models.load_model(run)


def test_libraries_may_not_report_their_use(monkeypatch):
    names = ("ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY")
    for name in names:
        monkeypatch.setenv(name, "0")
    assert export._onnxruntime().__name__ == "onnxruntime"
    monkeypatch.setitem(sys.modules, "datasets", None)  # it is told before it is looked for
    with pytest.raises(WganError, match="needs one more package"):
        data.load("hf:any/set")
    assert [os.environ[name] for name in names] == ["1", "1"]
