"""The page's own logic without a browser: links that hold a state, bars that keep their total, places of labels."""

import json
import math
import subprocess
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lab.node import LAB, binary

from benchmarks.lab_studies import page


def value_of(module, expression, **values):
    """The value of an expression of a module's exports `m`, with `values` as `given`."""
    script = f"import * as m from {json.dumps((LAB / module).as_uri())}; const given = {json.dumps(values)};"
    script += f"process.stdout.write(JSON.stringify({expression}));"
    done = subprocess.run(
        [binary(), "--input-type=module", "-e", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# two rooms with every kind of field; a room's check ties two fields
ROOMS = """
const f = await import(%s);
const rooms = [
  { name: "one", fields: { x: f.number(-1, 1, 0.5, 2), n: f.whole(0, 9, 3), w: f.oneOf(["a", "b"]) } },
  { name: "two", fields: { p: f.numbers(2, 4, 0, 6, [1, 2]), q: f.numbers(2, 4, 0, 6, [2, 1]) },
    check: ({ p, q }) => p.length === q.length },
];
"""


def fragments(expression, **values):
    """The value of an expression of fragment.js `m` and of `rooms`."""
    setup = ROOMS % json.dumps((LAB / "page/fields.js").as_uri())
    return value_of("page/fragment.js", f"await (async () => {{ {setup} return {expression}; }})()", **values)


def test_a_state_comes_back_from_its_link():
    states = [["one", {"x": x / 100, "n": n, "w": w}] for x in range(-100, 101, 7) for n in (0, 3, 9) for w in "ab"]
    states += [["two", {"p": [0, 6, 2, 1], "q": [1, 1, 1, 6]}], ["two", {"p": [1, 2], "q": [2, 1]}]]
    back = fragments(
        "given.states.map(([name, state]) => {"
        " const r = m.read(m.write(rooms.find((one) => one.name === name), state), rooms);"
        " return [r.room.name, r.state, r.complaint]; })",
        states=states,
    )
    assert back == [[name, state, ""] for name, state in states]


TAMPERED = [
    "#v=2&room=one", "#room=one", "#v=1", "#v=1&room=three", "#v=1&room=one&x=2", "#v=1&room=one&x=NaN",
    "#v=1&room=one&x=1e0", "#v=1&room=one&x=Infinity", "#v=1&room=one&x=0.1&x=0.2", "#v=1&room=one&n=1.5",
    "#v=1&room=one&n=99999999999999", "#v=1&room=one&w=c", "#v=1&room=one&y=1", "#v=1&room=one&x=", "#v=1&room=one&x",
    "#v=1&room=one&__proto__=1", "#v=1&room=one&constructor=1", "#v=1&room=one&toString=1", "#v=1&room=__proto__",
    "#v=1&room=two&p=1,2,3", "#v=1&room=two&p=1", "#v=1&room=two&p=1,,2&q=1,1,1", "#v=1&room=two&p=1,2,3,4,5",
    "#v=1&room=two&p=-1,2", "#v=1&room=one&x=%30", "#v=1&room=one&w=a%00",
    "#v=1&room=one&w=<img src=x onerror=alert(1)>", "#v=1&room=one&&", "#=", "#v=1&room=one&x=0." + "1" * 9000,
    "#javascript:alert(1)",
]  # fmt: skip


def test_a_tampered_link_gives_the_start_and_one_sentence():
    each = "{ const r = m.read(one, rooms); return [r.room.name, r.state, r.complaint]; }"
    read = fragments(f"given.links.map((one) => {each})", links=TAMPERED)
    starts = {"one": {"x": 0.5, "n": 3, "w": "a"}, "two": {"p": [1, 2], "q": [2, 1]}}
    for link, (room, state, complaint) in zip(TAMPERED, read, strict=True):
        assert state == starts[room], link
        assert complaint.startswith("This link was damaged"), link
        assert complaint.count(".") == 1, link


@settings(max_examples=5, deadline=None)  # each starts a process
@given(st.lists(st.tuples(st.lists(st.integers(0, 6), min_size=4, max_size=8), st.integers(0, 7), st.integers(0, 6)),
                min_size=20, max_size=20))  # fmt: skip
def test_a_dragged_bar_gets_its_height_and_the_total_stays(cases):
    cases = [[bars, place % len(bars), height] for bars, place, height in cases]
    after = value_of("rooms/earth.js", "given.cases.map((one) => m.rebalanced(...one))", cases=cases)
    for (bars, place, height), found in zip(cases, after, strict=True):
        assert sum(found) == sum(bars)
        assert all(0 <= one <= 6 for one in found)
        others, most = sum(bars) - bars[place], 6 * (len(bars) - 1)
        assert found[place] == min(max(height, sum(bars) - most), bars[place] + others)


def test_the_moves_of_the_worked_example_turn_its_heaps_into_its_holes():
    setup = "const { emd1d } = await import(given.transport);"
    setup += "const found = emd1d([3, 2, 1, 4], [1, 2, 4, 3], [0, 1, 2, 3]);"
    walk = "[0, 1, 2, 3].map((done) => m.heaps([3, 2, 1, 4], found.order, done))"
    stacks = value_of(
        "rooms/earth.js",
        f"await (async () => {{ {setup} return {walk}; }})()",
        transport=(LAB / "mathematics/transport.js").as_uri(),
    )
    assert [[len(one) for one in stack] for stack in stacks] == [[3, 2, 1, 4], [1, 4, 1, 4], [1, 2, 3, 4], [1, 2, 4, 3]]
    assert sorted(unit for stack in stacks[-1] for unit in stack) == [0] * 3 + [1] * 2 + [2] + [3] * 4


@settings(max_examples=5, deadline=None)
@given(st.lists(st.lists(st.floats(0, 300), min_size=1, max_size=8), min_size=20, max_size=20))
def test_labels_are_apart_in_their_order_and_stay_where_they_may(cases):
    placed = value_of("drawing/scale.js", "given.cases.map((one) => m.apart(one, 18))", cases=cases)
    for wanted, found in zip(cases, placed, strict=True):
        order = sorted(range(len(wanted)), key=lambda k: (wanted[k], k))
        gaps = [found[b] - found[a] for a, b in pairwise(order)]
        assert all(gap >= 18 - 1e-6 for gap in gaps)
        if all(wanted[b] - wanted[a] >= 18 for a, b in pairwise(order)):
            assert found == pytest.approx(wanted)


def test_keys_move_a_handle_by_steps_and_never_past_its_ends():
    keys = ["ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown", "PageUp", "PageDown", "Home", "End", "a", "Enter"]
    each = "[0, 0.9, 1].map((value) => m.afterKey(key, value, given.range) ?? null)"
    steps = {"low": 0, "high": 1, "step": 0.1, "leap": 0.3}
    found = value_of("drawing/handles.js", f"given.keys.map((key) => {each})", keys=keys, range=steps)
    up, down = [0.1, 1, 1], [0, 0.8, 0.9]
    assert found == [up, up, down, down, [0.3, 1, 1], [0, 0.6, 0.7], [0, 0, 0], [1, 1, 1], [None] * 3, [None] * 3]


def test_only_w1_brings_the_generators_line_home():
    setup = "const { slopesOfLines } = await import(given.divergences);"
    walk = "Object.fromEntries(['w1', 'js', 'tv', 'kl'].map((name) => { let at = given.theta; "
    walk += "for (let k = 0; k < 20; k++) at = m.descended(at, slopesOfLines(at)[name]); return [name, at]; }))"
    for theta in (0.63, -0.95, 0.04):
        ends = value_of("rooms/lines.js", f"await (async () => {{ {setup} return {walk}; }})()", theta=theta,
                    divergences=(LAB / "mathematics/divergences.js").as_uri())  # fmt: skip
        assert ends == {"w1": 0, "js": theta, "tv": theta, "kl": theta}


def test_arrows_of_the_perfect_players_are_the_gradients_of_the_study():
    from wgan.studies.vanishing_gradient import best

    losses = {"saturating": "log(1 - D)", "nonSaturating": "-log D"}
    for distance in (0.5, 2.0, 8.0):
        places = [-2.0, -0.5, 0.0, 1.0, 3.0]
        found = value_of("rooms/perfect_critic.js", "given.places.map((x) => m.gradients(x, given.distance, 1))",
                     places=places, distance=distance)  # fmt: skip
        for name, loss in losses.items():
            for x, one in zip(places, found, strict=True):
                assert one[name]["size"] == pytest.approx(float(best(loss, x, distance)), rel=1e-9)
                assert one[name]["way"] == 1  # towards the real rows
        assert all(one["critic"] == {"size": 1, "way": 1} for one in found)


def test_the_page_says_what_the_gallery_says_of_the_studies():
    assert (LAB / "page/studies.json").read_text(encoding="utf-8") == page(), "python benchmarks/lab_studies.py"


def test_ticks_are_round_and_cover_the_range():
    for low, high in ((0, 1), (-1, 1), (0, 2500), (-5.3, 0.7), (1e-9, 3e-9)):
        ticks = value_of("drawing/scale.js", "m.ticks(given.low, given.high, 5)", low=low, high=high)
        assert 3 <= len(ticks) <= 11
        step = ticks[1] - ticks[0]
        assert round(step / 10 ** math.floor(math.log10(step) + 1e-9), 6) in (1, 2, 5, 10)
        assert low - 1e-9 * step <= ticks[0] < low + step
        assert high - step < ticks[-1] <= high + 1e-9 * step
