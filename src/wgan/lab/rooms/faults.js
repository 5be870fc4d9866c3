// Room 5: recorded runs with one planted fault each. The visitor reads the curves, then the product gives its verdict.
import { verdicts } from "../mathematics/verdicts.js";
import { axes, labels, line, note } from "../drawing/chart.js";
import { button, choice } from "../drawing/controls.js";
import { figure } from "../drawing/figure.js";
import { inWords, linear } from "../drawing/scale.js";
import { html, put } from "../drawing/svg.js";
import { oneOf } from "../page/fields.js";
import recorded from "./faults.json";

// What was planted: its name in the list, what was done to the run, and where the curves show it.
const FAULTS = {
  "mode collapse": {
    name: "Mode collapse", done: "The run trained on two of the eight clusters only, and was measured against all eight.",
    sign: "The estimate on training rows sinks to 0: on the rows that it knows, the critic is content. But the distance to all rows stays large, and the coverage stays near a quarter, so most of the data have no sample near them.",
  },
  "dead critic": {
    name: "Dead critic", done: "The critic's weights were clipped to ±0.00001, far too tightly.",
    sign: "Three quarters of the weights sit at the limit, and the critic's gradient is 0 to seventeen decimals. The generator is told nothing, and the distance does not move at all.",
  },
  "explosion": {
    name: "Explosion", done: "The critic had no constraint, and the learning rate was 0.3.",
    sign: "The gradient of the critic grows to millions where it should be about 1. The estimate swings by as much, and the samples fly about without coming nearer.",
  },
  "critic overfit": {
    name: "Critic overfit", done: "The critic had only 40 digits to train on, and 20 steps for each of the generator's.",
    sign: "The critic finds a large distance on its own training rows and a much smaller one on held-out rows. It has learned these rows by heart.",
  },
  "dead generator": {
    name: "Dead generator", done: "The generator's units were pushed so far to one side that nothing changes them.",
    sign: "The critic is well: its gradient is steep and its estimate large. But the diversity of samples is 0, since every sample is the same point.",
  },
  "copied rows": {
    name: "Copied rows", done: "The generator was replaced: half of what it gives are training rows, and the other half are rows that nothing has seen.",
    sign: "Distance and coverage look good. Only the share of copies gives it away: it is far above that of held-out rows.",
  },
  "perfect discriminator": {
    name: "Perfect discriminator", done: "A GAN with the loss log(1 − D), whose discriminator had 20 steps for each of the generator's.",
    sign: "The estimate sits at log 2 = 0.693, the largest value of JS, so D is always right. Then log(1 − D) is flat. The gradient at the generator's weights falls to almost nothing although the gradient of D is steep. The verdict names what follows; the cause is the loss.",
  },
  "stopped too early": {
    name: "Stopped too early", done: "The run had too few steps.",
    sign: "The distance still falls when the run ends, and nothing is odd about the critic.",
  },
  "nothing": {
    name: "Nothing is wrong", done: "This run is as it should be.",
    sign: "The distance reaches that of real rows, the estimate settles near 0, and the critic's gradient stays near 1. wgan says only that no difference is proven, since a small one could hide.",
  },
};
const ORDER = ["dead critic", "nothing", "mode collapse", "perfect discriminator", "explosion", "copied rows", "critic overfit", "dead generator", "stopped too early"];
const LETTERS = ORDER.map((_, i) => String.fromCharCode(97 + i));
const GUESSES = Object.keys(FAULTS).sort((a, b) => a.localeCompare(b));
const words = (name) => name.replaceAll(" ", "-");

const CHARTS = [
  { title: "Distance to the data", says: "Exact W1 of samples to held-out rows, beside that of real rows.", lines: [["w1", "samples", "k0"], ["w1_floor", "real rows", "k5"]], from: 0 },
  { title: "The critic's estimate", says: "On rows that it trained on, and on rows that it never saw.", lines: [["estimate", "training", "k0"], ["held_out_estimate", "held-out", "k1"]] },
  { title: "The critic's gradient", says: "Its norm at the samples, and what arrives at the generator's weights. A good critic of a WGAN has about 1.",
    lines: [["gradient_norm_fake", "samples", "k0"], ["generator_gradient", "weights", "k1"]], log: [1e-9, 1e9] },
  { title: "Losses", says: "What the two players minimise.", lines: [["critic_loss", "critic", "k0"], ["generator_loss", "generator", "k1"]] },
  { title: "Variety", says: "Coverage is the share of held-out rows with a sample near; diversity compares samples with each other.",
    lines: [["coverage", "coverage", "k0"], ["diversity", "diversity", "k1"]], range: [0, 1.5] },
  { title: "Shares", says: "Samples that copy a training row, the same for real rows, and weights at the clipping limit.",
    lines: [["copied", "copied", "k0"], ["copied_floor", "real rows", "k5"], ["clipped_weights", "clipped", "k1"]], range: [0, 1] },
];

// The columns of a recorded run as a verdict reads them: numbers, NaN where one is missing, and texts as they are.
export function logOf({ columns }) {
  const read = (values) => (values.some((one) => typeof one === "string") ? values : Float64Array.from(values, (one) => one ?? NaN));
  return Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, read(values)]));
}

// The product's verdict, by the rules that were generated from Python's.
export const verdictOf = (run) => verdicts(logOf(run), { ...recorded.shared, ...run.config });

export const faults = {
  name: "faults",
  title: "What went wrong?",
  question: "Nine runs. One is well. What went wrong in the others?",
  lead: [
    "Each run was trained by wgan, and a fault was planted in eight of them.",
    "Read the six charts as you would read those of your own run: first whether the samples come nearer to the data, then whether the critic can tell why.",
    "Say what you think, and then see what wgan says of the same numbers.",
  ],
  act: "Choose a run, and move along the steps with the slider.",
  study: "critic-overfit",
  fields: { run: oneOf(LETTERS), guess: oneOf(["none", ...GUESSES.map(words)]) },
  asked: [
    ["Where do I begin?", "With the distance to the data. If it reaches the line of real rows, the samples are as good as real rows, and an odd critic does not matter. If it does not, look at the critic's gradient: is it near 1? Then look at the variety of the samples."],
    ["Which words do I need?", "The generator makes samples from noise. The critic scores points, real ones high, and its estimate is the mean score of real rows minus the mean score of samples; for a WGAN this estimates W1. Held-out rows are data that no training has seen."],
    ["Where do these curves come from?", "They are logs of real runs of wgan train on eight Gaussians, except for run G, which learns digits of 8 × 8 pixels. The settings of these runs were chosen so that each fault shows. Nothing in the curves is drawn by hand, and the script benchmarks/lab_faults.py records them anew."],
    ["How does wgan decide?", "By rules that read the last quarter of the log. The limits were set on runs whose faults are known. The rules in this page are generated from those of the program, so the page and the program say the same."],
    ["Do real runs have only one fault?", "Often one fault causes others: a dead critic also gives a distance that stays. So a verdict names the first cause that it can prove and leaves out what follows from it."],
  ],
  build,
};

function build(stage, page) {
  const view = { state: page.state, at: 1, open: false };
  const bar = html("div", { class: "card" });
  stage.append(bar);
  const runs = choice(bar, { label: "Run", kind: "letters", options: Object.fromEntries(LETTERS.map((one) => [one, one.toUpperCase()])), set: (run) => page.change({ run, guess: "none" }) });
  const grid = html("div", { class: "charts" });
  const charts = CHARTS.map((chart) => {
    const place = html("div", { class: "chart" }, html("h3", {}, chart.title), html("p", { class: "small" }, chart.says));
    grid.append(place);
    return figure(place, { label: chart.title, height: 190 }, (ink, size) => drawChart(ink, size, chart, view));
  });
  bar.append(grid);
  const cursor = cursorOf(bar, view, charts);

  const split = html("div", { class: "split wide" });
  stage.append(split);
  const samples = html("div", { class: "card samples" }, html("h3", {}, "The samples"));
  const show = button(samples, "Show the last samples", () => { view.open = !view.open; showSamples(); });
  const legend = html("p", { class: "small" });
  samples.append(legend);
  const cloud = figure(samples, { label: "Samples and data", height: (width) => Math.min(width, 420) }, (ink, size) => drawSamples(ink, size, view));
  const asked = html("div", { class: "card" });
  const answer = html("div", { class: "answer", role: "status" });
  split.append(html("div", { class: "stack" }, asked, answer), samples);
  const guesses = choice(asked, { label: "What went wrong?", kind: "list", options: Object.fromEntries(GUESSES.map((one) => [words(one), FAULTS[one].name])), set: (guess) => page.change({ guess }) });

  function showSamples() {
    const pictures = view.run.side;
    show.textContent = view.open ? "Hide the samples" : "Show the last samples";
    show.setAttribute("aria-expanded", view.open);
    legend.textContent = !view.open ? "They often give the answer away." : pictures ? "Digits that the generator made." : "Circles are data, crosses are samples. A cross at the edge lies outside.";
    cloud.place.hidden = !view.open;
    cloud.redraw();
  }

  return {
    show(state) {
      const other = view.run !== runOf(state.run);
      view.state = state;
      view.run = runOf(state.run);
      if (other) { view.open = false; view.at = view.run.columns.step.length - 1; cursor.begin(); }
      runs.show(state.run);
      guesses.show(state.guess);
      showSamples();
      for (const one of charts) one.redraw();
      answer.replaceChildren(...(state.guess === "none" ? [] : answered(view.run, GUESSES.find((one) => words(one) === state.guess))));
    },
  };
}

const runOf = (letter) => recorded.runs.find((run) => run.planted === ORDER[LETTERS.indexOf(letter)]);

// The slider along the records, and the sentence with the values there.
function cursorOf(host, view, charts) {
  const id = "record";
  const input = html("input", { type: "range", id, min: 0, step: 1 });
  const output = html("output", { for: id });
  host.append(html("div", { class: "control" }, html("label", { for: id }, "Step"), output, input));
  const said = html("p", { class: "small", id: "values" });
  host.append(said);
  const show = () => {
    const { columns } = view.run;
    output.textContent = columns.step[view.at].toLocaleString("en");
    input.setAttribute("aria-valuetext", `step ${output.textContent}`);
    const known = [["w1", "distance"], ["estimate", "estimate"], ["held_out_estimate", "on held-out rows"], ["gradient_norm_fake", "gradient at samples"], ["coverage", "coverage"]];
    said.textContent = known.filter(([name]) => Number.isFinite(columns[name]?.[view.at])).map(([name, title]) => `${title} ${inWords(columns[name][view.at])}`).join(" · ");
  };
  input.addEventListener("input", () => {
    view.at = Number(input.value);
    show();
    for (const one of charts) one.redraw();
  });
  return { begin() { input.max = view.run.columns.step.length - 1; input.value = view.at; show(); } };
}

function drawChart(ink, { width, height }, chart, view) {
  if (!view.run) return;
  const { columns } = view.run;
  const steps = columns.step;
  const shown = chart.lines.filter(([name]) => columns[name]?.some((one) => one !== null));
  const box = { left: 58, right: width - 76, top: 12, bottom: height - 28 };
  if (!shown.length) { note(ink, width / 2, height / 2, "This run does not log them.", "quiet"); return; }
  const values = shown.flatMap(([name]) => columns[name].filter((one) => one !== null));
  const y = rangeOf(chart, values);
  const { X, Y } = axes(ink, { x: { low: 0, high: steps.at(-1), ticks: [0, steps.at(-1)] }, y, ...box });
  const ends = shown.map(([name, title, kind]) => {
    const level = name.endsWith("_floor") ? columns[name].find((one) => one !== null) : undefined;
    const points = level !== undefined ? [[X(0), Y(level)], [X(steps.at(-1)), Y(level)]]
      : steps.map((step, i) => [X(step), columns[name][i]]).filter(([, value]) => value !== null).map(([x, value]) => [x, Math.max(box.top, Math.min(box.bottom, Y(value)))]);
    line(ink, points, kind);
    return { x: box.right + 6, y: points.at(-1)[1], text: title, kind };
  });
  labels(ink, ends, { gap: 17, low: box.top, high: box.bottom });
  put(ink, "line", { x1: X(steps[view.at]), x2: X(steps[view.at]), y1: box.top, y2: box.bottom, class: "guide" });
}

function rangeOf({ log, range, from }, values) {
  if (log) return { low: log[0], high: log[1], log: true, ticks: [1e-9, 1e-6, 1e-3, 1, 1e3, 1e6, 1e9].filter((one, i) => i % 2 === 1) };
  if (range) return { low: range[0], high: Math.max(range[1], ...values) };
  const highest = Math.max(...values);
  const [low, high] = [Math.min(from ?? 0, ...values), highest < 1e-6 ? 1 : highest];
  const margin = 0.06 * (high - low);
  return { low: low < 0 ? low - margin : low, high: high + margin };
}

function drawSamples(ink, { width, height }, { run, open }) {
  if (!run || !open) return;
  if (run.side) { drawPictures(ink, width, run); return; }
  const reach = 3.2, middle = width / 2;
  const X = linear(-reach, reach, middle - height / 2, middle + height / 2), Y = linear(-reach, reach, height, 0);
  const inside = (value) => Math.max(-reach, Math.min(reach, value));
  for (let i = 0; i < recorded.real.length; i += 2) put(ink, "circle", { cx: X(recorded.real[i]), cy: Y(recorded.real[i + 1]), r: 3, class: "point real" });
  for (let i = 0; i < run.samples.length; i += 2) {
    const [x, y] = [X(inside(run.samples[i])), Y(inside(run.samples[i + 1]))];
    put(ink, "path", { d: `M${x - 3.5} ${y - 3.5}l7 7m0 -7l-7 7`, class: "cross fake" });
  }
}

// Small pictures [n, side, side] with values from 0 to 9.
function drawPictures(ink, width, { samples, side }) {
  const count = samples.length / side ** 2, across = 6, tile = Math.min(60, width / across);
  for (let n = 0; n < count; n++) {
    for (let k = 0; k < side ** 2; k++) {
      const grey = samples[n * side ** 2 + k] / 9, pixel = (tile - 6) / side;
      put(ink, "rect", { x: (n % across) * tile + (k % side) * pixel, y: Math.floor(n / across) * tile + Math.floor(k / side) * pixel,
        width: pixel + 0.3, height: pixel + 0.3, fill: `rgb(${[0, 0, 0].map(() => Math.round(255 * grey)).join(" ")})` });
    }
  }
}

function answered(run, guess) {
  const right = run.planted === guess;
  const planted = FAULTS[run.planted];
  const intro = html("div", { class: "card" },
    html("h3", { "data-planted": run.planted }, right ? `Yes: ${planted.name.toLowerCase()}.` : `Planted: ${planted.name.toLowerCase()}. Your answer: ${FAULTS[guess].name.toLowerCase()}.`),
    html("p", {}, planted.done), html("p", {}, planted.sign));
  const cards = verdictOf(run).map((one) => html("div", { class: `verdict ${one.kind}` }, html("p", { class: "kind" }, `${one.kind}: ${one.name}`),
    html("h3", {}, one.sentence), html("p", {}, one.evidence), one.remedy ? html("p", {}, one.remedy) : null));
  return [intro, html("h3", { class: "said" }, "What wgan says of the same log"), ...cards];
}
