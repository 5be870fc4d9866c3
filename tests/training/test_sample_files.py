"""Samples on the disk: many parts are one whole, a file appears whole or not at all, and what is too large says so."""

import numpy as np
import pytest

from wgan import WganError
from wgan.data import Classes, from_array
from wgan.files import memory
from wgan.training import drawing, samples

FORM = from_array(np.random.default_rng(0).integers(0, 256, (4, 4, 4))).form
CLASSES = Classes(("coat", "bag"), (0.25, 0.75))


def encoded(z, codes):
    """Rows that tell the place of their z in its chunk, as the last bits of an engine's may."""
    rows = np.zeros((len(z), 4, 4, 1), np.float32)
    rows[:, 0, 0, 0], rows[:, 1, 1, 0] = z[:, 0] / 4, np.linspace(-1, 1, len(z))
    rows[:, 2, 2, 0] = 0 if codes is None else codes
    return rows


def drawn(count, form=FORM, classes=CLASSES, label=None):
    return drawing.drawn(form, classes, (3,), count, 7, label, encoded)


def table(tmp_path):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame(
        {
            "x": rng.normal(size=3000),
            "town": rng.choice([f"t{k}" for k in range(700)], 3000),  # more than have a unit: some share one
            "when": pandas.Timestamp("2020-01-01") + pandas.to_timedelta(rng.integers(0, 10**9, 3000), unit="ms"),
        }
    )
    frame.loc[:2500, "x"] = np.nan
    return from_array(frame, column={"town": "text"})


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.csv", "a.csv.xz", "a.parquet"])
def test_samples_in_many_parts_are_those_of_one(tmp_path, monkeypatch, name):
    if ".csv" in name or name.endswith("parquet"):
        dataset = table(tmp_path)
        form, rows = dataset.form, dataset.form.encode(dataset.rows)
        some = drawing.drawn(form, None, (3,), 1300, 7, None, lambda z, codes: rows[: len(z)][::-1])
    else:
        some = drawn(1300)
    shown = []
    samples.write(some, tmp_path / name, shown.append)
    whole = (tmp_path / name).read_bytes()
    assert max(shown) == 1300
    monkeypatch.setattr(drawing, "MOST", 1)
    assert drawing.rows_of_part(some.form) == drawing.CHUNK
    again = some._replace(rows=drawn(1300).rows) if some.labels else None
    parts = again or drawing.drawn(form, None, (3,), 1300, 7, None, lambda z, codes: rows[: len(z)][::-1])
    shown.clear()
    samples.write(parts, tmp_path / name, shown.append)
    assert len(set(shown)) == 3
    if name.endswith("parquet"):
        import pandas

        (tmp_path / "one.parquet").write_bytes(whole)
        pandas.testing.assert_frame_equal(
            pandas.read_parquet(tmp_path / name), pandas.read_parquet(tmp_path / "one.parquet")
        )
    else:
        assert (tmp_path / name).read_bytes() == whole


def test_arrays_are_written_as_numpy_writes_them(tmp_path):
    some = drawn(600)
    samples.write(some, tmp_path / "a.npy")
    rows = some.form.as_given(drawing.whole(some))
    np.save(tmp_path / "b.npy", rows)
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()
    samples.write(some, tmp_path / "a.npz")
    names = np.concatenate([*some.labels()])
    np.savez_compressed(tmp_path / "b.npz", rows=rows, labels=names)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert set(names) == {"coat", "bag"}
    assert set(np.concatenate([*drawn(600, label="Bag").labels()])) == {"bag"}


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.png", "photos", "new/photos"])
def test_a_file_appears_whole_or_not_at_all(tmp_path, name):
    (tmp_path / "photos").mkdir()
    for old in ("a.npy", "a.npz", "a.png", "photos/000000.png"):
        (tmp_path / old).write_bytes(b"old")
    before = {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")}

    def rows():
        yield from drawn(600).rows()
        raise KeyboardInterrupt

    broken = drawn(700)._replace(rows=rows)
    with pytest.raises(KeyboardInterrupt):
        samples.write(broken, tmp_path / name)
    after = {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")}
    after.pop(tmp_path / "new", None)
    assert after == before
    samples.write(drawn(3), tmp_path / name)
    assert len([*(tmp_path / name).glob("*.png")]) == 3 if "photos" in name else (tmp_path / name).stat().st_size > 3


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "photos"])
def test_samples_that_would_not_fit_on_the_disk_are_refused_with_the_number_that_does(tmp_path, name):
    with pytest.raises(WganError, match=r"samples take .* on the disk, but .* are free where .*; use -n \d+ or less"):
        samples.write(drawn(2**62), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_more_than_one_picture_shows_and_than_memory_holds_is_refused(tmp_path, monkeypatch):
    with pytest.raises(WganError, match=r"a \.png shows 100,000 samples at most, not 100,001; use -n 100000"):
        samples.write(drawn(100_001), tmp_path / "a.png")
    for module in (memory, drawing):
        monkeypatch.setattr(module, "free", lambda: 20_000)
    with pytest.raises(WganError, match=r"an array of 2,000 samples takes 256 kB of memory.*; ask for [\d,]+ or fewer"):
        drawing.whole(drawn(2000))
    assert len(drawing.whole(drawn(100))) == 100
    with pytest.raises(WganError, match="number of samples is -1"):
        drawing.whole(drawn(-1))


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_a_part_of_a_table_is_written_as_the_whole_is(tmp_path, name):
    """One part has gaps alone, and another has times without a fraction."""
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    moments = pandas.Timestamp("2020-01-01") + pandas.to_timedelta(np.arange(60) * 1001, unit="ms")
    moments = moments[:40].append(pandas.date_range("2020-02-01", periods=20).as_unit(moments.unit))
    days = [None] * 20 + [moment.date() for moment in pandas.date_range("2020-03-01", periods=40)]
    dataset = from_array(pandas.DataFrame({"when": moments, "day": pandas.Series(days, dtype=object)}))
    for parts in (1, 3):
        some = drawing.given(dataset.rows, dataset.form)
        some = some._replace(rows=lambda parts=parts: iter(np.split(dataset.rows, parts)))
        samples.write(some, tmp_path / f"{parts}{name}")
    if name == "a.csv":
        assert (tmp_path / "1a.csv").read_text() == (tmp_path / "3a.csv").read_text()
    else:
        one, many = (pandas.read_parquet(tmp_path / f"{parts}a.parquet") for parts in (1, 3))
        pandas.testing.assert_frame_equal(one, many)
