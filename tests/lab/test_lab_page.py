"""The page of `wgan lab` in headless Chromium: by keyboard alone, in each width and colour, with links and pictures."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest

import wgan
from wgan.errors import by_command
from wgan.maths import divergences
from wgan.maths.transport import emd
from wgan.reports.verdicts import verdicts

PAGE = Path(wgan.__file__).parent / "lab" / "lab.html"
PROBE = (Path(__file__).parent / "probe.js").read_text()
KEYS = {
    "Tab": 9, "Enter": 13, " ": 32, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "PageUp": 33,
}  # fmt: skip
pytestmark = pytest.mark.browser


class Link:
    """The page with a fragment, as `Browser.open` takes a path."""

    def __init__(self, fragment):
        self.fragment = fragment

    def resolve(self):
        return self

    def as_uri(self):
        return PAGE.as_uri() + self.fragment


def go(browser, fragment="", **how):
    browser.open(Path("/"), **how)  # a change of the fragment alone would not load the page again
    browser.open(Link(fragment), **how)
    browser.value(PROBE)


def press(browser, *keys):
    for key in keys:
        named = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": KEYS[key]}
        typed = {"text": {"Enter": "\r", " ": " "}[key]} if key in ("Enter", " ") else {}
        browser("Input.dispatchKeyEvent", type="keyDown", **named, **typed)
        browser("Input.dispatchKeyEvent", type="keyUp", **named)


def rooms(browser):
    go(browser)
    return browser.value("probe.rooms()")


def enter(browser, room, **how):
    go(browser, f"#v=1&room={room}", **how)
    assert browser.value("probe.room()") == room


def test_there_are_five_rooms_with_three_sentences_each(browser):
    names = rooms(browser)
    assert names == ["earth", "lines", "perfect-critic", "train", "faults"]
    for name in names:
        enter(browser, name)
        lead = browser.value("probe.text('.lead')")
        assert lead.count(". ") + lead.count("? ") == 2, lead
        assert browser.value("probe.text('.act')")
        assert browser.value("probe.text('.study > p:last-child code')").startswith("wgan study ")


@pytest.mark.parametrize("width", [390, 1200])
def test_every_room_fits_in_light_and_dark_and_the_console_stays_empty(browser, width):
    for name in rooms(browser):
        shades = []
        for dark in (False, True):
            enter(browser, name, width=width, dark=dark)
            assert browser.value("document.documentElement.scrollWidth") <= width, name
            assert browser.value("probe.textsOutside()") == [], name
            assert browser.value("probe.smallest()") >= 12, name
            shades.append(browser.value("probe.brightness()"))
            assert browser.complaints() == [], name
        assert shades[0] > 700
        assert shades[1] < 120


@pytest.mark.parametrize("width", [390, 1200])
def test_figures_grow_with_the_letters_of_the_reader(browser, width):
    seen = "probe.all('svg text').map((one) => parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a)"
    for name in rooms(browser):
        enter(browser, name, width=width)
        usual = browser.value(f"[Math.min(...{seen}), Math.max(...{seen})]")
        go(browser, "#v=1&room=lines" if name == "earth" else "", width=width)
        browser.value("document.documentElement.style.fontSize = '32px'; 1")
        browser.value(f"location.hash = '#v=1&room={name}'; probe.until(() => probe.room() === '{name}')")
        larger = browser.value(f"[Math.min(...{seen}), Math.max(...{seen})]")
        assert larger[0] > usual[0] - 0.1, name
        assert larger[1] > (1.05 if width == 390 else 1.2) * usual[1], (name, usual, larger)
        assert browser.value("probe.textsOutside()") == [], name
        assert browser.complaints() == [], name


def test_a_browser_without_a_canvas_is_told(browser):
    go(browser)
    browser.value("HTMLCanvasElement.prototype.getContext = () => null; 1")
    browser.value("location.hash = '#v=1&room=train'; probe.until(() => probe.room() === 'train')")
    assert "no canvas" in browser.value("probe.text('.board')")
    browser.value("probe.button('Save the picture as PNG').click(); probe.until(() => probe.message())")
    assert browser.value("probe.message()").endswith("this browser draws on no canvas; save the picture as SVG.")
    assert browser.complaints() == []


def test_tab_reaches_every_control_of_every_room(browser):
    for name in rooms(browser):
        enter(browser, name)
        count = browser.value("(window.unreached = new Set(probe.controls())).size")
        assert count > 3
        for _ in range(count + 40):
            press(browser, "Tab")
            browser.value("unreached.delete(document.activeElement)")
        assert browser.value("[...unreached].map((one) => one.outerHTML.slice(0, 120))") == [], name


def test_every_control_has_a_name_of_its_own_and_sliders_say_their_value(browser):
    for name in rooms(browser):
        enter(browser, name)
        nodes = [one for one in browser("Accessibility.getFullAXTree")["nodes"] if not one.get("ignored")]
        acting = {"button", "slider", "radio", "link", "DisclosureTriangle", "checkbox", "combobox"}
        found = [one for one in nodes if one["role"]["value"] in acting]
        names = [one["name"]["value"].strip() for one in found]
        assert all(names), name
        assert all(one["value"]["value"] != "" for one in found if one["role"]["value"] == "slider"), name
        moved = [said for said, one in zip(names, found, strict=True) if one["role"]["value"] in ("slider", "button")]
        assert len(set(moved)) == len(moved), moved  # two controls of one name cannot be told apart


def test_arrow_keys_move_every_slider(browser):
    for name in rooms(browser):
        enter(browser, name)
        for i in range(browser.value("(window.sliders = probe.sliders()).length")):
            browser.value(f"sliders[{i}].focus()")
            before = browser.value(f"probe.valueOf(sliders[{i}])")
            press(browser, "ArrowRight")
            if browser.value(f"probe.valueOf(sliders[{i}])") == before:  # it was at its end
                press(browser, "ArrowLeft")
            assert browser.value(f"probe.valueOf(sliders[{i}])") != before, (name, i)
            assert browser.value(f"document.activeElement === sliders[{i}]"), (name, i)  # drawing keeps the focus
        assert browser.complaints() == [], name


def test_the_worked_example_is_in_the_page_and_follows_the_product(browser):
    def said():
        moves = browser.value("probe.all('.moves td').map((one) => one.textContent.replace('−', '-'))")
        ways = browser.value("[1, 2, 3].map((k) => probe.text(`#way-${k} b`)).concat(probe.text('#cost'))")
        return moves, ways, browser.value("probe.text('#beside')")

    enter(browser, "earth")
    moves, ways, beside = said()
    assert moves == ["2", "2", "-1", "0"]
    assert ways == ["5"] * 4
    assert "W1 0.5 " in beside
    browser.value("probe.sliders()[0].focus()")
    press(browser, "ArrowUp", "ArrowUp")  # the first heap gets two units of the fullest other heap
    P, Q = [5, 2, 1, 2], [1, 2, 4, 3]
    moves, ways, beside = said()
    assert moves == [str(one) for one in emd(P, Q).moves]
    assert ways == [f"{emd(P, Q).cost:g}"] * 4
    for name, key in (("KL(P ‖ Q)", "kl"), ("JS", "js"), ("TV", "tv")):
        exact = divergences.divergence(key, np.array(P) / 10, np.array(Q) / 10)
        assert f"{name} {float(f'{exact:.3g}'):g}" in beside


def test_a_bar_is_dragged_by_pointer(browser):
    enter(browser, "earth")
    x, y = browser.value("(({ x, y, width, height }) => [x + width / 2, y + height / 2])"
                         "(probe.sliders()[0].querySelector('.knob').getBoundingClientRect())")  # fmt: skip
    for kind, dy in (("mousePressed", 0), ("mouseMoved", -40), ("mouseMoved", -80), ("mouseReleased", -80)):
        browser("Input.dispatchMouseEvent", type=kind, x=x, y=y + dy, button="left", buttons=1, clickCount=1)
    assert int(browser.value("probe.valueOf(probe.sliders()[0])")) > 3
    total = "probe.sliders().slice(0, 4).reduce((sum, one) => sum + Number(probe.valueOf(one)), 0)"
    assert browser.value(total) == 10


def test_the_moves_are_made_by_key(browser):
    enter(browser, "earth")
    browser.value("probe.button('Make the next move').focus()")
    press(browser, "Enter", " ", "Enter")
    assert "Work in all: 5." in browser.value("probe.text('.card [role=status]')")


def test_a_state_is_in_the_link_and_comes_back(browser):
    for name in rooms(browser):
        enter(browser, name)
        browser.value("probe.all('[role=slider], input[type=radio]:checked, input[type=range]')[0].focus()")
        press(browser, "ArrowRight", "ArrowRight")
        browser.value("probe.until(() => location.hash.split('&').length > 2)")
        link, before = browser.value("location.hash"), browser.value("probe.state()")
        assert link.startswith(f"#v=1&room={name}&"), link
        go(browser, link)
        assert browser.value("probe.state()") == before, name
        assert browser.value("probe.message()") == ""
        assert browser.complaints() == []


HOSTILE = [
    "#v=1&room=earth&p=<img src=x onerror=window.owned=1>", "#v=1&room=<script>window.owned=1</script>",
    "#v=1&room=earth&p=%3Cimg%20src=x%20onerror=window.owned=1%3E", "#javascript:window.owned=1",
    "#v=1&room=earth&p=9,9,9,9", "#v=1&room=lines&theta=1e999", "#v=1&room=__proto__",
    "#v=1&room=earth&__proto__=owned", "#v=999&room=earth", "#" + "v=1&" * 5000,
]  # fmt: skip


def test_a_hostile_link_runs_nothing_and_gives_one_sentence(browser):
    usual = {}
    for name in rooms(browser):
        enter(browser, name)
        usual[name] = browser.value("document.body.querySelectorAll('*').length")
    for link in HOSTILE:
        go(browser, link)
        assert browser.value("window.owned === undefined && ({}).owned === undefined"), link
        assert browser.value("probe.message()").startswith("This link was damaged"), link
        assert browser.value("document.body.querySelectorAll('*').length") == usual[browser.value("probe.room()")], link
        assert browser.complaints() == [], link


def test_the_pages_policy_lets_nothing_else_run(browser):
    go(browser)
    browser.value("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.owned = 1\">')")
    browser.value("document.body.append(Object.assign(document.createElement('script'), { text: 'owned = 1' }))")
    assert browser.value("new Promise((done) => setTimeout(() => done(window.owned === undefined), 200))")


def test_a_room_is_saved_as_svg_and_as_png(browser):
    for name in rooms(browser):
        enter(browser, name)
        browser("Page.setDownloadBehavior", behavior="deny")
        for words in ("Save the picture as PNG", "Save it as SVG"):
            browser.value(f"probe.button({json.dumps(words)}).click()")
        browser.value("probe.until(() => probe.saved.length === 2)")
        png, svg = (base64.b64decode(browser.value(f"probe.base64('image/{kind}')")) for kind in ("png", "svg+xml"))
        assert png.startswith(b"\x89PNG")
        width, height = (int.from_bytes(png[k : k + 4], "big") for k in (16, 20))
        assert width > 1600, name
        assert height > 600, name
        read = browser.value(f"probe.read({json.dumps(svg.decode())})")
        assert read["whole"], name
        assert read["drawn"] > 10, name
        assert read["styled"] == 0, name


def test_each_fault_is_diagnosed_by_key_and_the_product_says_the_same(browser):
    recorded = json.loads((PAGE.parent / "rooms" / "faults.json").read_text())
    enter(browser, "faults")
    runs = browser.value("probe.all('.letters input').length")
    assert runs == len(recorded["runs"])
    found = set()
    for i in range(runs):
        browser.value("probe.all('.letters input:checked')[0].focus()")
        press(browser, *["ArrowRight"] * bool(i))
        assert browser.value("probe.verdicts()") == []  # nothing is told before a guess
        browser.value("probe.all('.list input')[0].focus()")
        press(browser, " ")
        fault = browser.value("probe.all('.answer h3')[0].dataset.planted")
        run = next(one for one in recorded["runs"] if one["planted"] == fault)
        with by_command():  # the page speaks of the command line
            exact = verdicts(as_log(run["columns"]), recorded["shared"] | run["config"])
        said = [[one.kind, one.sentence, one.evidence, *([one.remedy] if one.remedy else [])] for one in exact]
        assert browser.value("probe.verdicts()") == said, fault
        found.add(fault)
    assert found == {run["planted"] for run in recorded["runs"]}
    assert browser.complaints() == []


def test_a_training_runs_pauses_and_steps_by_key(browser):
    step = "Number(/Step ([\\d,]+) of/.exec(probe.text('.numbers'))?.[1].replace(',', '') ?? -1)"
    enter(browser, "train")
    browser.value(f"probe.until(() => {step} === 0)")
    browser.value("probe.button('One step').focus()")
    press(browser, "Enter")
    browser.value(f"probe.until(() => {step} === 1)")
    browser.value("probe.button('Run').focus()")
    press(browser, " ")
    browser.value(f"probe.until(() => {step} > 20)")
    press(browser, " ")  # the same button is named Pause now
    assert browser.value("document.activeElement.textContent") == "Run"
    browser.value("new Promise((done) => setTimeout(done, 600))")  # a frame may be on its way
    before = browser.value(step)
    browser.value("new Promise((done) => setTimeout(done, 600))")
    assert browser.value(step) == before
    browser.value("probe.button('Begin anew').focus()")
    press(browser, "Enter")
    browser.value(f"probe.until(() => {step} === 0)")
    assert browser.complaints() == []


def test_a_training_pauses_in_the_background_and_says_so(browser):
    enter(browser, "train")
    browser.value("probe.button('Run').click()")
    browser.value("Object.defineProperty(document, 'hidden', { value: true })")
    browser.value("document.dispatchEvent(new Event('visibilitychange'))")
    assert browser.value("probe.message()").startswith("Training paused while this tab was in the background.")
    assert browser.value("probe.button('Run') !== undefined")


def test_two_trainings_run_side_by_side_and_say_what_they_measure(browser):
    go(browser, "#v=1&room=train&beside=clip&pairs=yes&speed=slow")
    browser.value("probe.button('Run').click()")
    browser.value("probe.until(() => probe.all('.numbers').every((one) => /W1 [\\d.]+, /.test(one.textContent)))")
    said = browser.value("probe.all('.arena h3').map((one) => one.textContent)")
    assert said == ["WGAN-GP, λ = 0.1", "WGAN, clipped, c = 0.1"]
    assert "% of weights clipped" in browser.value("probe.all('.numbers')[1].textContent")
    assert "clipped" not in browser.value("probe.all('.numbers')[0].textContent")
    assert browser.complaints() == []


def test_points_are_drawn_by_key_and_one_point_gets_a_sentence(browser):
    go(browser, "#v=1&room=train&data=own")
    browser.value("probe.until(() => probe.text('.numbers').startsWith('There are no points'))")
    browser.value("probe.all('canvas')[0].focus()")
    press(browser, "ArrowRight", "ArrowRight", "ArrowUp", "Enter")
    browser.value("probe.until(() => probe.text('.numbers').startsWith('There is one point'))")
    press(browser, "ArrowLeft", "Enter")
    browser.value("probe.until(() => probe.text('.numbers').includes('W1'))")
    browser.value("probe.until(() => location.hash.includes('points='))")
    assert "points=0.2,0.1,0.1,0.1" in browser.value("location.hash")
    assert browser.complaints() == []


def test_the_skip_link_goes_to_the_room_and_keeps_its_state(browser):
    go(browser, "#v=1&room=lines&theta=0.3")
    browser.value("document.querySelector('.skip').focus()")
    press(browser, "Enter")
    browser.value("probe.until(() => document.activeElement.id === 'room')")
    assert browser.value("[location.hash, probe.room(), probe.message()]") == ["#v=1&room=lines&theta=0.3", "lines", ""]


def test_a_state_is_in_the_history_however_soon_another_room_is_entered(browser):
    enter(browser, "lines")
    browser.value("probe.sliders()[0].focus()")
    press(browser, "ArrowRight")
    browser.value("document.querySelector('nav a[data-room=earth]').click()")
    browser.value("probe.until(() => probe.room() === 'earth')")
    browser.value("history.back()")
    browser.value("probe.until(() => probe.room() === 'lines')")
    assert browser.value("location.hash") == "#v=1&room=lines&theta=0.61"


def test_a_step_is_made_however_soon_it_follows_a_beginning(browser):
    enter(browser, "train")
    browser.value("probe.until(() => probe.text('.numbers').startsWith('Step 0 of'))")
    browser.value("probe.button('Begin anew').click(); probe.button('One step').click()")
    browser.value("probe.until(() => probe.text('.numbers').startsWith('Step 1 of'))")


def test_a_message_goes_when_it_holds_no_more(browser):
    go(browser, "#v=999")
    assert browser.value("probe.message()")
    browser.value("probe.sliders()[0].focus()")
    press(browser, "ArrowUp")
    assert browser.value("probe.message()") == ""
    enter(browser, "train")
    browser.value("probe.button('Run').click()")
    browser.value("Object.defineProperty(document, 'hidden', { value: true })")
    browser.value("document.dispatchEvent(new Event('visibilitychange'))")
    assert browser.value("probe.message()")
    browser.value("probe.button('Run').click()")
    assert browser.value("probe.message()") == ""


def test_a_lost_canvas_gets_a_sentence(browser):
    enter(browser, "train")
    browser.value("probe.all('canvas')[0].dispatchEvent(new Event('contextlost'))")
    assert browser.value("probe.message()").startswith("The browser took the picture away")


def test_run_stays_run_where_nothing_can_be_trained(browser):
    go(browser, "#v=1&room=train&data=own&points=0.5,0.5")
    browser.value("probe.until(() => probe.text('.numbers').startsWith('There is one point'))")
    browser.value("probe.button('Run').click()")
    browser.value("probe.until(() => probe.button('Run'))")
    assert browser.value("probe.text('.numbers')").startswith("There is one point")


WORKERS = {
    "kept": "window.made = []; window.Worker = class extends Worker { constructor(...given) { super(...given); "
    "made.push(this); } postMessage(one) { this.number = one.number; super.postMessage(one); } };",
    "refused": "window.Worker = class { constructor() { throw new Error('not allowed'); } };",
}


@pytest.fixture
def workers(browser):
    """Put one of WORKERS in the place of the browser's own, for one test."""
    made = []
    yield lambda kind: made.append(browser("Page.addScriptToEvaluateOnNewDocument", source=WORKERS[kind])["identifier"])
    for one in made:
        browser("Page.removeScriptToEvaluateOnNewDocument", identifier=one)


def test_numbers_that_are_not_finite_break_no_picture(browser, workers):
    workers("kept")
    enter(browser, "train")
    browser.value("probe.until(() => probe.text('.numbers').includes('W1'))")
    frame = (
        "kind: 'frame', at: 7, fake: [NaN, Infinity], surface: Array(1600).fill(NaN), slopes: Array(242).fill(NaN), "
    )
    frame += "norms: { critic: [NaN, Infinity], generator: [NaN, 1] }, clipped: null, losses: {}"
    measured = (
        "kind: 'measured', step: 8, w1: 15, lower: 1, upper: 16, estimate: NaN, floor: 0.1, pairs: [], modes: null"
    )
    for message in (frame, measured, "kind: 'ended', sentence: 'It ended.'"):
        browser.value(f"made[0].onmessage({{ data: {{ number: made[0].number, {message} }} }})")
    browser.value("probe.until(() => probe.text('.numbers') === 'It ended.')")
    assert browser.value("probe.all('.chart svg').some((one) => one.innerHTML.includes('NaN'))") is False
    assert browser.complaints() == []


def test_a_fault_of_the_page_is_said_until_the_training_begins_anew(browser, workers):
    workers("kept")
    enter(browser, "train")
    browser.value("probe.button('Run').click()")
    browser.value("probe.until(() => probe.text('.numbers').includes('W1'))")
    browser.value("made[0].onerror({})")
    browser.value("probe.all('input[type=checkbox]')[0].click()")  # which draws again
    assert browser.value("probe.text('.numbers')").startswith("The training stopped for a fault")
    assert browser.value("probe.button('Run') !== undefined")
    browser.value("probe.button('Begin anew').click()")
    browser.value("probe.until(() => probe.text('.numbers').includes('W1'))")


def test_a_browser_without_workers_gets_a_sentence_that_stays(browser, workers):
    workers("refused")
    enter(browser, "train")
    browser.value("probe.all('input[type=checkbox]')[0].click()")
    browser.value("probe.button('Run').click()")
    assert browser.value("probe.text('.numbers')") == "This browser does not let the page train: not allowed."
    assert browser.value("probe.button('Run') !== undefined")


def test_pictures_follow_slowly_where_motion_is_not_wanted(browser):
    enter(browser, "train")
    browser("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    browser.value("probe.until(() => probe.text('.numbers').includes('W1'))")
    browser.value("probe.button('Run').click()")
    watch = "new Promise((done) => { const begun = performance.now(); let seen = 0; "
    watch += "new MutationObserver(() => { seen += 1; }).observe(probe.all('.numbers')[0], { childList: true }); "
    watch += "setTimeout(() => done([seen, performance.now() - begun]), 4000); })"
    seen, milliseconds = browser.value(watch)
    assert 1 <= seen <= milliseconds / 900 + 1  # STILL of rooms/train.js


def test_no_grip_hides_the_name_of_what_it_moves(browser):
    names = {
        "earth&p=6,4,0,0,0,0,0,0&q=6,0,0,0,0,0,0,4": ["heaps P", "holes Q"],
        "perfect-critic&distance=0": ["distance 0"],
    }
    hidden = "probe.all('svg .knob').some((knob) => { const [a, b] = [knob, text].map((one) => "
    hidden += "one.getBoundingClientRect()); return a.left < b.right && b.left < a.right && a.top < b.bottom && "
    hidden += "b.top < a.bottom; })"
    for width in (390, 1200):
        for state, words in names.items():
            go(browser, f"#v=1&room={state}", width=width)
            found = "probe.all('svg text').filter((text) => given.includes(text.textContent))"
            assert browser.value(f"(window.given = {json.dumps(words)}, {found}.length)") == len(words)
            assert browser.value(f"{found}.filter((text) => {hidden}).map((text) => text.textContent)") == [], width


def test_larger_letters_of_the_reader_are_followed_and_fit(browser):
    for width in (390, 1200):
        for name in rooms(browser):
            enter(browser, name, width=width)
            browser.value("document.documentElement.style.fontSize = '32px'")
            assert browser.value("parseFloat(getComputedStyle(document.body).fontSize)") == 34
            assert browser.value("document.documentElement.scrollWidth") <= width, name


def as_log(columns):
    text = {name for name, values in columns.items() if any(isinstance(value, str) for value in values)}
    return {name: np.array(values, object if name in text else np.float64) for name, values in columns.items()}
