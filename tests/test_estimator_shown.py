"""What a notebook shows of a model, a data set and a distance; the figure and the report of a model."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

import wgan
from wgan import WganError
from wgan.reports.rows import dataset_of
from wgan.reports.run import read
from wgan.training import model as models

SMALL = {"width": 4, "batch": 4, "latent": 2, "network": "mlp", "engine": "torch", "log_every": 2, "steps": 4}
IMAGES = np.random.default_rng(0).random((60, 4, 4))


def picture_of(html):
    return Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", html)[1])))


@pytest.fixture(scope="module")
def model():
    return wgan.WGAN(**SMALL).fit(IMAGES)


def test_a_fitted_model_is_a_table_with_a_figure_and_another_is_scikit_learns_diagram(model):
    shown = model._repr_mimebundle_()
    assert "4 of 4" in shown["text/html"]
    assert picture_of(shown["text/html"]).size == (1100, 440)
    assert "WGAN" in wgan.WGAN()._repr_mimebundle_()["text/plain"]


def test_a_plot_has_the_curves_and_the_samples(model):
    curves, picture = model.plot().axes
    np.testing.assert_array_equal(curves.lines[0].get_xdata(), [r["step"] for r in model.records_])
    np.testing.assert_array_equal(curves.lines[0].get_ydata(), [r["estimate"] for r in model.records_])
    assert picture.images
    assert wgan.WGAN(**SMALL).fit(np.random.default_rng(0).normal(size=(60, 2))).plot().axes[1].images


def test_a_report_is_written_and_replaced_only_when_asked(model, tmp_path):
    path = tmp_path / "mine.html"
    assert model.report(path) == path
    assert "mine" in path.read_text()
    with pytest.raises(WganError, match="exists"):
        model.report(path)


def test_the_report_of_rows_in_memory_shows_the_real_rows_and_the_folder_says_why_it_cannot(model, tmp_path):
    page = model.report(tmp_path / "mine.html").read_text()
    assert "Nearest training images" in page
    assert "are not shown" not in page
    model.save(tmp_path / "run")
    with pytest.raises(WganError, match=r"fitted to an array of 60 .* in memory; use model.report\(\)"):
        dataset_of(read(tmp_path / "run"), None)


def test_a_data_set_is_a_table_with_its_first_images_and_no_name_of_it_is_html():
    html = wgan.data.from_array(IMAGES, name="<b>x")._repr_html_()
    assert "&lt;b&gt;x" in html
    assert picture_of(html).size == (12 * 32, 32)
    assert "<img" not in wgan.data.from_array(IMAGES[:, 0])._repr_html_()


def test_a_distance_is_a_table():
    found = wgan.w1([[0.0], [1.0]], [[2.0], [3.0]])
    assert "<th>value</th><td>2</td>" in found._repr_html_()


def test_the_plot_draws_as_many_samples_as_are_asked_for(monkeypatch):
    model = wgan.WGAN(**SMALL).fit(np.random.default_rng(0).normal(size=(60, 2)))
    drawn, whole = [], models.sample
    monkeypatch.setattr(models, "sample", lambda model, count, seed: drawn.append(count) or whole(model, count, seed))
    model.plot()
    model.plot(n=7)
    model.plot(n=1500)
    assert drawn == [1000, 7, 1500]
    with pytest.raises(wgan.WganError, match="n is 0"):
        model.plot(n=0)
