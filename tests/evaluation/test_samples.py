"""`wgan evaluate --real A --fake B` and `wgan.evaluate`: samples made by anything beside real rows."""

import json
import subprocess
import sys

import numpy as np
import pytest
from commands import assert_refused, called
from PIL import Image

import wgan
from wgan import WganError, data
from wgan.evaluation import samples
from wgan.evaluation.table_metrics import TABLE_METRICS, baseline
from wgan.maths.metrics import METRICS
from wgan.runs.quantities import with_error

OF_ANY_ROWS = {name for name, metric in METRICS.items() if not metric.needs}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def points(seed, count=400, shift=0.0, columns=3):
    return np.random.default_rng(seed).normal(size=(count, columns)) + shift


def people(seed, count=300, shift=0.0):
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(seed)
    columns = {
        "age": rng.integers(18, 90, count),
        "income": rng.lognormal(10 + shift, 1, count).round(2),
        "sex": rng.choice(["m", "f"], count),
    }
    return pandas.DataFrame(columns)


def pictures(seed, count=150):
    return np.random.default_rng(seed).integers(0, 256, (count, 6, 6, 1)).astype(np.uint8)


def values(report):
    return {name: entry["value"] for name, entry in report["metrics"].items()}


# What is compared with what.


def test_arrays_are_measured_by_all_metrics_with_floors_and_without_a_run():
    report = wgan.evaluate(points(0), points(1))
    assert set(report["metrics"]) == OF_ANY_ROWS
    for entry in report["metrics"].values():
        assert np.isfinite([entry["value"], entry["floor"]]).all()
    assert not report["lacking"]
    json.dumps(report, allow_nan=False)
    far = wgan.evaluate(points(0), points(1, shift=3))
    for name in ("frechet", "kernel_distance", "energy_distance", "exact_w1", "sliced_w1"):
        assert far["metrics"][name]["value"] > 3 * abs(far["metrics"][name]["floor"])
    assert far["metrics"]["precision"]["value"] < 0.3


def test_the_real_rows_are_dealt_into_two_halves_and_it_is_said(monkeypatch):
    seen, whole = [], samples.compare
    monkeypatch.setattr(samples, "compare", lambda *given, **more: seen.append(given) or whole(*given, **more))
    real = np.column_stack([np.arange(401.0), np.sqrt(np.arange(401))])
    report = wgan.evaluate(real, real[:300] + 0.5, features="rows")
    dataset, compared, known, held_out, *_ = seen[0]
    assert sorted([*known, *held_out]) == list(range(401))
    assert (len(held_out), len(known), len(compared)) == (200, 201, 201)
    assert np.abs(np.diff(held_out)).max() > 1, "in a random order"
    np.testing.assert_array_equal(np.sort(dataset.rows[held_out][:, 0]), np.sort(real[held_out][:, 0]))
    protocol = report["protocol"]
    assert protocol["against"] == "rows of one half of the real rows, at random"
    assert protocol["floor"] == "201 rows of the other half in the samples' place"
    assert protocol["fewer_samples"] == "there are 300, but the floor has only 201 rows"
    assert (protocol["samples"], protocol["real_rows"]) == (201, 200)
    again = wgan.evaluate(real, real[:300] + 0.5, features="rows", seed=1)
    assert values(again) != values(report)
    assert values(wgan.evaluate(real, real[:300] + 0.5, features="rows")) == values(report)


def test_samples_of_the_law_itself_are_at_the_floor():
    """Of 40 evaluations, an unbiased distance is above its floor as often as below it."""
    above = []
    for seed in range(40):
        entry = wgan.evaluate(points(2 * seed, 80), points(2 * seed + 1, 40), features="rows")["metrics"][
            "energy_distance"
        ]
        above.append(entry["value"] > entry["floor"])
    assert 10 <= sum(above) <= 30, "of 40 fair coins, all but one in a thousand"


def test_rows_that_were_trained_on_are_looked_for_among_the_samples():
    train, real = points(0, 500), points(1, 200)
    copied = wgan.evaluate(real, train[:300], train=train)
    fresh = wgan.evaluate(real, points(2, 300), train=train)
    assert copied["metrics"]["memorisation"]["value"] == 1
    assert copied["metrics"]["memorisation"]["p_value"] < 1e-9
    assert fresh["metrics"]["memorisation"]["p_value"] > 1e-3
    assert copied["protocol"]["real_rows"] == 200
    assert copied["protocol"]["floor"] == "300 training rows in the samples' place"
    assert "memorisation" not in wgan.evaluate(real, train)["metrics"], "copies of unknown rows cannot be told"


def test_samples_that_equal_real_rows_are_named_where_no_training_rows_are_given():
    real = points(0)
    report = wgan.evaluate(real, np.concatenate([real[:20], points(1, 180)]))
    (remark,) = report["protocol"]["remarks"]
    assert remark.startswith("20 of the 200 samples equal a real row, and 0 of 400 real rows equal another")
    assert "20 of the 200 samples equal a real row" in samples.words(report)
    assert not wgan.evaluate(real, points(1))["protocol"]["remarks"]


def test_new_rows_of_a_table_of_levels_are_not_called_copies():
    """Rows that repeat by nature: 100 repeats, of which a test at four standard errors may name one."""
    named = 0
    for seed in range(100):
        rng = np.random.default_rng([1, seed])
        real, fake = rng.integers(0, 4, (300, 5)), rng.integers(0, 4, (200, 5))
        named += len(samples._copies_of_real(real, fake))
    assert named <= 1
    assert samples._copies_of_real(real, real[:200])


# What may be given.


def test_tables_are_measured_by_their_columns_too_also_where_one_has_levels_of_its_own():
    real, fake, train = people(0), people(1, shift=0.5), people(2)
    fake.loc[:9, "sex"] = "x"
    report = wgan.evaluate(real, fake, train=train, target="age")
    assert set(TABLE_METRICS) <= set(report["metrics"])
    assert report["protocol"]["target"] == "age"
    assert report["metrics"]["column_tv"]["value"] >= 10 / 300 / 2
    copies = wgan.evaluate(real, train, train=train)["metrics"]
    assert copies["nearer_to_training"]["value"] == 1
    assert (
        abs(report["metrics"]["nearer_to_training"]["value"] - 0.5)
        < 4 * report["metrics"]["nearer_to_training"]["error"]
    )
    shuffled = wgan.evaluate(real, fake[["sex", "age", "income"]].assign(more=1), train=train, target="age")
    assert values(shuffled) == pytest.approx(values(report))


def test_a_generator_of_one_output_is_measured():
    """Arrays, tables and images of one value only, which could not be trained on."""
    for real, fake in (
        (points(0), np.zeros((200, 3))),
        (people(0), people(1).iloc[[0] * 200]),
        (pictures(0, 300), np.zeros((150, 6, 6), np.uint8)),
    ):
        found = wgan.evaluate(real, fake)["metrics"]
        assert found["near_duplicates"]["value"] == 1
        assert found["diversity"]["value"] == 0


def test_files_folders_and_names_give_what_their_rows_give(tmp_path):
    real, fake = points(0), points(1, shift=0.5)
    np.save(tmp_path / "real.npy", real)
    np.savez(tmp_path / "fake.npz", X=fake)
    expected = values(wgan.evaluate(real, fake))
    assert values(wgan.evaluate(tmp_path / "real.npy", str(tmp_path / "fake.npz"))) == expected
    assert values(wgan.evaluate(data.from_array(real), fake.astype(np.longdouble))) == expected
    table, other = people(0), people(1)
    table.to_csv(tmp_path / "real.csv", index=False)
    other.to_parquet(tmp_path / "fake.parquet", index=False)
    assert values(wgan.evaluate(tmp_path / "real.csv", tmp_path / "fake.parquet")) == values(
        wgan.evaluate(table, other)
    )
    found = wgan.evaluate("8gaussians", data.load("8gaussians", seed=1), samples=500)
    assert found["metrics"]["modes_found"]["value"] == 8
    assert found["protocol"]["real"] == "8gaussians"


def test_two_folders_of_images_are_compared_as_arrays_of_their_pixels_are(tmp_path):
    for name, seed in (("real", 0), ("fake", 1)):
        (tmp_path / name).mkdir()
        for at, picture in enumerate(pictures(seed)):
            Image.fromarray(picture[..., 0]).save(tmp_path / name / f"{at:03d}.png")
    report = wgan.evaluate(tmp_path / "real", tmp_path / "fake")
    assert values(report) == values(wgan.evaluate(pictures(0), pictures(1)))
    np.save(tmp_path / "fake.npy", pictures(1))
    assert values(wgan.evaluate(tmp_path / "real", tmp_path / "fake.npy")) == values(report)


@pytest.mark.parametrize(
    ("scaled", "remark"),
    [
        (lambda x: x / np.float32(255), "fake was read as images from 0 to 1 and scaled to 0 to 255"),
        (lambda x: x / np.float64(127.5) - 1, "fake was read as images from -1 to 1 and scaled to 0 to 255"),
        (lambda x: x.astype(np.float32), "fake was read as images from 0 to 255"),
        (lambda x: x.astype(np.int64), None),
        (lambda x: x[..., 0], None),
    ],
)
def test_images_in_another_usual_range_are_brought_to_that_of_the_real_ones(scaled, remark):
    report = wgan.evaluate(pictures(0), scaled(pictures(1)))
    assert values(report) == pytest.approx(values(wgan.evaluate(pictures(0), pictures(1))), rel=1e-4, abs=1e-6)
    assert report["protocol"]["remarks"] == ([remark] if remark else [])


@pytest.mark.parametrize(
    ("real", "fake", "remark"),
    [
        (lambda x: x / 127.5 - 1, lambda x: x / 255, "fake lies between 0 and 1, and was read as images from -1 to 1"),
        (lambda x: x, lambda x: x // 255, "fake lies between 0 and 1, and was read as images from 0 to 255"),
        (lambda x: x, lambda x: x // 2, None),
        (lambda x: x / 255, lambda x: x / 510, None),
        (lambda x: x / 50, lambda x: x / 255, None),  # the real ones are in a range of their own
    ],
)
def test_images_that_may_be_in_a_narrower_range_are_said_to_be_read_as_the_real_ones(real, fake, remark):
    pixels = pictures(1)
    pixels[0, 0, 0], pixels[0, 0, 1] = 0, 255
    (*said,) = wgan.evaluate(real(pictures(0)), fake(pixels))["protocol"]["remarks"]
    assert said == ([f"{remark}, as real"] if remark else [])


def test_what_cannot_be_compared_is_refused_in_a_sentence(tmp_path):
    x = pictures(0)
    for real, fake, says in (
        (points(0), points(1, columns=2), r"fake has shape \(400, 2\), but real has rows of shape \[3\]"),
        (points(0), np.full((9, 3), np.nan), "fake holds NaN"),
        (points(0), np.ma.masked_less(points(1), 0), "fake has masked values"),
        (points(0), points(1)[:0], "fake has shape"),
        (points(0)[:3], points(1), "real has 3 rows; give at least 4"),
        (x, x[:, :3], r"fake has images of shape \(150, 3, 6, 1\), but those of real have \(6, 6, 1\)"),
        (x / 255, x / 127.5 - 1, "fake ranges from -1 to 1 and real from 0 to 1; scale both alike"),
        (x, x * 2.0, "fake ranges from 0 to 510 and real from 0 to 255; scale both alike"),
        (x, x.astype(int) - 1, "fake ranges from -1 to 254 and real from 0 to 255"),
        (people(0), people(1)[["age", "sex"]], "fake lacks the column 'income' of real"),
        (people(0), points(1, columns=2), "fake is not a table with the columns of real"),
        (points(0), (row for row in points(1)), "fake is a generator, not an array"),
        (points(0, 8), points(1, 8), "kernel distance needs at least 20 .* Give more rows"),
        ("8gausians", points(1), "did you mean '8gaussians'"),
    ):
        with pytest.raises(WganError, match=says):
            wgan.evaluate(real, fake)
    with pytest.raises(WganError, match="samples is 0"):
        wgan.evaluate(points(0), points(1), samples=0)


# The command.


def test_the_command_prints_the_table_and_json_of_two_files(tmp_path):
    np.save(tmp_path / "real.npy", points(0))
    np.save(tmp_path / "fake.npy", points(1))
    done = called("evaluate", "--real", "real.npy", "--fake", "fake.npy", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "fake.npy against real.npy\n200 samples against 200 rows of one half of the real rows"
    )
    assert all(f"\n{METRICS[name].title:22}" in done.stdout for name in OF_ANY_ROWS)
    assert max(map(len, done.stdout.splitlines()[4:])) <= 112
    done = called("evaluate", "--real", "real.npy", "--fake", "fake.npy", "--train", "real.npy", "--json", cwd=tmp_path)
    report = json.loads(done.stdout, parse_constant=lambda constant: pytest.fail(constant))
    assert report["protocol"]["train"] == "real.npy"
    assert {path.name for path in tmp_path.iterdir()} <= {"real.npy", "fake.npy", "cache"}
    assert_refused(called("evaluate", cwd=tmp_path), "needs a RUN, or --real A and --fake B")
    assert_refused(called("evaluate", "--real", "real.npy", cwd=tmp_path), "needs a RUN, or --real A and --fake B")
    assert_refused(
        called("evaluate", "run", "--fake", "fake.npy", cwd=tmp_path), "--fake goes without a RUN, but run is given"
    )
    assert_refused(called("evaluate", "--real", "real.npy", "--fake", "none.npy", cwd=tmp_path), "no such file")


def test_importing_wgan_imports_no_framework_for_evaluate():
    code = "import sys, wgan; assert 'evaluate' in dir(wgan); assert not {'torch', 'jax'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_what_is_printed_of_a_table_names_its_target_and_what_a_guess_scores():
    told = {
        target: " ".join(samples.words(wgan.evaluate(people(0), people(1, 60), features="rows", target=target)).split())
        for target in (None, "sex", "age")
    }
    assert "it predicts 'sex', the last column that varies (target=NAME takes another); the commonest" in told[None]
    assert "it predicts 'sex'; the commonest value of real rows alone has the accuracy 0.5" in told["sex"]
    assert "it predicts 'age'; the mean of real rows alone has the R^2 -0.0" in told["age"]
    assert "lacking: Frechet distance, precision, recall, density, coverage and near-duplicates need at" in told["age"]
    assert "Frechet distance: " not in told["age"], "it was not measured"


def test_the_guess_without_a_model_is_the_commonest_level_or_the_mean():
    form = wgan.data.from_array(people(0)).form
    real = np.array([[20.0, 1, 0], [30, 1, 0], [40, 1, 1], [50, 1, np.nan]])
    train = np.array([[35.0, 1, 0], [np.nan, 1, 0], [35, 1, 1]])
    assert baseline(form, real, train, 2) == 2 / 3
    assert baseline(form, real, train, 0) == 0, "the mean itself explains no variance"
    more = np.array([*train, [10, 0, 0]])
    assert baseline(form, real, more, 0) == pytest.approx(1 - (125 + (35 - 80 / 3) ** 2) / 125)
    assert baseline(form, real[3:], train, 2) is None


@pytest.mark.parametrize(
    ("fake", "train", "said"),
    [
        ("real", None, "the samples and the real rows are the same rows"),
        ("other", "real", "the training rows and the real rows are the same rows"),
        ("other", "other", "the samples and the training rows are the same rows"),
        ("other", "third", None),
    ],
)
def test_sets_that_are_the_same_rows_are_said(fake, train, said):
    sets = {"real": points(0), "other": points(1), "third": points(2)}
    report = wgan.evaluate(sets["real"], sets[fake], train=None if train is None else sets[train], features="rows")
    remarks = report["protocol"]["remarks"]
    assert [remark.startswith(said) for remark in remarks] == [True] if said else not remarks


def test_floors_are_printed_with_their_errors():
    report = wgan.evaluate(points(0), points(1), features="rows")
    entry = report["metrics"]["energy_distance"]
    line = next(line for line in samples.words(report).splitlines() if line.startswith("energy distance"))
    assert line.count("±") == 2
    assert with_error(entry["floor"], entry["floor_error"]) in line


@pytest.mark.parametrize("columns", [58, 80, 111, 112, 200, None])
def test_the_words_fit_their_columns_and_lose_nothing(columns):
    report = wgan.evaluate(points(0), points(1), features="rows")
    lines = samples.words(report, columns).splitlines()
    assert max(map(len, lines)) <= (columns or 112)
    assert sum("Frechet distance  " in line for line in lines) == 1, "a metric begins a line of its own"
    for entry in report["metrics"].values():
        start = next(number for number, line in enumerate(lines) if line.startswith(f"{entry['title']}  "))
        unit = entry.get("unit", "")
        assert with_error(entry["value"], entry["error"], unit, entry.get("interval")) in lines[start]
        assert with_error(entry["floor"], entry["floor_error"], unit, entry.get("floor_interval")) in lines[start]
        below = " ".join(" ".join(lines[start : start + 6]).split())
        assert " ".join(entry["estimates"].split()) in below


@pytest.mark.parametrize("columns", [58, 80, 112])
def test_long_shares_stand_apart_from_their_floors(columns):
    report = wgan.evaluate(points(0), points(1), features="rows")
    entry = report["metrics"]["coverage"]
    share = {"value": 0.985, "error": 0.01, "interval": (0.957, 0.995)}
    entry |= share | {"floor": 0.985, "floor_error": 0.01, "floor_interval": (0.957, 0.995)}
    lines = samples.words(report, columns).splitlines()
    assert max(map(len, lines)) <= columns
    (line,) = [line for line in lines if line.startswith("coverage")]
    assert line.count(" 98.5 (95.7-99.5) %") == 2
