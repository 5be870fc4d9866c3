"""`wgan evaluate`: what it compares, what it writes, what bad input gets; and the features behind it."""

import json
import os
import shutil
import subprocess
import sys
import warnings
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from commands import SMALL, assert_refused, called, run
from oracles import needs_torch_fidelity
from safetensors.numpy import load_file, save

from wgan import Config, WganError, data, train
from wgan.cli import cli
from wgan.data import download, split
from wgan.errors import WganWarning
from wgan.evaluation import classifiers, evaluate, features, in_words, samples
from wgan.files import memory
from wgan.maths import metrics
from wgan.maths.metrics import METRICS
from wgan.maths.metrics.structure_metrics import STRUCTURE_METRICS
from wgan.reports import figures
from wgan.training.model import load_model, sample
from wgan.training.state import start


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """One cache for all: the classifier of the digits is trained once."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder / "wgan"


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "digits"
    list(train(Config(data="digits", steps=3, width=8, batch=16, latent=4), out=out))
    return out


@pytest.fixture(scope="module")
def evaluated(digits_run, cache):
    done = run("evaluate", digits_run)
    assert done.returncode == 0, done.stderr
    return done


def toy_run(out, name="8gaussians", **fields):
    fields = {"rows": 3000} | fields
    list(train(Config(data=name, steps=2, width=8, batch=16, latent=2, **fields), out=out))
    return out


# The command.


def test_a_damaged_newest_checkpoint_is_named_once_and_the_one_before_it_is_measured(tmp_path):
    out = toy_run(tmp_path / "run", checkpoint_every=1)
    (out / "checkpoints" / "00000002" / "meta.json").write_text("{")
    said = f"{out / 'checkpoints'}: checkpoint 2 is damaged (meta.json: Input data was truncated); using 1 instead."
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        done = CliRunner().invoke(cli, ["evaluate", str(out), "--samples", "50", "--json"])
    assert done.exit_code == 0, done.output
    assert done.stderr.count(f"wgan: {said}") == 1
    assert json.loads(done.stdout)["step"] == 1
    with pytest.warns(WganWarning) as caught:
        evaluate.evaluate(out, 50)
    assert [str(one.message) for one in caught] == [said]


def test_the_table_has_every_metric_beside_its_floor_and_what_was_compared(evaluated, digits_run):
    text = evaluated.stdout
    assert f"{digits_run}: step 3 of 3\n" in text
    assert "1,617 samples (seed 0) of digits against 180 held-out rows\n" in text
    assert "64 units of a classifier of digits that is right on 9" in text
    assert "floor: 1,617 training rows in the samples' place\n" in text
    assert "were asked for" not in text, "nobody named a number"
    applied = [metric for metric in METRICS.values() if not {"modes", "sample_labels"} & {*metric.needs}]
    of_images = [metric for metric in STRUCTURE_METRICS.values() if not metric.needs]
    for metric in applied + of_images:
        assert f"\n{metric.title:22}" in text
    assert "FID" not in text
    assert "KID" not in text
    assert max(map(len, text.splitlines()[5:])) <= 112
    assert "training a classifier" not in evaluated.stderr, "that of the digits is shipped"
    assert "Frechet distance: 1,617 samples against 180 real rows; floor: 1,617 other real rows\n" in text


def test_evaluation_json_is_strict_and_says_step_protocol_and_floor(evaluated, digits_run):
    def refuse(constant):
        raise AssertionError(constant)

    text = (digits_run / "evaluation.json").read_text()
    report = json.loads(text, parse_constant=refuse)
    assert (report["step"], report["steps"], report["finished"], report["lacking"]) == (3, 3, True, {})
    assert report["protocol"]["samples"] == 1617
    assert report["protocol"]["real_rows"] == 180
    assert report["protocol"]["classifier_accuracy"] > 0.95
    for entry in report["metrics"].values():
        assert entry.keys() >= {"title", "value", "error", "floor", "floor_error", "better", "estimates", "p_value"}
        assert np.isfinite([entry["value"], entry["floor"]]).all()
    values = {name: entry["value"] for name, entry in report["metrics"].items()}
    floors = {name: entry["floor"] for name, entry in report["metrics"].items()}
    for name, times in {"frechet": 3, "kernel_distance": 3, "exact_w1": 2, "sliced_w1": 3}.items():
        assert values[name] > times * floors[name], "noise is far from digits"
    assert floors["precision"] > 0.9 > values["coverage"]
    assert evaluate.read(digits_run) == report


def test_json_is_printed_and_a_second_evaluation_says_the_same_without_training(evaluated, digits_run):
    before = (digits_run / "evaluation.json").read_text()
    done = called("evaluate", digits_run, "--json")
    assert done.stdout.strip() == before
    assert "training a classifier" not in done.stderr


@pytest.mark.parametrize("at", ["step", "protocol", "metrics", "lacking", "protocol.samples", "metrics.energy_distance",
                                "metrics.energy_distance.value", "metrics.energy_distance.title"])  # fmt: skip
def test_an_evaluation_of_wrong_types_is_as_none(tmp_path, at):
    metric = {
        "title": "a",
        "better": "lower",
        "estimates": "b",
        "value": 1,
        "error": None,
        "p_value": None,
        "floor": 0.5,
    }
    protocol = {
        "data": "x",
        "samples": 3,
        "seed": 0,
        "real_rows": 3,
        "against": "c",
        "features_text": "d",
        "floor": "e",
    }
    whole = {"step": 3, "steps": 3, "finished": True, "protocol": protocol, "metrics": {"energy_distance": metric}}
    whole = json.dumps(whole | {"lacking": {}, "later": 1})
    (tmp_path / "evaluation.json").write_text(whole)
    assert evaluate.read(tmp_path) == json.loads(whole)
    *parents, last = at.split(".")
    for value in ([], None, 10**400, {"a": 1}):
        changed = json.loads(whole)
        part = changed
        for name in parents:
            part = part[name]
        part[last] = value
        (tmp_path / "evaluation.json").write_text(json.dumps(changed))
        assert evaluate.read(tmp_path) is None, value


def test_an_unfinished_run_is_measured_as_far_as_it_is(tmp_path):
    out = tmp_path / "run"
    records = train(Config(data="8gaussians", steps=4, width=8, rows=3000), out=out, stop=lambda at: at == 2)
    assert [record["step"] for record in records][-1] == 2
    done = called("evaluate", out, "--samples", 300)
    assert "step 2 of 4: unfinished, measured at this step" in done.stdout
    assert evaluate.read(out)["finished"] is False
    shutil.rmtree(out / "checkpoints")
    assert_refused(called("evaluate", out), "no readable checkpoint yet")


def test_data_that_have_gone_or_changed_are_named(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", rng.normal(size=(200, 2)))
    assert called("train", "x.npy", *SMALL, "--out", "run", cwd=tmp_path).returncode == 0
    np.save(tmp_path / "x.npy", rng.normal(size=(200, 2)))
    assert_refused(called("evaluate", "run", cwd=tmp_path), "x.npy holds other rows than run was trained on")
    (tmp_path / "x.npy").unlink()
    assert_refused(
        called("evaluate", "run", cwd=tmp_path), "the data of run cannot be read", "no such file or folder: 'x.npy'"
    )
    assert not (tmp_path / "run" / "evaluation.json").exists()


def test_too_few_samples_are_named_with_the_number_needed(digits_run, tmp_path, evaluated):
    shutil.copytree(digits_run, tmp_path / "run")
    few = called("evaluate", tmp_path / "run", "--samples", 50, "--features", "rows")
    assert few.returncode == 0
    lacking = " ".join(few.stdout[few.stdout.index("lacking:") :].split())
    assert lacking == (
        "lacking: Frechet distance, precision, recall, density, coverage, near-duplicates and memorisation need at "
        "least 100 samples and as many real rows; there are 50 and 50. The log and the report's charts have exact W1 "
        "and diversity from 180 samples, 180 held-out rows and no features, and energy distance from up to 512 samples "
        "and other held-out rows, so their numbers differ."
    )


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ("clasifier", "unknown features 'clasifier'; did you mean 'classifier'"),
        ("pca:3", "unknown features 'pca:3'"),
        ("inception:no.pth", "no file 'no.pth' of Inception weights"),
    ],
)
def test_bad_features_get_one_sentence(digits_run, chosen, sentence):
    with pytest.raises(WganError, match=sentence):
        evaluate.evaluate(digits_run, 200, features=chosen)


def test_features_that_do_not_fit_in_memory_are_refused_before_they_are_made(digits_run, monkeypatch):
    """1,797 rows of 64 numbers of 8 bytes, three times: 2.76 MB, and 90 % of the free memory may be taken."""
    asked = 3 * 8 * 64 * 1797 / memory.SHARE
    monkeypatch.setattr(memory, "free", lambda: int(asked) - 1)
    sentence = r"comparing the features rows of 1,797 rows takes 2\.8 MB of memory, .* use features='pca'"
    with pytest.raises(WganError, match=sentence):
        evaluate.evaluate(digits_run, 200, features="rows")
    monkeypatch.setattr(memory, "free", lambda: int(asked) + 1)
    assert evaluate.evaluate(digits_run, 200, features="rows")["protocol"]["samples"] == 200


def test_bad_arguments_get_one_sentence(digits_run):
    assert_refused(called("evaluate", "nowhere"), "nowhere is not a run folder")
    assert_refused(called("evaluate", digits_run, "--features", "clasifier"), "unknown features 'clasifier'")


def test_a_restart_removes_the_evaluation(tmp_path):
    out = toy_run(tmp_path / "run")
    evaluate.evaluate(out, 300)
    list(train(Config(data="8gaussians", steps=1, width=8), out=out, restart=True))
    assert evaluate.read(out) is None
    assert evaluate.read(tmp_path) is None


# What is compared.


def test_toys_are_measured_by_mode_and_their_floor_is_theirs(tmp_path):
    report = evaluate.evaluate(toy_run(tmp_path / "run"), 2000)
    found = report["metrics"]
    assert report["protocol"]["features"] == "rows"
    assert found.keys() == {name for name, metric in METRICS.items() if "fake_probabilities" not in metric.needs}
    assert found["modes_found"]["floor"] == 8
    error = np.sqrt(0.989 * 0.011 / 2000)
    assert found["high_quality"]["floor"] == pytest.approx(1 - np.exp(-4.5), abs=4 * error + 0.002)
    assert found["high_quality"]["value"] < 0.2
    bare = evaluate.evaluate(toy_run(tmp_path / "roll", "swissroll"), 300)
    assert "modes_found" not in bare["metrics"]


def test_without_held_out_rows_halves_of_the_training_rows_are_compared_and_it_is_said(tmp_path):
    out = toy_run(tmp_path / "run", held_out=0.0, rows=1000)
    report = evaluate.evaluate(out, 300)
    assert "memorisation" not in report["metrics"]
    assert "the run held none out" in in_words.words(out, report)


def planted(monkeypatch, rows):
    """The evaluation of a digits run whose generator gives these rows."""
    dataset = data.load("digits")
    known, held_out = split(dataset, 0.1, None, 0)
    monkeypatch.setattr(evaluate, "sample_seen", lambda model, count, seed: rows(dataset, known)[:count])
    return evaluate.evaluate_model(load_model(planted.run), dataset, known, held_out, 1500)["metrics"]


def test_planted_faults_show_in_their_metric_and_the_data_themselves_in_none(monkeypatch, digits_run, evaluated):
    planted.run = digits_run
    rng = np.random.default_rng(0)

    def copies(dataset, known):
        return dataset.rows[rng.choice(known[:100], 1500)]

    def one_class(dataset, known):
        return dataset.rows[rng.choice(known[dataset.labels[known] == 3], 1500)]

    def some_copies(dataset, known):
        noise = rng.integers(0, 256, (1500, 8, 8, 1), dtype=np.uint8)
        return np.concatenate([dataset.rows[known[:100]], noise[100:]])

    found = planted(monkeypatch, copies)
    assert found["memorisation"]["p_value"] < 1e-9
    assert found["near_duplicates"]["value"] == 1
    found = planted(monkeypatch, some_copies)
    assert found["memorisation"]["p_value"] < 1e-3
    found = planted(monkeypatch, one_class)
    assert found["class_coverage"]["value"] == pytest.approx(0.1)
    assert found["class_coverage"]["shares"][3] > 0.95
    assert found["diversity"]["value"] < 0.7
    assert found["inception_style"]["value"] < 1.5
    assert found["recall"]["value"] < 0.3


# Features.


def test_every_name_gives_finite_features_of_digits_in_any_chunks(monkeypatch, evaluated):
    dataset = data.load("digits")
    known, _ = split(dataset, 0.1, None, 0)
    for name in features.FEATURES.keys() - {"inception"}:
        seen = features.resolve(name, dataset, known, lambda text: None)
        whole, p = seen.extract(dataset.rows[:50])
        assert whole.dtype == np.float64
        assert whole.shape[0] == 50
        assert np.isfinite(whole).all()
        monkeypatch.setattr(features, "CHUNK", 7)
        again, q = seen.extract(dataset.rows[:50])
        np.testing.assert_allclose(again, whole, rtol=1e-4, atol=1e-4)
        if p is not None:
            np.testing.assert_allclose(p.sum(1), 1)
            np.testing.assert_allclose(p, q, atol=1e-4)
            assert (p.argmax(1) == dataset.labels[:50]).mean() > 0.9


def test_auto_is_the_classifier_rows_or_components(monkeypatch):
    called = []
    for name in features.FEATURES:
        monkeypatch.setitem(features.FEATURES, name, lambda *arguments, name=name: called.append(name))
    rng = np.random.default_rng(0)
    cases = {
        "digits": data.load("digits"),
        "8gaussians": data.toy("8gaussians", 100, 0),
        "unlabelled": data.from_array(rng.random((100, 12, 12, 3))),
        "small": data.from_array(rng.random((100, 8, 8, 1))),
        "wide": data.from_array(rng.normal(size=(100, 65))),
    }
    for dataset in cases.values():
        features.resolve("auto", dataset, np.arange(50), lambda text: None)
    assert called == ["classifier", "rows", "pca", "rows", "pca"]
    monkeypatch.undo()
    with pytest.raises(WganError, match="needs images, signals or volumes with labels"):
        features.resolve("classifier", cases["unlabelled"], np.arange(50), lambda text: None)


def test_components_keep_the_variance_that_they_say(monkeypatch):
    rng = np.random.default_rng(0)
    dataset = data.from_array(rng.normal(size=(500, 3)) @ rng.normal(size=(3, 90)) + 5)
    seen = features.resolve("pca", dataset, np.arange(400), lambda text: None)
    assert "100.0% of their variance" in seen.text
    x, _ = seen.extract(dataset.rows[400:])
    whole = dataset.form.encode(dataset.rows[400:]).astype(float)
    assert np.linalg.norm(x[0] - x[1]) == pytest.approx(np.linalg.norm(whole[0] - whole[1]), rel=1e-4)


def test_a_function_can_be_the_features(digits_run):
    def ink(rows):
        return rows.reshape(len(rows), 8, 8).astype(float).sum(2)

    report = evaluate.evaluate(digits_run, 200, features=ink)
    assert report["protocol"]["features_text"] == "the function ink"
    assert report["metrics"]["frechet"]["title"] == "Frechet distance"
    with pytest.raises(WganError, match=r"features bad of 200 rows have shape \(200,\); return \[200, d\]"):
        evaluate.evaluate(digits_run, 200, features=lambda_named("bad", lambda rows: rows.reshape(len(rows), -1)[:, 0]))
    with pytest.raises(WganError, match="200 of 200 samples have features nan that are NaN or infinite"):
        evaluate.evaluate(digits_run, 200, features=lambda_named("nan", lambda rows: np.full((len(rows), 2), np.nan)))


def lambda_named(name, function):
    function.__name__ = name
    return function


def test_the_classifier_repeats_and_a_damaged_cache_is_made_anew(evaluated, cache, monkeypatch, tmp_path):
    monkeypatch.setattr(classifiers, "LEAST_STEPS", 20)
    monkeypatch.setattr(classifiers, "EPOCHS", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    dataset, notes = data.load("digits"), []
    found = []
    for damage in (None, b"", b"\x08\0\0\0\0\0\0\0{bad{bad", None):
        if damage is not None:
            (kept,) = (tmp_path / "wgan").iterdir()
            kept.write_bytes(damage)
        features.resolve("classifier", dataset, np.arange(10), notes.append)
        (kept,) = (tmp_path / "wgan").iterdir()
        found.append(load_file(kept))
    assert sum("training a classifier" in note for note in notes) == 3
    for weights in found[1:]:
        for name, w in found[0].items():
            np.testing.assert_array_equal(w, weights[name])


WEIGHTS = {"a.weight": np.arange(6, dtype=np.float16).reshape(2, 3), "b": np.ones(4, np.float16)}


def happened(file, how):
    """What may lie where the classifier was kept."""
    whole = file.read_bytes()
    if how in ("a folder", "a broken link"):
        file.unlink()
        file.mkdir() if how == "a folder" else file.symlink_to(file.parent.parent / "nothing")
        return
    if how == "a pipe":
        file.unlink()
        os.mkfifo(file)
        return
    values = {name: w.copy() for name, w in WEIGHTS.items()}
    values["b"][2] = 7
    kept = {"accuracy": "0.5", "sha256": classifiers._sha256(WEIGHTS, "0.5")}
    longer = {name: w.astype(np.float64) for name, w in WEIGHTS.items()}
    others = {
        "empty": b"",
        "half": whole[: len(whole) // 2],
        "longer": whole + b"1234",
        "a flipped bit": whole[:-1] + bytes([whole[-1] ^ 1]),
        "no seal": save(WEIGHTS, {"accuracy": "0.5"}),
        "no accuracy": save(WEIGHTS, {"sha256": kept["sha256"]}),
        "no words": save(WEIGHTS),
        "another accuracy": save(WEIGHTS, kept | {"accuracy": "1.0"}),
        "text for accuracy": save(WEIGHTS, {"accuracy": "x", "sha256": classifiers._sha256(WEIGHTS, "x")}),
        "other values": save(values, kept),
        "another dtype": save(longer, {"accuracy": "0.5", "sha256": classifiers._sha256(longer, "0.5")}),
        "fewer": save({"b": WEIGHTS["b"]}, kept),
    }
    file.write_bytes(others[how])


HAPPENED = ("a folder", "a broken link", "a pipe", "empty", "half", "longer", "a flipped bit", "no seal", "no accuracy",
            "no words", "another accuracy", "text for accuracy", "other values", "another dtype", "fewer")  # fmt: skip


@pytest.mark.parametrize("how", HAPPENED)
def test_whatever_happens_to_the_kept_classifier_it_is_noted_and_never_used(tmp_path, how):
    file, notes = tmp_path / "kept" / "classifier.safetensors", []
    assert classifiers._read(file, WEIGHTS, notes.append) is None
    classifiers._write(file, WEIGHTS, 0.5, "", notes.append)
    found, accuracy = classifiers._read(file, WEIGHTS, notes.append)
    assert accuracy == 0.5
    assert all((found[name] == w).all() for name, w in WEIGHTS.items())
    assert notes == []
    happened(file, how)
    assert classifiers._read(file, WEIGHTS, notes.append) is None
    assert notes == [f"{file} is damaged or not one of wgan's; the classifier is trained again"]
    classifiers._write(file, WEIGHTS, 0.5, "", notes.append)
    if how in ("a folder", "a pipe"):
        assert "cannot keep the classifier" in notes[-1]
    else:
        assert classifiers._read(file, WEIGHTS, notes.append) is not None
    assert [path.name for path in file.parent.iterdir()] == [file.name], "nothing temporary is left"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_cache_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(classifiers, "LEAST_STEPS", 2)
    tmp_path.chmod(0o500)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "none"))
    notes = []
    features.resolve("classifier", data.load("digits"), np.arange(10), notes.append)
    assert "cannot keep the classifier" in notes[-1]


def test_the_classifier_does_not_know_what_a_run_trains_on(evaluated):
    dataset = data.load("digits")
    a, b = (features.resolve("classifier", dataset, rows, print).extract(dataset.rows[:9])[0] for rows in ([1], [2]))
    np.testing.assert_array_equal(a, b)


def test_inception_gets_three_grey_channels_and_alone_is_called_fid(monkeypatch, digits_run, tmp_path):
    from wgan.engines import inception

    given = []

    def network(images):
        given.append(images)
        flat = images.reshape(len(images), -1).astype(np.float64)
        return flat[:, :30], flat[:, :8] / 100

    monkeypatch.setattr(inception, "load", lambda path: network)
    monkeypatch.setattr(inception, "refuse_missing", lambda: None)
    (tmp_path / "weights.pth").write_bytes(b"others")
    report = evaluate.evaluate(digits_run, 2000, features=f"inception:{tmp_path / 'weights.pth'}")
    titles = {name: entry["title"] for name, entry in report["metrics"].items()}
    assert (titles["frechet"], titles["kernel_distance"]) == ("FID", "KID")
    assert titles["inception_style"] == "Inception score"
    assert all(images.shape[1:] == (8, 8, 3) and images.dtype == np.uint8 for images in given)
    np.testing.assert_array_equal(given[0][..., 0], given[0][..., 2])
    # the papers' protocol: all samples, also more than training rows, against all real rows
    rows = data.load("digits").rows, sample(load_model(digits_run), 2000, 0)
    real, fake = (network(figures.as_bytes(one, data.load("digits").form).repeat(3, axis=-1))[0] for one in rows)
    assert report["metrics"]["frechet"]["value"] == pytest.approx(metrics.frechet(real, fake).value, rel=1e-9)
    protocol = report["protocol"]
    assert protocol["frechet"].startswith("2,000 samples against all 1,797 real rows, as in the papers; floor: two")
    assert "other weights than the published ones, weights.pth" in protocol["features_text"]
    assert (protocol["samples"], protocol["real_rows"]) == (1617, 180)
    monkeypatch.setattr(features, "PAPERS", 1700)
    assert evaluate.evaluate(digits_run, features=f"inception:{tmp_path / 'weights.pth'}")["protocol"][
        "frechet"
    ].startswith("1,700 samples")


@pytest.fixture(scope="module")
def random_weights(tmp_path_factory):
    """Weights of the right shapes, and the network's class."""
    torch = pytest.importorskip("torch")
    with pytest.MonkeyPatch.context() as patch:
        needs_torch_fidelity(patch)
        from wgan.engines import inception

        file = tmp_path_factory.mktemp("inception") / download.INCEPTION
        patch.setattr("torch.load", lambda *given, **more: None)
        patch.setattr("torch.nn.Module.load_state_dict", lambda self, weights: None)
        torch.manual_seed(0)
        torch.save(
            inception._network()("inception", ["2048"], feature_extractor_weights_path="none").state_dict(), file
        )
    return file


def test_the_fid_is_that_of_torch_fidelity_with_the_same_weights(monkeypatch, random_weights):
    """Its own whole program, on images of another size than the network's."""
    fidelity = needs_torch_fidelity(monkeypatch)
    import torch

    monkeypatch.setitem(METRICS, "frechet", replace(METRICS["frechet"], least=2))
    rng = np.random.default_rng(0)
    real, fake = (rng.integers(0, top, (12, 20, 24, 3)).astype(np.uint8) for top in (256, 160))
    found = samples.evaluate(real, fake, features=f"inception:{random_weights}")["metrics"]["frechet"]

    class Listed(torch.utils.data.Dataset):
        def __init__(self, images):
            self.images = torch.tensor(images).permute(0, 3, 1, 2)

        def __len__(self):
            return len(self.images)

        def __getitem__(self, at):
            return self.images[at]

    theirs = fidelity.calculate_metrics(
        input1=Listed(fake), input2=Listed(real), fid=True, cuda=False, cache=False, verbose=False, save_cpu_ram=True,
        feature_extractor_weights_path=str(random_weights),
    )  # fmt: skip
    assert found["title"] == "FID"
    assert found["value"] == pytest.approx(theirs["frechet_inception_distance"], rel=1e-3)


def test_without_torch_fidelity_inception_is_one_sentence_and_nothing_is_downloaded(monkeypatch, digits_run):
    from wgan.engines import inception

    monkeypatch.setattr(inception, "find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "torch_fidelity", raising=False)
    with pytest.raises(WganError, match=r"^features inception needs torch-fidelity; run pip install '.\[fid\]'"):
        evaluate.evaluate(digits_run, 200, features="inception")


def test_the_network_is_found_without_torchvision_and_leaves_no_trace():
    pytest.importorskip("scipy")
    if not find_spec("torch_fidelity"):
        pytest.skip("pip install --no-deps torch-fidelity")
    code = (
        "import sys; from wgan.engines import inception; print(inception._network().INPUT_IMAGE_SIZE); "
        "print([name for name in sys.modules if name.startswith(('torch_fidelity', 'torchvision'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "299\n[]\n"


def test_a_pickle_of_weights_is_not_executed(tmp_path, monkeypatch):
    needs_torch_fidelity(monkeypatch)
    import pickle

    from wgan.engines import inception

    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "boom"),)

    for content in (pickle.dumps(Bomb()), b"", b"nonsense"):
        (tmp_path / "w.pth").write_bytes(content)
        with pytest.raises(WganError, match="holds no Inception weights"):
            inception.load(tmp_path / "w.pth")
    assert not (tmp_path / "boom").exists()


def test_the_samples_are_those_of_the_seed_and_the_floor_has_as_many_rows(digits_run, monkeypatch):
    seen = []
    whole = evaluate._measurements

    def spy(table, sets, floor, *rest):
        seen.append((sets, floor))
        return whole(table, sets, floor, *rest)

    monkeypatch.setattr(evaluate, "_measurements", spy)
    report = evaluate.evaluate(digits_run, 120, lambda rows: rows.reshape(len(rows), -1), seed=1)
    (sets, floor), (images, images_floor) = seen
    least = metrics.measurement("sliced_w1", floor)
    found = report["metrics"]["sliced_w1"]
    assert (found["floor"], found["floor_error"]) == pytest.approx((least.value, least.error), rel=1e-12)
    np.testing.assert_array_equal(sets.fake, sample(load_model(digits_run), 120, 1).reshape(120, -1))
    assert (len(sets.fake), len(floor.fake), len(sets.real)) == (120, 120, 120)
    for flat, rows in ((sets.real, images.real), (sets.fake, images.fake), (floor.fake, images_floor.fake)):
        np.testing.assert_array_equal(flat, rows.reshape(120, -1))
    assert len(sets.train) == 1617
    stored = data.load("digits")  # of which the first rows are no fair sample, where a set is sorted by class
    first = stored.rows[split(stored, 0.1, None, 0)[0][:120]].reshape(120, -1)
    assert not np.array_equal(floor.fake, first)


def numbered(count=600):
    """A data set whose rows tell their number."""
    return data.from_array(np.column_stack([np.arange(float(count)), np.sqrt(np.arange(count))]))


def numbers(rows):
    return np.rint(rows[:, 0]).astype(int).tolist()


@pytest.mark.parametrize("held_out", [0.2, 0.0])
@pytest.mark.parametrize("seed", [0, 5])
def test_what_is_compared_are_rows_that_this_run_held_out_and_trained_on(tmp_path, monkeypatch, seed, held_out):
    """Split by the run's own seed, whatever that of the evaluation; and in random order, as samples are few."""
    dataset, seen, whole = numbered(), [], evaluate._measurements
    config = Config(data="array", network="mlp", width=8, batch=16, latent=2, steps=1)
    config = config.replace(seed=seed, held_out=held_out, rows=300)
    begun = start(config, dataset)
    list(train(config, dataset, out=tmp_path / "run"))
    monkeypatch.setattr(evaluate, "_measurements", lambda *given: seen.append(given[1:3]) or whole(*given))
    evaluate.evaluate(tmp_path / "run", 110, lambda rows: rows, dataset=dataset, seed=1)
    ((sets, floor),) = seen
    real, known = numbers(sets.real), numbers(floor.fake)
    assert len(set(real)) == len(real) == len(set(known)) == len(known) == 110
    assert numbers(floor.real) == real
    assert set(real) <= set((begun.held_out if held_out else begun.rows).tolist())
    assert set(known) <= set(begun.rows.tolist())
    assert not set(real) & set(known)
    assert sorted(real) != real
    assert sorted(known) != known
    assert floor.train is None
    if held_out:
        assert sorted(numbers(sets.train)) == begun.rows.tolist()
    else:
        assert sets.train is None


def test_components_are_fitted_to_training_rows_alone(monkeypatch):
    """All others vary in columns of their own, in which training rows do not: the components ignore them."""
    monkeypatch.setattr(features, "COMPONENTS", 2)
    rng = np.random.default_rng(0)
    rows = np.zeros((400, 12))
    rows[:200, :2], rows[200:, 2:] = rng.normal(size=(200, 2)), rng.normal(size=(200, 10))
    dataset = data.from_array(rows)
    extract = features.resolve("pca", dataset, np.arange(200), lambda text: None).extract
    blind = np.zeros((5, 12))
    blind[:, 2:] = rng.normal(size=(5, 10))
    found = extract(np.concatenate([np.zeros((1, 12)), blind]))[0]
    np.testing.assert_allclose(found[1:], np.broadcast_to(found[:1], found[1:].shape), atol=1e-5)


def test_a_classifier_is_kept_for_the_same_rows_labels_and_recipe_only(monkeypatch):
    dataset = data.load("digits")
    body, _ = classifiers._network(dataset.form.shape, 10)
    first = classifiers.fingerprint(dataset, body)
    assert classifiers.fingerprint(replace(dataset, name="other"), body) == first
    rows, labels = dataset.rows.copy(), dataset.labels.copy()
    rows[5, 3, 3] ^= 1
    labels[7] = (labels[7] + 1) % 10
    others = [replace(dataset, rows=rows), replace(dataset, labels=labels)]
    found = {classifiers.fingerprint(other, body) for other in others} | {classifiers.fingerprint(dataset, body[:-1])}
    for name in ("EPOCHS", "LEAST_STEPS", "BATCH", "LEARNING_RATE"):
        with monkeypatch.context() as patch:
            patch.setattr(classifiers, name, getattr(classifiers, name) * 2)
            found.add(classifiers.fingerprint(dataset, body))
    assert len(found - {first}) == 7


@pytest.mark.parametrize(
    ("classes", "rows", "enough"),
    [(1, 100, False), (2, 39, False), (2, 40, True), (200, 4000, True), (201, 4020, False), (200, 3999, False)],
)
def test_a_classifier_needs_a_number_of_classes_and_twenty_rows_of_each(classes, rows, enough):
    dataset = data.from_array(
        np.zeros((rows, 2, 2, 1), np.uint8) + np.arange(rows, dtype=np.uint8)[:, None, None, None]
    )
    labels = classifiers.class_codes(replace(dataset, labels=10 * (np.arange(rows) % classes)))
    assert (labels is not None) == enough
    if enough:
        np.testing.assert_array_equal(labels, np.arange(rows) % classes)


def test_the_classifiers_accuracy_is_that_on_rows_new_to_it(monkeypatch, tmp_path):
    """Labels at random can be learnt by heart, and then say nothing of new rows."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(classifiers, "LEAST_STEPS", 300)
    rng = np.random.default_rng(0)
    rows, labels = rng.integers(0, 256, (300, 8, 8, 1), dtype=np.uint8), rng.integers(5, size=300)
    dataset = replace(data.from_array(rows), labels=labels)
    seen = features.resolve("classifier", dataset, np.arange(300), lambda text: None)
    learnt = (seen.extract(rows)[1].argmax(1) == labels).mean()
    assert learnt > 0.7, "by heart"
    # a fifth of 30 new rows are right by chance, with a standard deviation of 0.073
    assert seen.accuracy < 0.2 + 4 * 0.073 < learnt


# One protocol.


def test_the_benchmark_and_the_evaluation_give_one_distance(digits_run, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    import score

    _, found = score.of_run(digits_run, lambda text: None)
    entry = evaluate.evaluate(digits_run)["metrics"]["frechet"]
    assert (found.distance, found.error, found.floor) == (entry["value"], entry["error"], entry["floor"])


def test_the_distance_takes_so_many_rows_whatever_the_number_of_samples(digits_run, monkeypatch):
    monkeypatch.setattr(evaluate, "FRECHET_ROWS", 120)
    report = evaluate.evaluate(digits_run, 1500, features="rows")
    dataset = data.load("digits")
    train, held_out = (evaluate.streams.stream(0, "evaluate"), split(dataset, 0.1, None, 0))
    order = train
    train, held_out = (order.permutation(rows)[:120] for rows in held_out)
    of_rows = [dataset.form.encode(dataset.rows[rows]).reshape(120, -1).astype(float) for rows in (train, held_out)]
    made = dataset.form.encode(sample(load_model(digits_run), 1500, 0)[:120]).reshape(120, -1).astype(float)
    entry = report["metrics"]["frechet"]
    assert entry["value"] == pytest.approx(metrics.frechet(of_rows[1], made).value, rel=1e-6)
    assert entry["floor"] == pytest.approx(metrics.frechet(of_rows[1], of_rows[0]).value, rel=1e-6)
    assert report["protocol"]["frechet"] == "120 samples against 120 real rows; floor: 120 other real rows"


SHIPPED = sorted(classifiers.SHIPPED.glob("*.safetensors"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_classifier_is_whole_and_small(file):
    wanted = load_file(file)
    assert classifiers._read(file, wanted, pytest.fail) is not None
    assert file.stat().st_size < 400_000


def test_the_shipped_classifier_of_the_digits_is_that_of_its_recipe():
    """Another data set or another recipe would leave it unused, without a word."""
    assert {file.stem for file in SHIPPED} == {"digits", "mnist", "fashion-mnist"}
    found = classifiers.classifier(data.load("digits"), pytest.fail)
    test = split(data.load("digits"), 0.1, None, 0)[1]
    dataset = data.load("digits")
    right = found.outputs(dataset.rows[test])[1].argmax(1) == dataset.labels[test]
    assert found.accuracy == pytest.approx(right.mean())


def test_training_a_classifier_repeats_with_any_number_of_threads(monkeypatch):
    import torch

    monkeypatch.setattr(classifiers, "LEAST_STEPS", 10)
    monkeypatch.setattr(classifiers, "EPOCHS", 0)
    before, found = torch.get_num_threads(), []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        found.append(classifiers.train(data.load("digits"), lambda text: None))
    torch.set_num_threads(before)
    assert found[0][1] == found[1][1]
    for name, w in found[0][0].items():
        np.testing.assert_array_equal(w, found[1][0][name])
