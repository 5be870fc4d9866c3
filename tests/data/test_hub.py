"""Sets from Hugging Face: images, classes, tables, refusals."""

import sys

import numpy as np
import pytest
from data_files import one_sentence, picture

from wgan import WganError
from wgan.data import load
from wgan.data.table import to_frame

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def datasets(tmp_path, monkeypatch):
    library = pytest.importorskip("datasets")
    library.disable_progress_bars()
    monkeypatch.setattr(library.config, "HF_DATASETS_CACHE", tmp_path / "hf")
    return library


@pytest.mark.filterwarnings("ignore")  # the library's own
def test_a_hugging_face_set_is_its_images_and_classes(datasets, tmp_path):
    for number in range(10):
        path = tmp_path / "mine" / "train" / ("no", "yes")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture(20, 20, number).save(path)
    dataset = load(f"hf:{tmp_path / 'mine'}")
    order = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]
    np.testing.assert_array_equal(dataset.rows, [np.asarray(picture(20, 20, number)) for number in order])
    np.testing.assert_array_equal(dataset.labels, [0] * 5 + [1] * 5)
    assert dataset.label_names == ("no", "yes")
    assert load(f"hf:{tmp_path / 'mine'}:train", size=8).rows.shape == (10, 8, 8, 3)
    with pytest.raises(WganError, match=r"cannot load hf:.*:nope .ValueError: Unknown split .*give hf:NAME") as caught:
        load(f"hf:{tmp_path / 'mine'}:nope")
    assert "\n" not in str(caught.value)
    with pytest.raises(WganError, match="is not a data set's name"):
        load("hf:a:b:c:d")


@pytest.mark.filterwarnings("ignore")
def test_a_hugging_face_set_of_numbers_is_a_table(datasets, tmp_path):
    for name, text in (("table", "age,name,height\n1,a,0.5\n2,b,0.25\n5,c,4\n"), ("text", "name\na\nb\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "train.csv").write_text(text)
    dataset = load(f"hf:{tmp_path / 'table'}")
    assert to_frame(dataset.form, dataset.rows).to_dict("list") == {"age": [1, 2, 5], "height": [0.5, 0.25, 4.0]}
    assert dataset.source.endswith("columns age, height")
    with pytest.raises(WganError, match="has the columns name, neither images nor numbers"):
        load(f"hf:{tmp_path / 'text'}")


def test_no_datasets_library_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(WganError, match=r"hf:cifar10 needs one more package; run pip install '.\[hf\]'") as caught:
        load("hf:cifar10")
    one_sentence(caught)
