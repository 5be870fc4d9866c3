"""Event files, read back with TensorBoard's own reader."""

import subprocess
import sys

import numpy as np
import pytest

from wgan import WganError
from wgan.runs import checkpoint
from wgan.runs import folder as runs
from wgan.runs.quantities import quantity, title
from wgan.training.tensorboard import Board

COMMAND = [sys.executable, "-W", "error", "-m", "wgan", "train", "digits", "--tensorboard", "--decay", "none"]
COMMAND += ["--engine", "torch", "--width", "8", "--batch", "16", "--latent", "4"]
COMMAND += ["--log-every", "1", "--diagnose-every", "2", "--sample-every", "2"]


def test_scalars_pictures_and_histograms_come_back_and_a_resumed_run_goes_on(tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed (the extra [tensorboard])")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for steps in ("2", "4"):
        command = [*COMMAND, "--steps", steps, "--out", str(tmp_path / "run")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard"), size_guidance={"images": 0, "scalars": 0})
    events.Reload()
    log = runs.read_log(tmp_path / "run")
    for name in ("estimate", "w1"):
        scalars = events.Scalars(name)
        known = np.isfinite(log[name])
        assert [one.step for one in scalars] == list(log["step"][known])
        np.testing.assert_allclose([one.value for one in scalars], log[name][known], rtol=1e-6)
    layer = next(name for name in log if name.startswith("critic_gradient."))
    for name in ("estimate", "w1", layer):
        words = events.SummaryMetadata(name.replace(".", "/", 1))
        assert words.display_name == title(name)
        assert words.summary_description.startswith(quantity(name).sentence)
        assert quantity(name).unit in words.summary_description
    for picture in events.Images("samples"):
        saved = tmp_path / "run" / "samples" / f"{picture.step:08d}.png"
        assert picture.encoded_image_string == saved.read_bytes()
    assert [picture.step for picture in events.Images("samples")] == [0, 2, 4]
    weights = checkpoint.latest(tmp_path / "run" / "checkpoints")[0].arrays["critic/00.conv.weight"].astype(float)
    histogram = events.Histograms("critic/00.conv.weight")[-1].histogram_value
    assert (histogram.num, sum(histogram.bucket)) == (weights.size, weights.size)
    assert histogram.sum == pytest.approx(weights.sum(), abs=1e-9)


def test_without_the_package_one_sentence_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.event_file_writer", None)
    with pytest.raises(WganError, match=r"pip install 'wgan\[tensorboard\]'"):
        Board(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_pictures_of_others_are_passed_over(tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed (the extra [tensorboard])")
    (tmp_path / "samples").mkdir()
    for name in ("mine.png", "00000000.png", "00000003.png"):
        (tmp_path / "samples" / name).touch()
    board = Board(tmp_path, step=2)
    assert board.written == {"00000000.png"}
    board.close()
    assert board.written == {"00000000.png", "00000003.png"}
