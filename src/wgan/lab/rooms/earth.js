// Room 1: two histograms, the cheapest way from one to the other, and W1 by three ways.
import { emd1d } from "../mathematics/transport.js";
import { js, kl, tv } from "../mathematics/divergences.js";
import { axes, line, note } from "../drawing/chart.js";
import { button } from "../drawing/controls.js";
import { figure } from "../drawing/figure.js";
import { handle } from "../drawing/handles.js";
import { inWords, linear } from "../drawing/scale.js";
import { arrow, html, put } from "../drawing/svg.js";
import { numbers } from "../page/fields.js";

export const TOTAL = 10; // units of earth
const HIGHEST = 6;
const EXAMPLES = {
  "The worked example": [[3, 2, 1, 4], [1, 2, 4, 3]],
  "Near": [[4, 6, 0, 0, 0, 0, 0, 0], [0, 0, 4, 6, 0, 0, 0, 0]],
  "Far": [[4, 6, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 4, 6]],
  "Equal": [[1, 4, 4, 1], [1, 4, 4, 1]],
};
const sum = (values) => values.reduce((total, value) => total + value, 0);
const signed = (value) => (value < 0 ? `−${-value}` : String(value));

// The histogram after bar i was set to `height`: what is added comes from the fullest other bar, what is taken goes to the emptiest.
export function rebalanced(bars, i, height) {
  const after = [...bars];
  for (let missing = height - bars[i]; missing !== 0; missing -= Math.sign(missing)) {
    const others = after.map((_, k) => k).filter((k) => k !== i && (missing > 0 ? after[k] > 0 : after[k] < HIGHEST));
    if (!others.length) break;
    const better = (a, b) => (missing > 0 ? after[b] - after[a] : after[a] - after[b]) || Math.abs(a - i) - Math.abs(b - i);
    after[others.sort(better)[0]] -= Math.sign(missing);
    after[i] += Math.sign(missing);
  }
  return after;
}

// Where each unit of P is after the first `done` moves: for each column, the columns that its units came from.
export function heaps(p, order, done) {
  const found = p.map((height, column) => Array(height).fill(column));
  for (const { amount, source, target } of order.slice(0, done)) {
    found[target].push(...found[source].splice(found[source].length - amount, amount));
  }
  return found;
}

export const earth = {
  name: "earth",
  title: "Earth",
  question: "How much work turns one histogram into another?",
  lead: [
    "The heaps above the ground are the histogram P, and the holes below are Q.",
    "Carrying one unit of earth to the next column is one unit of work, and the least work that fills every hole is the earth mover's distance.",
    "Three ways of counting, by moves, by prices and by areas, give the same number.",
  ],
  act: "Drag the top of a heap or the bottom of a hole, and watch the work change.",
  study: "earth-mover",
  fields: {
    p: numbers(4, 8, 0, HIGHEST, EXAMPLES["The worked example"][0]),
    q: numbers(4, 8, 0, HIGHEST, EXAMPLES["The worked example"][1]),
  },
  check: ({ p, q }) => p.length === q.length && sum(p) === TOTAL && sum(q) === TOTAL,
  asked: [
    ["Why does another bar move when I drag one?", "Both histograms keep 10 units, because earth is neither made nor lost. What you add to a bar is taken from the fullest other bar, and what you take away goes to the emptiest."],
    ["How do I find the moves by hand?", "Go from left to right. Whatever column 1 has too much must cross to column 2, whatever columns 1 and 2 together have too much must cross to column 3, and so on. So the earth that crosses is the running sum of P − Q. Where it is negative, earth crosses to the left."],
    ["What is the difference between moves and the plan?", "Moves say what crosses each border between columns. The plan says for each unit where it begins and where it ends. The moves of a plan are its units counted at each border, so both have the same work."],
    ["What is the potential?", "Think of a carrier who buys earth in one column and sells it in another, at a price that he sets for each column. A difference of prices above the distance would make you carry it yourself, so no slope may be steeper than 1. The highest income that he can have is exactly the least work. A critic of a WGAN is such a list of prices, one for every point."],
    ["What are KL, JS and TV?", "With p and q as the shares in each column: TV = ½ Σ |p − q|. KL(P ‖ Q) = Σ p log(p / q), which is infinite where q is 0 and p is not. JS is the mean of KL(P ‖ M) and KL(Q ‖ M), where M is the average of P and Q. A nat is the unit of natural logarithms."],
    ["Why does W1 grow with the distance, when the others do not?", "Try Near and then Far. KL, JS and TV compare the two heights in each column and never ask how far apart two columns are. Once no column holds both, they have nothing more to say: TV is 1, JS is log 2 = 0.693, and KL is infinite."],
    ["Is W1 the work, or the work per unit?", "For probabilities, each histogram is divided by its total, here 10. So a work of 5 is a W1 of 0.5 columns: on average, each unit travels half a column."],
  ],
  build,
};

function build(stage, page) {
  const { state } = page;
  const view = { state, done: 0, grips: [] };
  const top = html("div", { class: "split wide" });
  const ground = html("div", { class: "card" });
  const hand = html("div", { class: "card", id: "by-hand" });
  top.append(ground, hand);
  const buttons = html("div", { class: "row", role: "group", "aria-label": "Examples" });
  for (const [name, [p, q]] of Object.entries(EXAMPLES)) button(buttons, name, () => { view.done = 0; page.change({ p: [...p], q: [...q] }); });
  stage.append(buttons, top);
  const picture = figure(ground, { label: "The heaps P above the holes Q", height: (width) => (width < 500 ? 400 : 470) }, (ink, size) => drawGround(ink, size, view));
  const steps = html("div", { class: "row" });
  const list = html("ol", { class: "order", "aria-label": "The moves in order" });
  const back = button(steps, "Undo", () => move(-1));
  const next = button(steps, "Make the next move", () => move(1), "main");
  const told = html("p", { class: "small", role: "status" });
  ground.append(steps, told);

  function move(by) {
    view.done += by;
    showSteps();
    picture.redraw();
  }

  function showSteps() {
    const { order } = view.found;
    view.done = Math.max(0, Math.min(order.length, view.done));
    back.disabled = view.done === 0;
    next.disabled = view.done === order.length;
    const work = sum(order.slice(0, view.done).map((one) => one.amount));
    const one = order[view.done];
    list.replaceChildren(...order.map(({ amount, source, target }, i) => html("li", { class: i < view.done ? "done" : "" },
      `${amount} from column ${source + 1} to column ${target + 1}`)));
    told.textContent = !order.length ? "P and Q are equal, so nothing has to move."
      : one ? `Work so far: ${work}. Next: carry ${one.amount} from column ${one.source + 1} to column ${one.target + 1}.`
        : `Work in all: ${work}. The heaps have the heights of Q now, and fill the holes.`;
  }

  const three = threeWays(stage, view);
  const beside = besides(stage, view);
  return {
    show(now) {
      view.state = now;
      const { p, q } = now;
      view.found = emd1d(p, q, p.map((_, i) => i));
      if (view.grips.length !== 2 * p.length) view.grips = gripsOf(view, picture, page, p.length);
      showSteps();
      picture.redraw();
      byHand(hand, view, list);
      three();
      beside();
    },
  };
}

// The unit of height, the columns and the two grounds of the picture.
function places({ width, height }, count) {
  const gap = 64, edge = 38; // a grip at the edge leaves room for the name
  const unit = (height - gap - 2 * edge) / (2 * HIGHEST);
  const column = linear(-0.5, count - 0.5, 0, width);
  const upper = edge + HIGHEST * unit;
  return { unit, upper, lower: upper + gap, column, wide: Math.min(0.62 * (width / count), 92) };
}

function drawGround(ink, size, { state: { p, q }, found, done }) {
  const { unit, upper, lower, column, wide } = places(size, p.length);
  const stacks = heaps(p, found.order, done);
  for (const [i, stack] of stacks.entries()) {
    const x = column(i);
    stack.forEach((source, k) => block(ink, x, upper - (k + 1) * unit, wide, unit, source));
    for (let k = 0; k < q[i]; k++) put(ink, "rect", { x: x - wide / 2, y: lower + k * unit + 1, width: wide, height: unit - 2, class: "hole" });
    note(ink, x + wide / 2 + 7, upper - 6, String(stack.length), "quiet", "start");
    note(ink, x + wide / 2 + 7, lower + 16, String(q[i]), "quiet", "start");
  }
  for (const y of [upper, lower]) put(ink, "line", { x1: 0, x2: size.width, y1: y, y2: y, class: "ground" });
  note(ink, 2, 16, "heaps P", "", "start");
  note(ink, 2, size.height - 6, "holes Q", "", "start");
  const middle = (upper + lower) / 2;
  found.moves.slice(0, -1).forEach((flow, i) => {
    const x = (column(i) + column(i + 1)) / 2;
    if (!flow) { note(ink, x, middle + 5, "0", "quiet"); return; }
    const reach = Math.min(24, 0.26 * (column(1) - column(0))) * Math.sign(flow);
    arrow(ink, x - reach, middle + 12, x + reach, middle + 12);
    note(ink, x, middle - 2, String(Math.abs(flow)), "big");
  });
}

// A unit of earth, in the colour and with the number of the column that it comes from.
function block(ink, x, y, wide, unit, source) {
  put(ink, "rect", { x: x - wide / 2, y: y + 1, width: wide, height: unit - 2, rx: 3, class: `earth k${source % 6}` });
  put(ink, "text", { x: x - wide / 2 + 13, y: y + unit / 2 + 5, "text-anchor": "middle", class: "on-earth" }, source + 1);
}

// A grip on each heap and each hole.
function gripsOf(view, picture, page, count) {
  for (const grip of view.grips) grip.remove();
  const made = [];
  for (const side of ["p", "q"]) {
    for (let i = 0; i < count; i++) {
      let before = null;
      const up = side === "p";
      made.push(handle(picture, {
        name: `${up ? "Height of heap" : "Depth of hole"} ${i + 1}`, low: 0, high: HIGHEST, step: 1, leap: 3, axis: "y",
        text: (value) => `${value} of ${TOTAL} units`,
        value: () => view.state[side][i],
        began: () => { before = [...view.state[side]]; },
        place: (value) => {
          const { unit, upper, lower, column } = places(picture, count);
          return { x: column(i), y: up ? upper - value * unit : lower + value * unit };
        },
        at: (x, y) => {
          const { unit, upper, lower } = places(picture, count);
          return up ? (upper - y) / unit : (y - lower) / unit;
        },
        set: (value) => { view.done = 0; page.change({ [side]: rebalanced(before, i, value) }); },
      }));
    }
  }
  return made;
}

function byHand(host, { state: { p, q }, found }, list) {
  const columns = p.map((_, i) => html("th", { scope: "col" }, i + 1));
  const row = (name, values, kind = "") => html("tr", { class: kind }, html("th", { scope: "row" }, name), values.map((value) => html("td", {}, signed(value))));
  const crossing = found.moves.slice(0, -1).map((flow) => Math.abs(flow));
  host.replaceChildren(...[html("h3", {}, "By hand"),
    html("p", { class: "small" }, "From left to right: what a column has too much crosses to the next one."),
    html("table", {}, html("thead", {}, html("tr", {}, html("th", { scope: "col" }, "column"), columns)), html("tbody", {},
      row("P", p), row("Q", q), row("P − Q", p.map((height, i) => height - q[i])), row("crosses →", found.moves, "strong moves"))),
    html("p", { class: "sum" }, `Work: ${crossing.map((one) => one).join(" + ")} = `, html("b", { id: "cost" }, found.cost)),
    html("p", { class: "small" }, "A negative number crosses to the left. The last one is always 0, since nothing leaves the ground."),
    found.order.length ? html("h3", { class: "later" }, "In an order that works") : "", list].filter(Boolean));
}

function threeWays(stage, view) {
  const host = html("div", { class: "split three" });
  stage.append(host);
  const card = (title, words) => {
    const made = html("div", { class: "card" }, html("h3", {}, title), html("p", { class: "small" }, words));
    host.append(made);
    return made;
  };
  const first = card("1. By a plan", "How many units go from each column to each: amount times distance.");
  const second = card("2. By prices", "A potential f, nowhere steeper than 1, earns as much as it can.");
  const third = card("3. By areas", "The area between the running sums F of P and G of Q.");
  const height = 250;
  const figures = [
    figure(first, { label: "The plan", height }, (ink, size) => drawPlan(ink, size, view)),
    figure(second, { label: "The potential", height }, (ink, size) => drawPotential(ink, size, view)),
    figure(third, { label: "The running sums", height }, (ink, size) => drawSums(ink, size, view)),
  ];
  const sums = [first, second, third].map((one, i) => {
    const made = html("p", { class: "sum", id: `way-${i + 1}` });
    one.append(made);
    return made;
  });
  return () => {
    const { found, state: { p, q } } = view;
    for (const one of figures) one.redraw();
    const plan = sum(found.plan.map((one) => one.amount * Math.abs(one.source - one.target)));
    const income = sum(found.potential.map((f, i) => f * (p[i] - q[i])));
    const area = sum(found.moves.map(Math.abs));
    const said = [["Σ amount × distance = ", plan], ["Σ f (P − Q) = ", income], ["Σ |F − G| = ", area]];
    sums.forEach((one, i) => one.replaceChildren(said[i][0], html("b", {}, inWords(said[i][1]))));
    figures[0].describe(`The plan: ${found.plan.map((one) => `${one.amount} from ${one.source + 1} to ${one.target + 1}`).join(", ")}`);
    figures[1].describe(`The potential has the slopes ${found.slopes.map(signed).join(", ")}`);
    figures[2].describe(`The differences of the running sums are ${found.moves.map(signed).join(", ")}`);
  };
}

function drawPlan(ink, { width, height }, { found, state: { p } }) {
  const n = p.length, [left, top] = [58, 26];
  const X = linear(-0.5, n - 0.5, left, width), Y = linear(-0.5, n - 0.5, top, height - 8);
  const reach = Math.min(X(1) - X(0), Y(1) - Y(0)) / 2;
  put(ink, "text", { x: left, y: 10, class: "quiet" }, "to column");
  put(ink, "text", { x: 0, y: top + 2, class: "quiet" }, "from");
  for (let i = 0; i < n; i++) {
    put(ink, "text", { x: X(i), y: 26, "text-anchor": "middle", class: "quiet" }, i + 1);
    put(ink, "text", { x: left - 12, y: Y(i) + 5, "text-anchor": "end", class: "quiet" }, i + 1);
    for (let k = 0; k < n; k++) put(ink, "circle", { cx: X(k), cy: Y(i), r: 1.5, class: "speck" });
  }
  for (const { amount, source, target } of found.plan) {
    const r = Math.max(9, reach * Math.sqrt(amount / HIGHEST) * 0.96);
    put(ink, "circle", { cx: X(target), cy: Y(source), r, class: `${source === target ? "stays" : "goes"} k${source % 6}` });
    put(ink, "text", { x: X(target), y: Y(source) + 5, "text-anchor": "middle", class: source === target ? "" : "on-earth" }, amount);
  }
}

function drawPotential(ink, { width, height }, { found }) {
  const f = found.potential, n = f.length;
  const low = Math.min(...f), high = Math.max(...f, low + 2);
  const { X, Y } = axes(ink, { x: { low: 0.6, high: n + 0.4, ticks: f.map((_, i) => i + 1), label: "" },
    y: { low: low - 0.3, high: high + 0.3, label: "price f" }, left: 34, right: width - 4, top: 30, bottom: height - 30 });
  line(ink, f.map((value, i) => [X(i + 1), Y(value)]), "k0");
  f.forEach((value, i) => put(ink, "circle", { cx: X(i + 1), cy: Y(value), r: 5, class: "dot k0" }));
  found.slopes.forEach((slope, i) => note(ink, X(i + 1.5) + (slope > 0 ? -4 : 4), Y((f[i] + f[i + 1]) / 2) - 7, slope > 0 ? `+${slope}` : signed(slope), "k0", slope > 0 ? "end" : "start"));
}

function drawSums(ink, { width, height }, { found, state: { p, q } }) {
  const n = p.length;
  const running = (bars) => bars.map((_, i) => sum(bars.slice(0, i + 1)));
  const [F, G] = [running(p), running(q)];
  const { X, Y } = axes(ink, { x: { low: 0.6, high: n + 1, ticks: p.map((_, i) => i + 1) },
    y: { low: 0, high: TOTAL, ticks: [0, 5, 10], label: "units so far" }, left: 34, right: width - 4, top: 30, bottom: height - 30 });
  F.forEach((value, i) => {
    if (i + 1 === n || value === G[i]) return;
    const [high, low] = [Math.max(value, G[i]), Math.min(value, G[i])];
    put(ink, "rect", { x: X(i + 1), y: Y(high), width: X(i + 2) - X(i + 1), height: Y(low) - Y(high), class: "area k3" });
    note(ink, X(i + 1.5), (Y(high) + Y(low)) / 2 + 5, signed(found.moves[i]), "k3");
  });
  const stairs = (values) => [[X(0.6), Y(0)], ...values.flatMap((value, i) => [[X(i + 1), Y(i ? values[i - 1] : 0)], [X(i + 1), Y(value)]]), [X(n + 1), Y(values[n - 1])]];
  line(ink, stairs(F), "k0");
  line(ink, stairs(G), "k1");
  const at = F.findIndex((value, i) => value !== G[i]);
  const shown = at < 0 ? Math.floor(n / 2) - 1 : at;
  const above = F[shown] >= G[shown];
  note(ink, X(shown + 1) - 7, Y(F[shown]) + (above ? -2 : 16), "F", "k0", "end");
  note(ink, X(shown + 2) + 7, Y(G[shown]) + (above ? 16 : -5), at < 0 ? "= G" : "G", "k1", "start");
}

function besides(stage, view) {
  const host = html("div", { class: "card" }, html("h3", {}, "What other distances say"),
    html("p", { class: "small" }, "Of the same two histograms, divided by their total. A full bar is the largest value there is; for W1, the length of the ground."));
  stage.append(host);
  const values = () => {
    const { p, q } = view.state;
    return [
      { name: "W1", text: " columns", value: view.found.cost / TOTAL, most: p.length - 1, kind: "k0" },
      { name: "KL(P ‖ Q)", text: " nats", value: kl(p, q), most: Infinity, kind: "k3" },
      { name: "JS", text: " nats", value: js(p, q), most: Math.LN2, kind: "k1" },
      { name: "TV", text: "", value: tv(p, q), most: 1, kind: "k2" },
    ];
  };
  const drawn = figure(host, { label: "Distances", height: 4 * 40 }, (ink, { width }) => {
    const left = 92, right = width - 150;
    values().forEach(({ name, value, most, kind, text }, i) => {
      const y = 40 * i + 20;
      const part = most === Infinity ? value / (1 + value) : value / most;
      const filled = value === Infinity ? 1 : Math.min(1, part);
      put(ink, "text", { x: 0, y: y + 5, class: `label ${kind}` }, name);
      put(ink, "rect", { x: left, y: y - 9, width: right - left, height: 18, rx: 4, class: "track" });
      put(ink, "rect", { x: left, y: y - 9, width: Math.max(0, filled * (right - left)), height: 18, rx: 4, class: `bar ${kind}` });
      put(ink, "text", { x: right + 12, y: y + 5 }, `${inWords(value)}${value === Infinity ? "" : text}${most !== Infinity && filled >= 1 - 1e-9 ? ", its most" : ""}`);
    });
  });
  const line = html("p", { class: "unseen", id: "beside" });
  host.append(line);
  return () => {
    drawn.redraw();
    line.textContent = values().map(({ name, value }) => `${name} ${inWords(value)}`).join(" · ");
    drawn.describe(line.textContent);
  };
}
