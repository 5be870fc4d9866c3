"""The commands, run as processes: what they print, what they write, and what bad input gets."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import SMALL, assert_refused, called, fresh, run

from wgan import PRESETS
from wgan.cli import cli
from wgan.cli.measuring import _without_long_table
from wgan.config import FIELDS, GROUPS
from wgan.data import DATASETS


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "digits"
    done = fresh("train", "digits", *SMALL, "--out", out)
    assert done.returncode == 0, done.stderr
    return out


def test_train_writes_a_run_folder_and_says_where_the_picture_is(finished):
    assert {p.name for p in finished.iterdir()} >= {"config.json", "log.jsonl", "samples", "checkpoints"}
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in finished.rglob("*") if path.is_file()}
    again = called("train", "digits", *SMALL, "--out", finished)
    assert again.returncode == 0
    assert "is finished already, at step 3, so nothing was written" in again.stderr
    after = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in finished.rglob("*") if path.is_file()}
    assert after == before
    assert again.stdout.strip() == f"samples: {finished / 'samples' / '00000003.png'}"
    assert Path(again.stdout.split()[1]).read_bytes().startswith(b"\x89PNG")


def test_a_run_that_stops_early_says_which_checkpoint_was_best_and_samples_come_from_it(tmp_path):
    """A learning rate of almost 0 changes little, so that no step is better than one of the first for long."""
    out = tmp_path / "run"
    arguments = [*SMALL[:-1], "400", "--learning-rate", "1e-9", "--diagnose-every", "2", "--until-no-better", "6"]
    done = run("train", "digits", *arguments, "--out", out)
    assert done.returncode == 0, done.stderr
    ended = int(re.search(r"done at step (\d+);", done.stderr).group(1))
    said = (
        r"best checkpoint: step (\d+) \(energy distance ([\d.]+) ± ([\d.]+) on held-out rows that did not choose it\); "
        r"the measure has not fallen for 6 steps"
    )
    best, value, error = re.search(said, done.stderr).groups()
    assert ended < 400
    assert int(best) <= ended
    assert 0 < float(error) < float(value)
    assert "The same command continues from here" not in done.stderr
    sampled = run("sample", out, "-n", "4", "--step", "best", "--out", tmp_path / "best.npy")
    assert sampled.returncode == 0, sampled.stderr
    named = run("sample", out, "-n", "4", "--step", best, "--out", tmp_path / "named.npy")
    assert named.returncode == 0, named.stderr
    np.testing.assert_array_equal(np.load(tmp_path / "best.npy"), np.load(tmp_path / "named.npy"))


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (["--best-by", "sliced"], ["unknown best_by 'sliced'", "did you mean 'sliced_w1'"]),
        (["--best-by", "memorisation"], ["best_by 'memorisation'"]),
        (["--best-by", "frechet"], ["best_by frechet needs 200 held-out rows", "there are 180", "raise --held-out"]),
        (["--until-no-better", "5", "--held-out", "0"], ["until_no_better needs 6 held-out rows", "there are 0"]),
    ],
)
def test_a_measure_that_cannot_choose_is_refused_before_anything_is_written(tmp_path, flags, parts):
    done = called("train", "digits", *SMALL, *flags, "--out", tmp_path / "run")
    assert_refused(done, *parts)
    assert not (tmp_path / "run").exists()


def test_the_framework_is_not_imported_until_it_is_needed():
    code = "import sys, wgan, wgan.cli; wgan.Config; sys.exit('torch' in sys.modules or 'jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    code = (
        "import sys; sys.argv = ['wgan', 'train', '--help']\n"
        "from wgan.cli import main\n"
        "try: main()\n"
        "except SystemExit: sys.exit('torch' in sys.modules or 'jax' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL).returncode == 0


def test_help_names_every_field_and_every_command():
    text = called("train", "--help").stdout
    for name in FIELDS.keys() - {"data"}:
        assert f"--{name.replace('_', '-')} " in text
    text = called("--help").stdout
    for command in ("train", "sample", "evaluate", "data", "presets"):
        assert f"\n  {command} " in text
    assert called().stdout == text, "no command: the help"
    assert re.fullmatch(r"wgan \d+\.\d+\.\d+\n", fresh("--version").stdout)


def test_help_has_whole_words_at_every_width_and_train_has_groups(monkeypatch):
    for columns in (40, 60, 80, 120):
        monkeypatch.setenv("COLUMNS", str(columns))
        for name in ["", *cli.commands]:
            text = called(*[name] * bool(name), "--help").stdout
            assert "…" not in text
            assert "x>=" not in text
            assert "<=x" not in text
            assert "..." not in text.split("Commands:")[-1].split("Examples:")[0] or name
            lines = text.partition("Examples:")[0].splitlines()
            assert not [line for line in lines if len(line) > columns and len(line.split()) > 2], (name, columns)
            assert not [line for line in lines if line.endswith("-")], (name, columns)
    text = called("train", "--help").stdout
    order = [text.index(f"\n{group.capitalize()}:") for group in GROUPS]
    assert order == sorted(order)
    held_out = " ".join(text[text.index("--held-out") :].split())
    assert "[0 to 0.9; default: 0.1]" in held_out
    assert text.index("Data:") < text.index("--held-out") < text.index("Networks:")
    text = called("--help").stdout
    assert [text.index(f"\n  {name} ") for name in cli.commands] == sorted(
        text.index(f"\n  {n} ") for n in cli.commands
    )


def test_each_example_of_the_help_is_a_command_with_flags_that_exist():
    for name, command in cli.commands.items():
        flags = {flag for one in command.params for flag in one.opts}
        examples = command.epilog.splitlines()
        assert 1 <= len(examples) <= 2
        for line in examples:
            assert line.split()[:2] == ["wgan", name]
            assert {word for word in line.split() if word.startswith("-")} <= flags


@pytest.mark.parametrize("suffix", ["json", "yaml", "toml"])
def test_a_printed_config_goes_in_again_and_a_flag_overrides_it(tmp_path, monkeypatch, suffix):
    monkeypatch.chdir(tmp_path)
    flags = ["--constraint", "clip", "--clip", "1e-05", "--width", "8", "--best-by", "exact_w1"]
    first = json.loads(called("train", "8gaussians", "--network", "mlp", *flags, "--dry-run").stdout)
    text = json.dumps(first)
    if suffix == "toml":
        text = "\n".join(f"{name} = {json.dumps(value)}" for name, value in first.items() if value is not None)
    (tmp_path / f"my.{suffix}").write_text(text)
    again = called("train", "--config", f"my.{suffix}", "--dry-run")
    assert json.loads(again.stdout) == first, again.stderr
    other = called("train", "--config", f"my.{suffix}", "--constraint", "gradient-penalty", "--dry-run")
    assert json.loads(other.stdout) == first | {"constraint": "gradient-penalty", "clip": 0.01}


def test_settings_in_yaml_are_read_as_flags_are(tmp_path, monkeypatch, finished):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.yaml").write_text("data: 8gaussians\nnetwork: mlp\nlearning_rate: 1e-4\nwidth: null\nlatent: 2\n")
    found = json.loads(called("train", "--config", "my.yaml", "--dry-run").stdout)
    assert (found["data"], found["learning_rate"], found["width"]) == ("8gaussians", 1e-4, None)
    (tmp_path / "one.yaml").write_text(f"n_critic: {FIELDS['n_critic'].default}\n")  # the preset has another value
    found = json.loads(called("train", "--preset", "wgan-gp", "--config", "one.yaml", "--dry-run").stdout)
    assert found["n_critic"] == FIELDS["n_critic"].default
    saved = json.loads((finished / "config.json").read_text())["config"]
    assert json.loads(called("train", "--config", finished / "config.json", "--dry-run").stdout) == saved


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("stepz: 3", "did you mean 'steps'"),
        ("clip: 0.5", "constraint gradient-penalty does not read"),
        ("steps: 3\nsteps: 4", "stands there twice"),
        ("steps: [", "cannot be read as settings"),
        ("- 3", "cannot be read as settings"),
        ("data: !!python/object/apply:os.system ['touch boom']", "data is ["),
        ("steps: many", "steps is 'many'"),
        ("a: &a [1]\nb: *a", "unknown field"),
        ("[" * 5000, "cannot be read as settings"),
        ('{"steps": 3, ', 'write a whole JSON object, such as {"steps": 100}'),
        ("steps: [", "write one `name: value` a line"),
    ],
)
def test_settings_that_are_wrong_get_one_sentence(tmp_path, monkeypatch, text, part):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.yaml").write_text(text)
    assert_refused(called("train", "--config", "my.yaml", "--dry-run"), part)
    assert [path.name for path in tmp_path.iterdir()] == ["my.yaml"]


def test_every_command_that_reads_a_checkpoint_takes_its_step(finished, tmp_path):
    commands = {
        "sample": ["-n", 4, "--out", tmp_path / "x.npy"],
        "export": ["--out", tmp_path / "x.safetensors"],
        "evaluate": ["--samples", 50, "--features", "rows"],
        "report": ["--out", tmp_path / "x.html"],
        "distance": ["--n", 20],
    }
    for name, more in commands.items():
        wrong = called(name, finished, *more, "--step", "7")
        assert_refused(wrong, "no checkpoint at step 7", "give latest, best or one of the steps 0, 3")
        for step in ("0", "best", "latest"):
            done = called(
                name, finished, *more, "--step", step, *["--overwrite"] * (name in ("sample", "export", "report"))
            )
            assert done.returncode == 0, done.stderr
    assert_refused(called("distance", "8gaussians", "swissroll", "--step", "3"), "neither", "leave it out")
    assert_refused(called("evaluate", "--real", "digits", "--fake", "digits", "--step", "3"), "leave it out")


def test_dry_run_prints_the_config_and_writes_nothing(tmp_path):
    out = tmp_path / "new"
    done = called("train", "digits", "--preset", "wgan", "--n-critic", "3", "--out", out, "--dry-run")
    assert done.returncode == 0
    config = json.loads(done.stdout)
    assert (config["n_critic"], config["clip"], config["optimiser"]) == (3, 0.01, "rmsprop")
    assert not out.exists()


def test_sample_writes_every_form_and_repeats(finished, tmp_path):
    assert run("sample", finished, "-n", 9).stdout.strip() == str(finished / "sample.png")
    for name in ("a.npy", "b.npz", "c", "d.png"):
        done = called("sample", finished, "-n", 5, "--seed", 2, "--out", tmp_path / name)
        assert done.returncode == 0, done.stderr
    rows = np.load(tmp_path / "a.npy")
    assert rows.shape == (5, 8, 8, 1)
    np.testing.assert_array_equal(np.load(tmp_path / "b.npz")["rows"], rows)
    assert len(list((tmp_path / "c").glob("*.png"))) == 5


def test_data_and_presets_list_and_show_one():
    listed = called("data").stdout
    assert all(name in listed for name in DATASETS)
    one = called("data", "digits").stdout
    assert "1,797 rows of 8x8x1" in one
    listed = called("presets").stdout
    assert all(name in listed for name in PRESETS)
    one = called("presets", "wgan").stdout
    assert "wgan train" in one
    assert "1701.07875" in one
    assert all(name in one for name in FIELDS)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["train", "digitz"], ["unknown data set 'digitz'", "did you mean 'digits'"]),
        (["train", "digits", "--preset", "wgan-gpp"], ["unknown preset 'wgan-gpp'", "did you mean 'wgan-gp'"]),
        (["train", "digits", "--stepz", "3"], ["--stepz", "--steps"]),
        (["train", "digits", "--engine", "torhc"], ["unknown engine 'torhc'", "did you mean 'torch'"]),
        (["train", "digits", "--network", "mpl"], ["unknown network 'mpl'", "did you mean 'mlp'"]),
        (["train", "digits", "--constraint", "gp"], ["unknown constraint 'gp'", "gradient-penalty"]),
        (["train", "digits", "--n-critic", "0"], ["n_critic is 0", "at least 1"]),
        (["train", "digits", "--held-out", "1.5"], ["held_out is 1.5", "at most 0.9"]),
        (["train", "digits", "--learning-rate", "nan"], ["learning_rate is nan"]),
        (["train", "digits", "--steps", "many"], ["many"]),
        (["train", "digits", "--critic-norm", "batch"], ["batch norm mixes the rows", "--critic-norm layer"]),
        (["train", "digits", "--batch", "5000"], ["batch is 5000", "only 1617 training rows"]),
        (["train", "digits", "--rows", "5000"], ["5000", "1617"]),
        (["train", "8gaussians", "--network", "dcgan"], ["rows of 2 columns", "--network mlp"]),
        (["train", "--penalty-weight", "inf"], ["penalty_weight is inf", "a number"]),
        (["train", "digits", "--network", "mlp", "--generator-norm", "batch", "--batch", "1"], ["batch norm needs"]),
        (["train", "digits", "--width", "100000000"], ["of memory, but", "use --width"]),
        (["trian"], ["unknown command 'trian'", "did you mean 'train'"]),
        (["sample", "nowhere"], ["nowhere"]),
        (["presets", "wgn"], ["unknown preset 'wgn'", "did you mean 'wgan'"]),
        (["data", "mnits"], ["unknown data set 'mnits'", "did you mean 'mnist'"]),
        (["train", "missing.npy"], ["missing.npy"]),
    ],
)
def test_bad_input_gets_one_sentence_and_writes_nothing(tmp_path, arguments, parts):
    assert_refused(called(*arguments, cwd=tmp_path), *parts)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("array", "part"),
    [
        (np.full((50, 8, 8), np.nan), "NaN"),
        (np.ones((50, 8, 8)), "constant"),
        (np.zeros((50, 2, 2, 2, 2, 2)), "shape (50, 2, 2, 2, 2, 2)"),
        (np.arange(5.0).reshape(5, 1), "batch"),
        (np.random.default_rng(0).integers(0, 255, (50, 3, 8, 8), np.uint8), "transpose"),
        (np.array(["a", "b"]), "dtype <U1"),
    ],
    ids=["nan", "constant", "dimensions", "few", "channels-first", "text"],
)
def test_a_bad_array_is_refused(tmp_path, array, part):
    np.save(tmp_path / "x.npy", array)
    done = called("train", "x.npy", *SMALL, cwd=tmp_path)
    assert_refused(done)
    assert part.lower() in done.stderr.lower()
    assert [p.name for p in tmp_path.iterdir()] == ["x.npy"]


def test_a_pickle_in_an_array_is_not_executed(tmp_path):
    class Bomb:
        def __reduce__(self):
            return Path.touch, (tmp_path / "boom",)

    bombs = np.array([Bomb()], dtype=object)
    np.save(tmp_path / "x.npy", bombs, allow_pickle=True)
    np.savez(tmp_path / "x.npz", X=bombs)
    for name in ("x.npy", "x.npz"):
        assert_refused(called("train", name, *SMALL, cwd=tmp_path), "Python objects")
    assert not (tmp_path / "boom").exists()


def test_an_array_file_trains_and_samples_in_its_own_range(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", rng.normal([3, -5], [1, 20], (200, 2)))
    done = called("train", "x.npy", *SMALL, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "runs/x-default/samples/00000003.png").exists()
    assert called("sample", "runs/x-default", "--out", "y.npy", cwd=tmp_path).returncode == 0
    assert np.load(tmp_path / "y.npy").shape == (64, 2)


def test_out_that_holds_something_else_or_cannot_be_written_is_refused(tmp_path, finished):
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine")
    for more in ([], ["--restart"]):
        assert_refused(called("train", "digits", *SMALL, "--out", other, *more), "thesis.txt")
    assert [p.name for p in other.iterdir()] == ["thesis.txt"]
    assert_refused(run("train", "digits", *SMALL, "--out", other / "thesis.txt" / "run"), "thesis.txt")
    assert_refused(called("train", "digits", *SMALL, "--seed", "1", "--out", finished), "seed: saved 0, asked 1")
    restarted = called("train", "digits", *SMALL, "--seed", "1", "--out", tmp_path / "new", "--restart")
    assert restarted.returncode == 0, restarted.stderr


def test_a_dry_run_looks_at_out_too(tmp_path, finished):
    (tmp_path / "thesis.txt").write_text("mine")
    assert_refused(called("train", "digits", *SMALL, "--out", tmp_path, "--dry-run"), "thesis.txt")
    assert_refused(called("train", "digits", *SMALL, "--seed", "1", "--out", finished, "--dry-run"), "seed: saved 0")


def test_a_changed_config_file_is_named_by_sample(finished, tmp_path):
    whole = (finished / "config.json").read_text()
    changes = {'"hybrid"': '"mlp"', '"latent": 4': '"latent": 5', '"shape"': '"shapes"', "127.5": '"a"', "{": "["}
    changes |= {'"network": "hybrid"': '"network": 5'}
    try:
        for before, after in changes.items():
            assert before in whole
            (finished / "config.json").write_text(whole.replace(before, after, 1))
            assert_refused(called("sample", finished, "--out", tmp_path / "x.npy"))
    finally:
        (finished / "config.json").write_text(whole)
    assert not (tmp_path / "x.npy").exists()


def test_data_that_changed_under_a_run_is_refused(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", rng.normal(size=(200, 2)))
    assert called("train", "x.npy", *SMALL, cwd=tmp_path).returncode == 0
    np.save(tmp_path / "x.npy", rng.normal(1000, 100, size=(200, 2)))
    assert_refused(called("train", "x.npy", *SMALL, cwd=tmp_path), "sha256 of the data")


def test_float_images_are_drawn_and_written_one_by_one(tmp_path):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).random((100, 8, 8, 3), np.float32))
    assert called("train", "x.npy", *SMALL, cwd=tmp_path).returncode == 0
    done = called("sample", "runs/x-default", "-n", 5, "--out", "folder", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "folder").glob("*.png"))) == 5


def test_a_full_disk_is_named_and_leaves_the_run_readable(tmp_path):
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", tmp_path], capture_output=True).returncode:
        pytest.skip("a small file system needs the right to mount one")
    try:
        arguments = ["train", "digits", *SMALL[:-2], "--steps", "60", "--checkpoint-every", "1", "--keep", "50"]
        done = run(*arguments, "--out", tmp_path / "run")
        assert_refused(done, "No space left on device")
        assert "Traceback" not in done.stderr
        assert run("sample", tmp_path / "run", "-n", 4, "--out", tmp_path.parent / "s.npy").returncode == 0
    finally:
        subprocess.run(["umount", tmp_path], check=True)


@pytest.mark.parametrize(("rows", "whole"), [(22, True), (23, False)])
def test_a_study_of_many_rows_does_not_fill_the_terminal_with_its_table(tmp_path, rows, whole):
    table = ["| x |", "| --- |", *["| 1 |"] * rows]
    summary = "\n".join(["# study", "", "**Measured:** so much.", "", *table])
    said = _without_long_table(summary, tmp_path)
    assert said.startswith("# study\n\n**Measured:** so much.")
    assert (said == summary) == whole
    assert (f"The table of {rows} rows is in {tmp_path / 'table.csv'}." in said) != whole
    assert whole or "| 1 |" not in said


def test_data_says_the_range_of_each_channel(tmp_path):
    rows = np.random.default_rng(0).normal(size=(60, 32, 3)).astype(np.float32) * [1, 1000, 0.001]
    np.save(tmp_path / "rows.npy", rows)
    np.save(tmp_path / "plain.npy", rows[..., :1])
    said = called("data", tmp_path / "rows.npy").stdout
    for k in range(3):
        one = rows[..., k]
        assert f"  channel {k}: {one.min():g} to {one.max():g}, mean {one.mean():.4g}\n" in said
    assert "channel 0" not in called("data", tmp_path / "plain.npy").stdout


def test_the_range_of_numbers_far_from_zero_is_told_apart(tmp_path):
    np.save(tmp_path / "far.npy", 1e9 + np.random.default_rng(0).normal(size=(40, 30, 2)))
    said = called("data", tmp_path / "far.npy").stdout
    channel = next(line for line in said.splitlines() if line.startswith("  channel 0: "))
    low, high, mean = (float(number) for number in re.findall(r"\d[\d.e+]*", channel.partition(": ")[2]))
    assert 4 < high - low < 12
    assert low < mean < high
