"""Volumes from slices: the crops, the slices, the generator of any size, training on both engines, and the commands."""

import json

import numpy as np
import pytest
from commands import called
from PIL import Image

import wgan
from wgan import data
from wgan.config import Config
from wgan.data.crops import crops_of
from wgan.engines import get_engine
from wgan.errors import WganError, by_command
from wgan.evaluation.evaluate import evaluate
from wgan.game import slices, step
from wgan.maths import fields
from wgan.training.loop import train
from wgan.training.model import (
    encoder,
    generate,
    generate_seen,
    load_model,
    made_of,
    moments_of,
    sample,
    score,
    z_shape,
)
from wgan.training.state import draws, flatten, iterate, losses, model_of, start

ENGINES = ["torch", "jax"]
SMALL = {"slices": "isotropic", "slice_size": 16, "network": "dcgan", "width": 4, "latent": 2, "batch": 12}
SMALL |= {"kind": "images", "log_every": 1, "diagnose_every": 2, "checkpoint_every": 2, "sample_every": 2}
IMAGE = fields.medium(1, seed=3, size=48)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("image.npy", IMAGE)
    return tmp_path


def begin(engine="torch", rows=IMAGE, **changes):
    if engine == "jax":
        pytest.importorskip("jax", reason="JAX is not installed")
    return start(Config(**SMALL | {"engine": engine, "steps": 4} | changes), data.from_array(rows, kind="images"))


# The crops


def test_crops_are_parts_of_the_image_and_those_held_out_share_no_pixel_with_the_others():
    pixels = np.arange(48 * 40).reshape(1, 48, 40, 1).astype(np.int32)  # each pixel has a number of its own
    made = crops_of(data.from_array(pixels, kind="images"), side=16, held_out=0.3, seed=0)
    train, held = made.rows[~made.apart], made.rows[made.apart]
    assert len(train) == (48 - 16 - 16 + 1) * 25
    assert len(held) == 25
    assert not set(train.ravel()) & set(held.ravel())
    for crop in made.rows:
        top, left = np.divmod(crop[0, 0, 0], 40)
        np.testing.assert_array_equal(crop, pixels[0, top : top + 16, left : left + 16])
    assert len(np.unique(made.rows[:, 0, 0, 0])) == len(made.rows)
    chosen = data.split(made, 0.3, None, 0)
    assert made.apart[chosen[1]].all()
    assert not made.apart[chosen[0]].any()
    assert len(chosen[1]) == 25


def test_a_stack_holds_whole_images_out():
    stack = np.arange(10)[:, None, None, None] * np.ones((10, 20, 20, 1)) + np.linspace(0, 0.5, 20)
    made = crops_of(data.from_array(stack, kind="images"), side=16, held_out=0.2, seed=0)
    assert np.floor(made.rows[made.apart]).min() == 8
    assert np.floor(made.rows[~made.apart]).max() == 7
    assert set(np.floor(made.rows[~made.apart][:, 0, 0, 0])) == set(range(8))


def numbered(*shape):
    """Volumes in which each voxel has a number of its own."""
    return np.arange(np.prod(shape), dtype=np.int32).reshape(*shape, 1)


@pytest.mark.parametrize("shape", [(3, 18, 17, 16), (1, 40, 17, 16), (1, 17, 18, 40)])
def test_crops_of_volumes_are_their_slices_along_each_axis_and_those_held_out_share_no_voxel(shape):
    voxels = numbered(*shape)
    made = crops_of(data.from_array(voxels, kind="volumes"), side=16, held_out=0.3, seed=0, each=True)
    assert made.form.kind == "images"
    assert not set(made.rows[made.apart].ravel()) & set(made.rows[~made.apart].ravel())
    assert set(made.axis[made.apart]) == set(made.axis[~made.apart]) == {0, 1, 2}
    for crop, axis in zip(made.rows, made.axis, strict=True):
        n, *corner = np.unravel_index(crop[0, 0, 0], shape)
        sides = [slice(at, at + (1 if k == axis else 16)) for k, at in enumerate(corner)]
        np.testing.assert_array_equal(crop, voxels[n][tuple(sides)].reshape(16, 16, 1))


def test_isotropic_crops_of_volumes_take_all_axes_equally_often():
    made = crops_of(data.from_array(numbered(40, 24, 24, 24), kind="volumes"), side=16, held_out=0.1, seed=0)
    assert made.axis is None
    voxels = made.rows[..., 0].reshape(len(made.rows), -1)
    planes = np.unravel_index(voxels, (40, 24, 24, 24))[1:]
    across = np.array([(plane == plane[:, :1]).all(1) for plane in planes])  # perpendicular to axis k
    np.testing.assert_array_equal(across.sum(0), 1)
    np.testing.assert_array_equal(across[:, ~made.apart].sum(1), 3333)


@pytest.mark.parametrize("kind", ["isotropic", "each"])
def test_a_run_on_slices_of_volumes_is_trained_measured_and_sampled(place, kind):
    np.save("volumes.npy", fields.medium(6, seed=3, size=24, dimension=3))
    config = Config(data="volumes.npy", engine="torch", steps=2, **SMALL | {"kind": "volumes", "slices": kind})
    *_, last = train(config, out="run")
    assert "held_out_estimate" in last
    made = sample(load_model("run"), 2)
    assert (made.shape, made.dtype) == ((2, 16, 16, 16, 1), np.uint8)
    assert sample(load_model("run"), 1, size=24).shape == (1, 24, 24, 24, 1)
    assert "two_point" in evaluate("run", samples=20)["metrics"]


# The slices


@pytest.mark.parametrize("engine", ENGINES)
def test_slices_are_the_planes_of_all_three_axes(engine):
    if engine == "jax":
        pytest.importorskip("jax", reason="JAX is not installed")
    computer, side = get_engine(engine, "float64"), 4
    volumes = np.random.default_rng(0).normal(size=(2, side, side, side, 3))
    at = np.random.default_rng(1).integers(side, size=(2, slices.EACH, slices.AXES))
    where = computer.array(slices.places(at, side))
    found = computer.numpy(slices.slices_of(computer, computer.array(volumes), where))
    wanted = [np.take(volumes[n], at[n, k, axis], axis) for n in range(2) for k in range(4) for axis in range(3)]
    np.testing.assert_allclose(found, np.stack(wanted))


def test_slices_that_are_not_drawn_meet_every_place():
    at = slices.spread(16, 32)
    assert all(set(at[..., axis].ravel()) == set(range(32)) for axis in range(3))


def test_the_slices_of_decoded_volumes_are_those_that_the_critic_sees():
    training = begin()
    model = model_of(training)
    z = np.random.default_rng(0).standard_normal((2, *z_shape(training.config)), dtype=np.float32)
    ours, volumes, where = generate_seen(model, z), generate(model, z), slices.spread(2, 16)
    np.testing.assert_array_equal(ours[0], volumes[0, where[0, 0, 0]])
    np.testing.assert_array_equal(ours[1], volumes[0, :, where[0, 0, 1]])
    np.testing.assert_array_equal(ours[2], volumes[0, :, :, where[0, 0, 2]])
    assert ours.shape == (24, 16, 16, 1)
    game = training.game
    encoded = step.seen(game, step.generate(game, model.generator, game.engine.array(z), moments_of(model)))
    np.testing.assert_array_equal(model.form.decode(game.engine.numpy(encoded)), ours)


# The generator


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("side", [8, 16, 24, 32])
def test_every_voxel_depends_on_z_alike_so_volumes_of_any_size_fit_together(engine, side):
    training = begin(engine, slice_size=side, network="mlp", held_out=0.0)
    model, unit, random = model_of(training), slices.unit(side), np.random.default_rng(0)
    small, large = side, side + 2 * unit
    z = random.standard_normal((1, *z_shape(training.config, large)), dtype=np.float32)
    whole = encoder(model, large)(z)
    assert whole.shape[1:4] == (large,) * 3
    part = encoder(model, small)(z[:, 1:-1, 2:, :-2])
    np.testing.assert_allclose(part, whole[:, unit : small + unit, 2 * unit :, :small], atol=1e-5)
    assert np.abs(part - whole[:, :small, :small, :small]).max() > 1e-3


def test_a_size_between_two_multiples_is_the_beginning_of_the_next():
    model = model_of(begin())
    z = np.random.default_rng(0).standard_normal((1, *z_shape(model.config, 21)), dtype=np.float32)
    np.testing.assert_array_equal(encoder(model, 21)(z), encoder(model, 24)(z)[:, :21, :21, :21])
    assert sample(model, 2, size=21).shape == (2, 21, 21, 21, 1)


@pytest.mark.parametrize("size", [0, -3, 2.5, "8", True])
def test_a_size_that_is_no_number_of_voxels_is_refused(size):
    with pytest.raises(WganError, match=r"size is .* whole number"):
        sample(model_of(begin()), 1, size=size)


def test_volumes_from_a_grey_image_are_shown_in_its_range():
    image = np.arange(48 * 48).reshape(1, 48, 48).astype(np.uint16)
    form = made_of(Config(**SMALL), data.from_array(image, kind="images").form)
    assert (form.kind, form.shape) == ("volumes", (16, 16, 16, 1))
    assert [float(end[0]) for end in form.drawn] == [0, 48 * 48 - 1]


def test_a_periodic_volume_is_a_tile():
    model = model_of(begin())
    z = np.random.default_rng(0).standard_normal((1, 4, 4, 4, 2), dtype=np.float32)
    once = encoder(model, 16, periodic=True)(z)
    twice = encoder(model, 32, periodic=True)(np.tile(z, (1, 2, 2, 2, 1)))
    np.testing.assert_allclose(twice, np.tile(once, (1, 2, 2, 2, 1)), atol=1e-5)
    turned = encoder(model, 16, periodic=True)(np.roll(z, 1, axis=2))
    np.testing.assert_allclose(turned, np.roll(once, 4, axis=2), atol=1e-5)


# Training


def test_both_engines_take_the_same_step():
    found = []
    for engine in ENGINES:
        training = begin(engine, precision="float64", n_critic=2, generator_batch=24)
        iterate(training)
        found.append((flatten(training), losses(training)))
    (first, of_first), (second, of_second) = found
    assert of_first == pytest.approx(of_second, rel=1e-9)
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_allclose(array, second[name], rtol=1e-7, atol=1e-9, err_msg=name)


def test_the_critic_sees_other_slices_in_each_step():
    training = begin(n_critic=2)
    first, second = (np.asarray(draws(training, at).where) for at in (0, 1))
    assert first.shape == (2, 1, slices.EACH, slices.AXES, 16)
    assert (first.sum(-1) == 1).all()
    assert not np.array_equal(first, second)
    assert not np.array_equal(first[0], first[1])
    np.testing.assert_array_equal(first, np.asarray(draws(training, 0).where))


def test_a_run_resumes_to_the_same_bytes_and_is_measured_on_its_slices(place):
    config = Config(data="image.npy", steps=6, engine="torch", **SMALL)
    list(train(config, out="whole"))
    for record in train(config, out="parts"):
        if record["step"] == 3:
            break
    list(train(config, out="parts"))
    newest = [place / run / "checkpoints" / "00000006" for run in ("whole", "parts")]
    names = sorted(file.name for file in newest[0].iterdir() if file.suffix == ".safetensors")
    assert names
    assert all((newest[0] / name).read_bytes() == (newest[1] / name).read_bytes() for name in names)
    report = evaluate("whole", samples=20)
    assert {"two_point", "phase_fraction", "spectrum"} <= report["metrics"].keys()


def test_commands_make_volumes_of_any_size_and_periodic_ones(place):
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in SMALL.items()]
    said = called("train", "image.npy", "--steps", "2", "--out", "run", "--engine", "torch", *flags)
    assert "crops of 16 x 16" in said.stderr
    called("sample", "run", "-n", "2", "--out", "some.npy")
    assert np.load("some.npy").shape == (2, 16, 16, 16, 1)
    called("sample", "run", "-n", "1", "--size", "24", "--periodic", "--out", "large.npy")
    assert np.load("large.npy").shape == (1, 24, 24, 24, 1)
    assert np.load("large.npy").dtype == IMAGE.dtype
    called("sample", "run", "--out", "walk.gif")
    with Image.open("walk.gif") as walk:
        assert walk.n_frames > 10, "equal slices share a frame"
        assert set(np.unique(np.asarray(walk.convert("L")))) <= {0, 255}
    called("report", "run")
    saved = json.loads((place / "run" / "config.json").read_text())
    assert saved["data"]["form"]["kind"] == "images"
    called("export", "run", "--out", "run.onnx")
    called("sample", "run.onnx", "-n", "2", "--out", "other.npy")
    assert (np.load("other.npy") == np.load("some.npy")).mean() > 0.99


def test_a_model_in_python():
    model = wgan.WGAN(preset="slices", steps=2, **{k: SMALL[k] for k in ("slice_size", "width", "batch", "latent")})
    model.fit(IMAGE[..., 0])
    assert model.sample(2).shape == (2, 16, 16, 16)
    assert model.sample(1, size=20).shape == (1, 20, 20, 20)
    assert model.interpolate(3).shape == (3, 16, 16, 16)
    assert model.score_samples(IMAGE[:, :16, :16, 0]).shape == (1,)
    assert model.plot().axes


# Faults


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"slice_size": 20}, "slice_size is 20, but it is a multiple of 8; use 16 or 24."),
        ({"batch": 20}, "use 12 or 24"),
        ({"generator_batch": 5}, "use 12."),
        ({"conditional": "projection"}, "slices have no labels"),
        ({"objective": "relativistic"}, "sees a real row beside each fake"),
        ({"generator_norm": "layer"}, "use generator_norm='batch' or none"),
        ({"slice_size": 64}, "slice_size is 64, but the images of array are 48 x 48; use a smaller one"),
        ({"slice_size": 32}, "use held_out=0, or slice_size=24 or less"),
        ({"slices": "none"}, "which slices none does not read"),
    ],
)
def test_faults_are_said(changes, said):
    with pytest.raises(WganError, match=said.replace(".", r"\.")):
        begin(**changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"slice_size": 64}, "--slice-size is 64, but the images of array are 48 x 48"),
        ({"slice_size": 32}, "--held-out is 0.1, but images of 48 x 48 have no room for a band of 32 pixels"),
        ({"slice_size": 32}, "use --held-out 0, or --slice-size 24 or less"),
        ({"slices": "each"}, "--slices each takes three images"),
    ],
)
def test_a_command_is_told_its_flags(changes, said):
    with by_command(), pytest.raises(WganError) as caught:
        begin(**changes)
    assert said in str(caught.value)


@pytest.mark.parametrize("kind", ["signals", "table"])
def test_other_rows_are_refused(kind):
    rows = np.random.default_rng(0).normal(size={"table": (60, 3), "signals": (60, 32, 2)}[kind])
    with pytest.raises(WganError, match="slices cuts images or volumes, but array holds 60"):
        start(Config(**SMALL | {"kind": "auto"}), data.from_array(rows, kind=kind))


def test_sizes_that_a_run_cannot_make_are_refused():
    model = model_of(begin())
    with pytest.raises(WganError, match="multiple of 4; use 12 or 16"):
        sample(model, 1, size=14, periodic=True)
    plain = model_of(start(Config(steps=1, width=4)))
    with pytest.raises(WganError, match="this run has none"):
        sample(plain, 1, size=16)


# A critic for each axis

THREE = np.stack([np.full((48, 48), level) + np.arange(48 * 48).reshape(48, 48) % 7 for level in (0, 40, 80)])
EACH = {"slices": "each", "slice_size": 16}


@pytest.mark.parametrize("engine", ENGINES)
def test_each_axis_has_a_critic_that_sees_its_image_and_its_slices_alone(engine):
    training = begin(engine, THREE.astype(np.uint8), n_critic=2, generator_batch=24, **EACH)
    drawn = draws(training, 3)
    real = training.dataset.form.decode(training.game.engine.numpy(drawn.real).reshape(-1, 16, 16, 1))
    np.testing.assert_array_equal(real.min((1, 2, 3)) // 40, np.arange(24) % 3)
    np.testing.assert_array_equal(training.game.engine.numpy(drawn.label).argmax(-1).ravel(), np.arange(24) % 3)
    critic, critics = dict(training.state.critic), ("first", "second", "third")
    rows, label = drawn.real[0], drawn.label[0]
    before = training.game.engine.numpy(step.score(training.game, critic, rows, label))
    for name in critic:
        if ".second." in name:
            critic[name] = critic[name] + 1
    after = training.game.engine.numpy(step.score(training.game, critic, rows, label))
    np.testing.assert_array_equal(after != before, np.arange(12) % 3 == 1)
    started = {name: value.copy() for name, value in flatten(training).items()}
    iterate(training)
    moved = {name for name, value in flatten(training).items() if not np.array_equal(value, started[name])}
    assert all(any(name.startswith("critic/") and f".{one}." in name for name in moved) for one in critics)


def test_both_engines_take_the_same_step_with_three_critics():
    found = []
    for engine in ENGINES:
        training = begin(engine, THREE, precision="float64", n_critic=2, **EACH)
        iterate(training)
        found.append((flatten(training), losses(training)))
    (first, of_first), (second, of_second) = found
    assert of_first == pytest.approx(of_second, rel=1e-9)
    for name, array in first.items():
        np.testing.assert_allclose(array, second[name], rtol=1e-7, atol=1e-9, err_msg=name)


def test_a_run_with_three_critics_is_trained_measured_and_sampled(place):
    np.save("three.npy", THREE)
    config = Config(data="three.npy", steps=4, engine="torch", **SMALL | EACH)
    *_, last = train(config, out="run")
    assert {"held_out_estimate", "gradient_norm_fake", "w1"} <= last.keys()
    model = load_model("run")
    assert sample(model, 2).shape == (2, 16, 16, 16, 1)
    rows = THREE[:, :16, :16]
    scores = score(model, rows, [0, 1, 2])
    assert scores[0] != score(model, rows, [1, 1, 2])[0]
    with pytest.raises(WganError, match="give 0, 1 or 2 for each row"):
        score(model, rows)
    assert "spectrum" in evaluate("run", samples=20)["metrics"]


def test_another_number_of_images_is_refused_for_three_critics():
    with pytest.raises(WganError, match=r"takes three images, .* or volumes, but array holds 1 image of 48 x 48; give"):
        begin(slices="each")
