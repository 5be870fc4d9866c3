"""Charts: what they draw, and what their script shows of it under the pointer and the keys."""

import html
import json
import re
from importlib.resources import files

import numpy as np
import pytest

from wgan.reports.charts import Across, Level, Line, Mark, chart, window
from wgan.runs.quantities import number

FREQUENCIES = Across("cycles a step", "frequency", whole=False)
STEPS = np.arange(0.0, 1001, 50)
VALUES = {"samples": np.geomspace(5, 0.002, len(STEPS)), "real": np.linspace(0.5, 2.5, len(STEPS))}


def test_charts_survive_what_logs_hold():
    steps = np.arange(30.0)
    assert chart("t", "x", [Line("a", steps, np.full(30, np.nan))]) is None
    assert chart("t", "x", []) is None
    for values in (np.zeros(30), np.full(30, 1e-30), np.geomspace(1e-9, 1e9, 30), np.where(steps == 3, np.inf, 2.0)):
        made = str(chart("t", "x", [Line("a", steps, values)], levels=[Level("floor", 1.0)]))
        assert not re.search(r"\b(nan|inf)\b", made)
        assert 'class="c0 d0"' in made
    assert [window(n) for n in (5, 100, 200, 10_000)] == [1, 5, 11, 101]


def test_a_vertical_axis_is_logarithmic_only_where_that_is_natural():
    line = Line("a", np.arange(3.0), np.array([0.001, 0.01, 1.0]))
    natural, linear = (str(chart("t", "x", [line], logarithmic=one)) for one in (True, False))
    assert ">0.001</text>" in natural
    assert ">0.001</text>" not in linear
    assert ">0.25</text>" in linear


def test_a_chart_draws_its_values_to_scale():
    made = str(chart("t", "x", [Line("a", np.array([0.0, 5, 10]), np.array([0.0, 1.0, 4.0]), filtered=False)]))
    points = re.search(r'<polyline class="c0 d0" data-name="a" points="([^"]*)"', made)[1]
    x, y = np.array([[float(v) for v in point.split(",")] for point in points.split()]).T
    assert x[1] - x[0] == pytest.approx(x[2] - x[1])
    assert (y[0] - y[2]) / (y[0] - y[1]) == pytest.approx(4, abs=0.02)


def test_a_band_reaches_two_errors_to_both_sides_and_a_legend_may_show_no_value():
    at, values = np.array([0.1, 0.2, 0.4]), np.array([1.0, 3.0, 2.0])
    line = Line("a", at, values, filtered=False, shown=None, error=np.array([0.0, 0.25, 0.5]))
    made = str(chart("t", "x", [line], across=FREQUENCIES))
    band = re.search(r'<polygon class="band c0" points="([^"]*)"', made)[1].split()
    y = np.array([float(point.split(",")[1]) for point in band])
    drawn = re.search(r'data-name="a" points="([^"]*)"', made)[1].split()
    height = np.array([float(point.split(",")[1]) for point in drawn])
    unit = (height[0] - height[1]) / 2  # of a value of 1
    np.testing.assert_allclose(y[:3] - height, [0, 0.5 * unit, 1.0 * unit], atol=0.11)
    np.testing.assert_allclose(height - y[:2:-1], [0, 0.5 * unit, 1.0 * unit], atol=0.11)
    assert ">cycles a step</text>" in made
    assert "cycles a step: 0.1 to 0.4." in made
    assert "<b>" not in made
    assert "<b>" in str(chart("t", "x", [line._replace(shown="")], across=FREQUENCIES))


@pytest.mark.parametrize(("spanning", "logarithmic"), [(5, True), (20, False)])
def test_an_axis_is_logarithmic_from_the_span_on_that_is_given(spanning, logarithmic):
    made = str(chart("t", "x", [Line("a", np.arange(3.0), np.array([1.0, 3, 10]))], spanning=spanning))
    assert json.loads(html.unescape(re.search(r'data-frame="([^"]*)"', made)[1]))["logarithmic"] == logarithmic


@pytest.mark.parametrize(
    ("values", "error", "logarithmic", "cut"),
    [
        ([1.0, 3.0, 2.0], [0.0, 0.25, 0.9], False, False),  # a band that ends beyond the lines
        ([1.0, 3.0, 2.0], [0.0, 0.25, 50.0], False, True),  # and one that would leave a flat line
        ([1.0, 1.0, 1.0], [0.1, 0.2, 0.3], False, False),
        ([-5.0, -5.0, -4.0], [2.0, np.nan, 0.0], False, True),
        ([1.0, 10.0, 100.0], [0.4, 4.0, 40.0], True, False),
        ([1.0, 10.0, 100.0], [0.5, 5.0, 50.0], True, True),  # down to 0
    ],
)
def test_axes_cover_bands_and_say_where_they_cut_them(values, error, logarithmic, cut):
    at, values, error = np.arange(3.0), np.array(values), np.array(error)
    made = str(chart("t", "x", [Line("a", at, values, filtered=False, error=error)], spanning=5))
    frame = json.loads(html.unescape(re.search(r'data-frame="([^"]*)"', made)[1]))
    ends = np.array([values - 2 * np.nan_to_num(error), values + 2 * np.nan_to_num(error)])
    within = frame["low"] <= ends.min() + 1e-9 and ends.max() <= frame["high"] + 1e-9
    assert within != cut
    assert ("Bands that are wider than the chart are cut." in made) == cut
    assert ("The vertical axis is logarithmic." in made) == logarithmic == frame["logarithmic"]
    if not logarithmic and np.ptp(values):
        assert frame["high"] - frame["low"] <= 5 * np.ptp(values), "the lines are not flat"
    assert "nan" not in made


def points_of(made, name):
    """The steps and values of a line, as its points and data-frame give them."""
    frame = json.loads(html.unescape(re.search(r'data-frame="([^"]*)"', made)[1]))
    area = [float(x) for x in re.search(r'class="area"[^>]*viewBox="([^"]*)"', made)[1].split()]
    points = re.search(rf'data-name="{name}" points="([^"]*)"', made)[1]
    x, y = np.array([[float(v) for v in point.split(",")] for point in points.split()]).T
    share = (area[1] + area[3] - y) / area[3]
    scale = np.log10 if frame["logarithmic"] else np.asarray
    value = scale(frame["low"]) + share * (scale(frame["high"]) - scale(frame["low"]))
    steps = frame["first"] + (x - area[0]) / area[2] * (frame["last"] - frame["first"])
    return np.round(steps / frame["each"]) * frame["each"], 10**value if frame["logarithmic"] else value


@pytest.mark.parametrize("logarithmic", [True, False])
def test_steps_and_values_are_read_back_from_the_points_of_a_line(logarithmic):
    lines = [Line(name, STEPS, values, filtered=False) for name, values in VALUES.items()]
    made = str(chart("t", "x", lines, logarithmic=logarithmic))
    for name, values in VALUES.items():
        steps, found = points_of(made, name)
        assert steps.tolist() == STEPS.tolist()
        assert found == pytest.approx(values, rel=1e-3, abs=0 if logarithmic else 1e-4)


def test_a_share_is_in_percent_on_the_axis_in_the_legend_and_in_words():
    line = Line("coverage", np.arange(3.0), np.array([0.25, 0.5, 0.75]), filtered=False)
    made = str(chart("t", "x", [line], levels=[Level("training rows", 0.95)], percent=True))
    assert ">20 %</text>" in made
    assert "<b>75 %</b>" in made
    assert "<b>95 %</b>" in made
    assert "coverage goes from 25 % to 75 %; training rows is 95 %." in made
    assert not re.search(r">0\.\d+<", made)


FIRST = "document.querySelector('figure.chart')"
SAID = f"{FIRST}.querySelector('output').textContent"
VIEW = f"{FIRST}.querySelector('svg.area').getAttribute('viewBox').split(' ').map(Number)"
TICKS = f"[...{FIRST}.querySelectorAll('g.ticks text')].map(t => t.textContent)"
BUTTONS = f"[...{FIRST}.querySelectorAll('.zoom button')]"


@pytest.fixture
def shown(browser, tmp_path):
    """A page of one chart in the browser, and where the chart is."""
    lines = [Line(name, STEPS, values, filtered=False) for name, values in VALUES.items()]
    mark = Mark("best checkpoint: step 1,000", 1000, 0.002)
    return opened(browser, tmp_path, chart("Difference", "Of two sets.", lines, marks=[mark]))


def opened(browser, tmp_path, made):
    """A page of this chart in the browser, and where the chart is."""
    folder = files("wgan.reports")
    style, script = ((folder / name).read_text() for name in ("report.css", "charts.js"))
    path = tmp_path / "chart.html"
    head = f"<!doctype html><meta charset=utf-8><link rel=icon href='data:,'><style>{style}</style>"
    path.write_text(f"{head}<main>{made}</main><script>{script}</script>")
    browser.open(path)
    return browser, browser.value(f"Object.values({FIRST}.querySelector('svg.plot').getBoundingClientRect().toJSON())")


def point(shown, kind, share, **more):
    """An event of the mouse at a share of the chart's width."""
    browser, (left, top, width, height, *_) = shown
    browser("Input.dispatchMouseEvent", type=kind, x=left + share * width, y=top + height / 2, **more)


@pytest.mark.browser
def test_the_value_under_the_pointer_and_the_keys_is_the_one_that_was_logged(shown):
    browser, _ = shown
    assert browser.value(SAID) == ""
    point(shown, "mouseMoved", 0.5)
    step = int(re.match(r"step ([\d,]+): ", browser.value(SAID))[1].replace(",", ""))
    assert 400 <= step <= 600
    at = STEPS.tolist().index(step)
    expected = ", ".join(f"{name} {number(values[at])}" for name, values in VALUES.items())
    assert browser.value(SAID) == f"step {step}: {expected}"
    point(shown, "mouseMoved", 5)
    assert browser.value(SAID) == ""
    browser.press("Tab", 9)
    assert browser.value("document.activeElement.getAttribute('class')") == "plot"
    for key, code, at in (("Home", 36, 0), ("ArrowRight", 39, 1), ("End", 35, 20), ("ArrowLeft", 37, 19)):
        browser.press(key, code)
        assert browser.value(SAID).startswith(f"step {STEPS[at]:,.0f}: samples {number(VALUES['samples'][at])}")
    assert browser.complaints() == []


@pytest.mark.browser
def test_places_that_are_no_steps_are_said_as_they_are(browser, tmp_path):
    line = Line("samples", np.array([0.125, 0.25, 0.5]), np.array([1.0, 3.0, 2.0]), filtered=False)
    opened(browser, tmp_path, chart("Spectrum", "Power.", [line], across=FREQUENCIES))
    browser.press("Tab", 9)
    browser.press("Home", 36)
    browser.press("ArrowRight", 39)
    assert browser.value(SAID) == "frequency 0.250: samples 3.00"
    assert browser.value(f"{BUTTONS}.map(b => b.textContent)") == ["Zoom in", "Zoom out", "Show all"]
    browser.press("+", 187)
    assert all("." in tick for tick in browser.value(TICKS)[:3])
    assert browser.complaints() == []


@pytest.mark.browser
def test_a_chart_zooms_at_the_pointer_moves_with_it_and_comes_back(shown):
    browser, _ = shown
    left, top, width, height = browser.value(VIEW)
    ticks = browser.value(TICKS)
    assert browser.value(f"{BUTTONS}.map(b => b.disabled)") == [False, True, True]
    point(shown, "mouseWheel", 0.5, deltaX=0, deltaY=-100)
    assert browser.value(VIEW) == [left, top, width, height]  # the wheel alone scrolls the page
    point(shown, "mouseWheel", 0.5, deltaX=0, deltaY=-100, modifiers=2)
    first = browser.value(VIEW)
    assert first[2] == pytest.approx(width / 1.5)
    assert browser.value(TICKS) != ticks
    assert browser.value(f"{FIRST}.querySelector('circle.mark').getAttribute('visibility')") == "hidden"
    point(shown, "mousePressed", 0.6, button="left", buttons=1, clickCount=1)
    point(shown, "mouseMoved", 0.5, button="left", buttons=1)
    point(shown, "mouseReleased", 0.5, button="left", clickCount=1)
    moved = browser.value(VIEW)
    assert moved[2] == first[2]
    assert moved[0] > first[0]
    assert browser.value(f"{BUTTONS}.map(b => b.disabled)") == [False, False, False]
    browser.value(f"{BUTTONS}[2].click()")
    assert (browser.value(VIEW), browser.value(TICKS)) == ([left, top, width, height], ticks)
    for key, code, part in (("+", 187, 1 / 2), ("+", 187, 1 / 4), ("-", 189, 1 / 2), ("Escape", 27, 1)):
        browser.press(key, code)
        assert browser.value(VIEW)[2] == pytest.approx(width * part)
    assert browser.complaints() == []


def _ticks_of(found):
    """The texts below the horizontal axis without its name, and those beside the vertical one."""
    below = re.search(r'<g class="ticks">(.*?)<text class="axis"', str(found), re.S)[1]
    beside = re.search(r'<g class="grid">(.*?)</g>', str(found), re.S).group(1)
    return [re.findall(r">([^<]+)</text>", part) for part in (below, beside)]


def test_ticks_of_steps_are_steps_and_those_of_equal_values_differ():
    nearly = Line("kinds", np.array([50, 60]), np.array([1.0, 1.00002]))
    below, beside = _ticks_of(chart("t", "", [nearly]))
    assert below == ["50", "55", "60"], "not 52.5, which would be written as 52"
    assert len(set(beside)) == len(beside) > 1
    at = Line("kinds", np.array([0.0, 0.5]), np.array([1.0, 2.0]))
    assert "0.2" in _ticks_of(chart("t", "", [at], across=Across("place", "place", whole=False)))[0]


def test_the_band_of_a_share_ends_at_0():
    line = Line("share", np.arange(3), np.array([0.0, 0.2, 0.01]), error=np.full(3, 0.05))
    assert _ticks_of(chart("t", "", [line], percent=True))[1][0] == "0 %"
    assert float(_ticks_of(chart("t", "", [line]))[1][0]) < 0
