"""Rows in files that are no pictures: folders of .npy, TIFF stacks, NIfTI and HDF5; what is read, kept and refused."""

import gzip
import hashlib
import struct
import sys

import numpy as np
import pytest
from data_files import encoded, one_sentence, picture
from PIL import Image

from wgan import WganError
from wgan.data import joined, load, look, scans, verified

RANDOM = np.random.default_rng(1)
pytestmark = pytest.mark.usefixtures("home")

FORMATS = {"?": (1, 1), "u1": (8, 1), "u2": (16, 1), "u4": (32, 1), "i2": (16, 2), "i4": (32, 2), "f4": (32, 3)}


def numbers(count=6, shape=(5, 4), dtype="f4"):
    rng = np.random.default_rng(0)
    return (rng.random((count, *shape)) * 200).astype(dtype)


def tiff(pages, order="<", description=""):
    """A TIFF as its specification says: a strip for each page, written without any library."""
    out, links, pages = bytearray(8), [4], np.asarray(pages)
    bits, sign = FORMATS[pages.dtype.str[1:]]
    for page in pages:
        strip, text = len(out), description.encode() + b"\0"
        out += page.astype(page.dtype.newbyteorder(order)).tobytes()
        said = len(out)
        out += text + bytes(len(text) % 2)
        height, width = page.shape
        tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, bits), (259, 3, 1, 1), (262, 3, 1, 1)]
        tags += [(270, 2, len(text), said)] if description else []
        tags += [(273, 4, 1, strip), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, page.nbytes), (339, 3, 1, sign)]
        struct.pack_into(f"{order}I", out, links[-1], len(out) + len(out) % 2)
        out += bytes(len(out) % 2) + struct.pack(f"{order}H", len(tags))
        for tag, kind, count, value in tags:
            out += struct.pack(f"{order}HHI", tag, kind, count)
            out += struct.pack(f"{order}HH" if kind == 3 else f"{order}I", *((value, 0) if kind == 3 else (value,)))
        links.append(len(out))
        out += bytes(4)
    struct.pack_into(f"{order}2sH", out, 0, b"II" if order == "<" else b"MM", 42)
    return bytes(out)


def nii(array, slope=1.0, intercept=0.0, order="<", magic=b"n+1\0", start=352.0):
    """A NIfTI-1 file as its definition says, written without any library."""
    codes = {"u1": 2, "i2": 4, "i4": 8, "f4": 16, "c8": 32, "f8": 64, "u2": 512}
    array = np.asarray(array)
    head = bytearray(348)
    struct.pack_into(f"{order}i", head, 0, 348)
    struct.pack_into(f"{order}8h", head, 40, array.ndim, *array.shape, *[1] * (7 - array.ndim))
    struct.pack_into(f"{order}hh", head, 70, codes[array.dtype.str[1:]], 8 * array.dtype.itemsize)
    struct.pack_into(f"{order}fff", head, 108, start, slope, intercept)
    head[344:348] = magic
    return bytes(head) + bytes(4) + array.astype(array.dtype.newbyteorder(order)).tobytes(order="F")


def folder_of(folder, suffix, files):
    for number, raw in enumerate(files):
        path = folder / f"{number:02d}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, raw) if suffix == ".npy" else path.write_bytes(raw)
    return folder


def values_of(dataset):
    return dataset.form.as_given(dataset.rows)


def refused(path, message, **options):
    with pytest.raises(WganError, match=message) as caught:
        load(path, **options)
    assert "Traceback" not in one_sentence(caught)


def h5(path, **sets):
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    with h5py.File(path, "w") as file:
        for name, value in sets.items():
            file[name] = value
    return path


@pytest.fixture
def nibabel():
    return pytest.importorskip("nibabel", reason="nibabel is not installed")


@pytest.fixture
def h5py():
    return pytest.importorskip("h5py", reason="h5py is not installed")


@pytest.mark.parametrize("dtype", ["f4", "f2", "f8", ">f4", "i2", "?"])
def test_a_folder_of_arrays_is_joined_once_and_mapped(tmp_path, monkeypatch, dtype):
    rows = numbers() > 100 if dtype == "?" else (numbers() - 100).astype(dtype)
    folder = folder_of(tmp_path / "many", ".npy", rows)
    np.save(folder / "00.npy", np.asfortranarray(rows[0]))
    dataset = load(folder)
    np.testing.assert_array_equal(values_of(dataset), rows)
    assert dataset.form.dtype == np.dtype(dtype).name
    assert (dataset.name, dataset.labels) == ("many", None)
    if dtype != "?":  # truth values become bytes in memory
        assert dataset.mapped.path.name == "rows"
        assert dataset.sha256 == hashlib.sha256(dataset.rows.tobytes()).hexdigest() == verified(dataset)

    def fail(*arguments):
        raise AssertionError("read twice")

    monkeypatch.setitem(scans.FOLDERS, (".npy",), fail)
    again = load(str(folder))
    np.testing.assert_array_equal(again.rows, dataset.rows)
    np.save(folder / "01.npy", rows[0][:3])
    with pytest.raises(AssertionError, match="read twice"):
        load(folder)


def test_a_damaged_cache_is_made_again(tmp_path):
    folder = folder_of(tmp_path / "many", ".npy", numbers())
    path = load(folder).mapped.path
    path.write_bytes(bytes(path.stat().st_size))
    np.testing.assert_array_equal(values_of(load(folder)), numbers())
    (path.parent / "manifest.json").write_text("{}")
    np.testing.assert_array_equal(values_of(load(folder)), numbers())


def test_subfolders_are_labels(tmp_path):
    for number, name in enumerate("ba"):
        folder_of(tmp_path / "many" / name, ".npy", numbers()[3 * number : 3 * number + 3])
    dataset = load(tmp_path / "many")
    assert dataset.label_names == ("a", "b")
    np.testing.assert_array_equal(dataset.labels, [0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(values_of(dataset), np.roll(numbers(), 3, axis=0))
    assert look(tmp_path / "many") == ""


def test_a_folder_with_pictures_stays_one_of_pictures(tmp_path):
    folder = folder_of(tmp_path / "some", ".png", [encoded(picture(5, 5, n)) for n in range(3)])
    before = load(folder)
    folder_of(folder / "more", ".npy", numbers())
    folder_of(folder / "stack", ".tif", [tiff(numbers())])
    (folder / "stack" / "00.tif").rename(folder / "00.tiff.txt")
    after = load(folder)
    np.testing.assert_array_equal(after.rows, before.rows)
    assert "left out: 6 .npy" in after.source
    greys = folder_of(tmp_path / "greys", ".tif", [tiff(page[None]) for page in numbers(dtype="u2") * 100])
    assert look(greys).startswith(f"{greys} holds 6 images")
    assert load(greys, size=3).rows.shape == (6, 3, 3, 1)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("dtype", ["i2", "i4", "f4"])
def test_pages_that_no_picture_holds_are_rows(tmp_path, dtype, order):
    rows = numbers(dtype=dtype)
    if dtype[0] != "f":
        rows[0, 0, 0], rows[0, 0, 1] = np.iinfo(dtype).min, np.iinfo(dtype).max
    folder = folder_of(tmp_path / "pages", ".tif", [tiff(page[None], order) for page in rows])
    dataset = load(folder)
    np.testing.assert_array_equal(values_of(dataset), rows)
    assert dataset.form.dtype == np.dtype(dtype).name
    (tmp_path / "stack.tiff").write_bytes(tiff(rows, order))
    one = load(tmp_path / "stack.tiff")
    np.testing.assert_array_equal(values_of(one), rows)
    assert one.name == "stack"
    assert "each page is a row" in one.source


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_the_pages_of_each_file_are_a_volume(tmp_path, dtype):
    rows = numbers(3, (4, 6, 5), dtype)
    folder = folder_of(tmp_path / "stacks", ".tif", [tiff(one) for one in rows])
    found = scans._folder(folder, (".tif", ".tiff"))
    np.testing.assert_array_equal(found.rows, rows)
    assert found.rows.dtype == dtype


TIFFS = {
    "another size": ([tiff(numbers(2)), tiff(numbers(2, (5, 6)))], "shapes: '00.tif' is 2x5x4 .* is 2x5x6"),
    "another dtype": ([tiff(numbers(2)), tiff(numbers(2, dtype="i2"))], "'00.tif' .* float32, but '01.tif' .* int16"),
    "other pages": ([tiff(numbers(2)), tiff(numbers(3))], "'00.tif' is 2x5x4 float32, but '01.tif' is 3x5x4"),
    "truncated": ([tiff(numbers(2)), tiff(numbers(2))[:300]], r"cannot read '.*01.tif' \(.*\); save it as .npy"),
    "empty": ([tiff(numbers(2)), b""], r"cannot read '.*01.tif' \(it is empty\)"),
    "no tiff": ([tiff(numbers(2)), b"II*\0" + bytes(50)], r"cannot read '.*01.tif' \("),
    "hidden pages": (
        [tiff(numbers(2)), tiff(numbers(2), description="ImageJ=1.53t\nimages=64\nslices=64\n")],
        "ImageJ says that it has 64 pages, but only 2 can be found",
    ),
    "NaN": ([tiff(numbers(2)), tiff(numbers(2) * np.nan)], r"'.*01.tif' has NaN or infinite values \(the first at"),
}  # fmt: skip


def test_a_kind_that_the_files_cannot_have_is_answered_by_what_the_user_can_do(tmp_path):
    page = Image.fromarray(np.arange(256, dtype=np.uint16).reshape(16, 16))
    (tmp_path / "stacks").mkdir()
    for path in (tmp_path / "s.tif", tmp_path / "stacks" / "a.tif", tmp_path / "stacks" / "b.tif"):
        page.save(path, save_all=True, append_images=[page] * 4)
    refused = {
        ("s.tif", "volumes"): "s.tif holds 5 images of 16 x 16; give a folder with one .tif file for each volume",
        ("s.tif", "table"): "leave kind out, or reshape the rows",
        ("stacks", "signals"): "stacks holds 2 volumes of 5 x 16 x 16; leave kind out",
        ("stacks", "table"): "kind is 'table', but",
    }
    for (name, kind), sentence in refused.items():
        with pytest.raises(WganError, match=sentence):
            load(tmp_path / name, kind=kind)
    assert load(tmp_path / "stacks", kind="volumes").form.space == (5, 16, 16)  # as the remedy says


@pytest.mark.parametrize("name", TIFFS)
def test_stacks_that_are_no_rows_are_refused(tmp_path, name):
    files, message = TIFFS[name]
    refused(folder_of(tmp_path / "stacks", ".tif", files), message)


def test_pages_of_several_sizes_and_colours_of_16_bits_are_refused(tmp_path):
    one, other = Image.fromarray(numbers()[0]), Image.fromarray(numbers(1, (3, 3))[0])
    one.save(tmp_path / "a.tif", save_all=True, append_images=[other])
    refused(tmp_path / "a.tif", r"pages of 5x4 float32, but page 2 of 3x3 float32")
    (tmp_path / "b.tif").write_bytes(encoded(picture(5, 5).convert("CMYK"), "tiff"))
    refused(tmp_path / "b.tif", r"4 channels of 8 bits in the mode CMYK")


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("dtype", ["u1", "i2", "f4", "f8"])
def test_a_folder_of_nifti_files_has_a_row_in_each(tmp_path, nibabel, suffix, dtype, order):
    rows = numbers(3, (4, 6), dtype)
    raw = [nii(one, order=order) for one in rows]
    raw[1] = nii(rows[1][..., None, None], order=order)  # axes of length 1 at the end are no axes
    folder = folder_of(tmp_path / "scans", suffix, map(gzip.compress, raw) if suffix.endswith("gz") else raw)
    dataset = load(folder)
    np.testing.assert_array_equal(values_of(dataset), rows)
    assert dataset.form.dtype == ("uint8" if dtype == "u1" else np.dtype(dtype).name)
    np.testing.assert_array_equal(nibabel.load(folder / f"01{suffix}").get_fdata()[..., 0, 0], rows[1])


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_the_last_axis_of_one_nifti_file_counts_its_rows(tmp_path, nibabel, suffix):
    array = np.moveaxis(numbers(7, (4, 6), "i2"), 0, -1)
    nibabel.Nifti1Image(array, np.eye(4)).to_filename(tmp_path / f"one{suffix}")
    dataset = load(tmp_path / f"one{suffix}")
    np.testing.assert_array_equal(values_of(dataset), numbers(7, (4, 6), "i2"))
    assert dataset.name == "one"
    nibabel.Nifti2Image(array, np.eye(4)).to_filename(tmp_path / f"two{suffix}")
    np.testing.assert_array_equal(load(tmp_path / f"two{suffix}").rows, dataset.rows)


def test_numbers_are_scaled_as_the_header_says(tmp_path, nibabel):
    array = np.moveaxis(numbers(7, (4, 6), "i2"), 0, -1)
    (tmp_path / "a.nii").write_bytes(nii(array, slope=0.25, intercept=-3))
    dataset = load(tmp_path / "a.nii")
    expected = np.moveaxis(nibabel.load(tmp_path / "a.nii").get_fdata(dtype=np.float32), -1, 0)
    np.testing.assert_array_equal(values_of(dataset), expected)
    assert expected[0, 0, 0] == array[0, 0, 0] / 4 - 3
    assert dataset.form.dtype == "float32"


@pytest.mark.parametrize(("shape", "rows"), [((8, 6, 1, 5), (5, 8, 6)), ((4, 6, 5, 1, 3), (3, 4, 6, 5))])
def test_axes_of_length_1_within_a_nifti_file_are_no_axes(tmp_path, nibabel, shape, rows):
    """NIfTI writes the depth of an image, and a single time before channels, as such an axis."""
    numbers = RANDOM.normal(size=shape)
    nibabel.Nifti1Image(numbers, np.eye(4)).to_filename(tmp_path / "a.nii")
    np.testing.assert_array_equal(values_of(load(tmp_path / "a.nii")), np.moveaxis(numbers.squeeze(), -1, 0))
    assert values_of(load(tmp_path / "a.nii")).shape == rows


NIFTI = {
    "truncated": (nii(numbers(5))[:-1], r"header declares 752 bytes, more than its 751"),
    "empty": (b"", "it is empty"),
    "no nifti": (b"no nifti" * 100, "does not begin as a NIfTI file does"),
    "a header alone": (nii(numbers(5), magic=b"ni1\0"), "its numbers lie in another file"),
    "complex": (nii(numbers(5, dtype="c8")), "complex numbers, not real numbers"),
    "far": (nii(numbers(5), start=1e30), "its numbers begin at the byte 1e"),
    "six axes": (nii(numbers(2, (2, 2, 2, 2, 2))), "rows have at most three axes of space and one of channels"),
    "NaN": (nii(numbers(5) * np.nan), "NaN or infinite values"),
    "shape": (nii(np.zeros((2, 0, 3), "f4")), "is empty"),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", NIFTI)
def test_nifti_files_that_are_no_rows_are_refused(tmp_path, nibabel, name, packed):
    raw, message = NIFTI[name]
    if packed and name == "truncated":
        message = "it ends within its numbers"
    path = tmp_path / ("a.nii.gz" if packed else "a.nii")
    path.write_bytes(gzip.compress(raw) if packed else raw)
    refused(path, message)
    if packed:
        path.write_bytes(gzip.compress(nii(numbers(40)))[:-40])
        refused(path, "cannot read .*; save its numbers as .npy")


def test_a_small_packed_file_that_declares_much_is_refused(tmp_path, nibabel):
    raw = bytearray(nii(numbers(2)))
    struct.pack_into("<8h", raw, 40, 4, 1000, 1000, 1000, 10, 1, 1, 1)
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(bytes(raw)))
    refused(tmp_path / "a.nii.gz", "unpacks to 40 GB or more, over 200 times as much")


@pytest.mark.parametrize("name", ["rows", "X", "images", "data", "anything"])
def test_the_rows_of_an_hdf5_file_are_found_and_mapped(tmp_path, name):
    path = h5(tmp_path / "a.h5", **{name: numbers(), "labels": ["b", "a"] * 3})
    dataset = load(path)
    np.testing.assert_array_equal(values_of(dataset), numbers())
    assert dataset.label_names == ("a", "b")
    np.testing.assert_array_equal(dataset.labels, [1, 0] * 3)
    assert dataset.mapped.path == path
    assert f"rows from the data set {name}, labels from labels" in dataset.source
    h5(path, rows=numbers(), y=np.arange(6), other=numbers(9))
    assert list(load(path).labels) == [*range(6)]
    h5(path, one=numbers(), other=numbers() + 1, y=np.arange(6))
    refused(path, r"has the data sets one 6x5x4, other 6x5x4, y 6; name the one with the rows as .*a.h5:NAME")
    np.testing.assert_array_equal(values_of(load(f"{path}:other")), numbers() + 1)
    refused(f"{path}:third", "has no data set 'third'; it has the data sets one")


def test_packed_hdf5_is_joined_in_blocks(tmp_path, h5py, monkeypatch):
    monkeypatch.setattr(joined, "BLOCK", 2 * numbers()[0].nbytes)
    rows = numbers(7)
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file.create_dataset("group/z", data=rows, chunks=(3, 5, 4), compression="gzip")
        file.create_dataset("group/labels", data=np.arange(7) % 2)
        file.create_dataset("group/big", data=rows.astype(">f4"))
    for name in ("group/z", "/group/big"):
        dataset = load(f"{tmp_path}/a.hdf5:{name}")
        np.testing.assert_array_equal(values_of(dataset), rows)
        assert list(dataset.labels) == [0, 1, 0, 1, 0, 1, 0]
        assert dataset.mapped.path.name == "rows"


def virtual(h5py, path):
    layout = h5py.VirtualLayout((5, 3), "f4")
    layout[:] = h5py.VirtualSource(str(path.with_name("other.h5")), "rows", (5, 3))
    return layout


def test_hdf5_that_is_elsewhere_or_holds_objects_is_refused(tmp_path, h5py):
    other = h5(tmp_path / "other.h5", rows=numbers())
    path = tmp_path / "a.h5"

    def written(write, message):
        with h5py.File(path, "w") as file:
            write(file)
        refused(path, message)

    written(lambda file: file.create_virtual_dataset("rows", virtual(h5py, path)), "in other files, which are not read")
    (tmp_path / "secret").write_bytes(bytes(400))
    written(
        lambda file: file.create_dataset("rows", (10, 10), "f4", external=[(str(tmp_path / "secret"), 0, 400)]),
        "in other files, which are not read",
    )
    written(lambda file: file.__setitem__("rows", h5py.ExternalLink(str(other), "rows")), "has no data set")
    written(lambda file: file.create_dataset("rows", (3,), h5py.vlen_dtype(np.int32)), "holds Python objects")
    written(lambda file: file.create_dataset("rows", (3,), h5py.string_dtype()), "holds Python objects")
    written(lambda file: file.create_dataset("rows", (3, 2), "c8"), "complex numbers, not real numbers")
    written(lambda file: file.create_dataset("rows", (3, 0), "f4"), "is empty")
    written(lambda file: file.create_dataset("rows", (2,) * 6, "f4"), "at most three axes of space")
    written(lambda file: file.create_dataset("rows", data=5.0), "has no rows in rows")
    written(lambda file: file.create_group("rows"), "has no data set")
    written(lambda file: file.create_dataset("rows", (10**6, 10**6), "f4", chunks=(1, 1000)), "unpacks to 4 TB or more")
    path.write_bytes(other.read_bytes()[:-200])
    refused(path, r"cannot read .*; give a whole HDF5 file")
    path.write_bytes(b"")
    refused(path, r"cannot read .*; give a whole HDF5 file")


ARRAYS = {
    "another shape": ([np.zeros((3, 2)), np.zeros((4, 2))], r"'00.npy' is 3x2 float64, but '01.npy' is 4x2 float64"),
    "another dtype": (
        [np.zeros(3), np.zeros(3, "f4")],
        "rows of several dtypes: '00.npy' is 3 float64, but '01.npy' is 3 float32",
    ),
    "complex": ([np.zeros(3, complex)] * 2, "complex numbers, not real numbers"),
    "records": ([np.zeros(3, [("a", "f4")])] * 2, "records with named fields"),
    "texts": ([np.array(["a", "b"])] * 2, "texts, not real numbers"),
    "long floats": ([np.zeros(3, np.longdouble)] * 2, "numbers of dtype"),
    "no values": ([np.zeros((0, 3))] * 2, "is empty"),
    "five axes": ([np.zeros((2,) * 5)] * 2, "at most three axes of space and one of channels"),
    "NaN": ([np.zeros(3), np.array([0, np.inf, 1])], r"'.*01.npy' has NaN or infinite values \(the first at \(1,\)"),
    "NaN at one end": (
        [np.ones((3, 2)), np.array([[0, np.nan]] * 3)],
        r"all at 1 on its last axis \(the first at \(0, 1",
    ),
    "constant": ([np.zeros(3), np.zeros(3)], "constant"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_folders_of_arrays_that_are_no_rows_are_refused(tmp_path, name):
    files, message = ARRAYS[name]
    refused(folder_of(tmp_path / "many", ".npy", files), message)


def test_damaged_arrays_and_mixed_folders_are_refused(tmp_path):
    folder = folder_of(tmp_path / "many", ".npy", numbers())
    whole = (folder / "03.npy").read_bytes()
    for raw, message in ((b"", "it is empty"), (whole[:-1], "more than its"), (whole + b"x", "bytes after its array")):
        (folder / "03.npy").write_bytes(raw)
        refused(folder, rf"cannot read '.*03.npy' \(.*{message}")
    (folder / "03.npy").write_bytes(whole[:10] + whole[10:].replace(b"'<f4'", b"'|O' "))
    refused(folder, "holds Python objects, which are never unpickled")
    (folder / "03.npy").write_bytes(whole)
    (folder / "a.nii").write_bytes(b"")
    refused(
        folder, r"holds (1 .nii or .nii.gz and 6 .npy|6 .npy and 1 .nii or .nii.gz); give a folder with files of one"
    )
    refused(folder, "has no images", size=8)


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".tif", ".nii", ".nii.gz", ".h5"])
def test_an_empty_file_is_said_to_be_empty(tmp_path, suffix):
    pytest.importorskip("h5py", reason="h5py is not installed")
    pytest.importorskip("nibabel", reason="nibabel is not installed")
    (tmp_path / f"a{suffix}").write_bytes(b"")
    refused(tmp_path / f"a{suffix}", r"cannot read '.*a\..*' \(it is empty\)")


@pytest.mark.parametrize("suffix", [".npz", ".h5", ".csv"])
def test_a_folder_of_files_that_hold_all_rows_each_is_told_to_name_one(tmp_path, suffix):
    (tmp_path / f"a{suffix}").write_bytes(b"x")
    refused(tmp_path, f"it holds 1 {suffix}, so name one of its {suffix} files")


@pytest.mark.parametrize(("package", "name"), [("nibabel", "a.nii"), ("h5py", "a.h5")])
def test_a_missing_package_is_named(tmp_path, monkeypatch, package, name):
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / name).write_bytes(b"x")
    refused(tmp_path / name, r"a.\w+ needs one more package; run pip install '.\[scans\]'")
