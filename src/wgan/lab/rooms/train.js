// Room 4: one training or two side by side, steered by the visitor. What trains runs in a worker each (train_worker.js).
import WORKER from "train-worker";
import { dataset } from "../mathematics/data.js";
import { button, select, slider, tick } from "../drawing/controls.js";
import { inWords } from "../drawing/scale.js";
import { html } from "../drawing/svg.js";
import { FIELD, plane, SURFACE } from "../drawing/plane.js";
import { number, numbers, oneOf, whole } from "../page/fields.js";
import { drawing } from "./train_drawing.js";
import { charts } from "./train_charts.js";
import recipes from "./training.json";

const REACH = 2.2; // of the plane that is shown, to each side
const DRAWN = 400; // points that a visitor may draw
const SHOWN = 320; // rows of the data that are shown
const KEPT = 300; // records of a chart; when there are twice as many, every second one goes
const METHODS = {
  "gp": "WGAN-GP", "gp-one": "WGAN-GP, one-sided", "clip": "WGAN, clipped", "gan": "GAN, −log D", "minimax": "GAN, log(1 − D)",
};
const DATA = { "8gaussians": "8 Gaussians", "25gaussians": "25 Gaussians", swissroll: "Swiss roll", own: "Points that you draw" };
const SPEEDS = { fast: ["As fast as it can", 0], slow: ["Slow", 60], slower: ["Slower", 400] };
const STILL = 900; // milliseconds between two pictures where motion is not wanted
const yesNo = (start) => oneOf(["yes", "no"], start);

// The config of a training, by the fields of `wgan train`. Each method has the optimiser and the rate at which it trains on the toys.
export function configOf(state, method) {
  const config = { ...recipes.base, ...recipes.methods[method], data: state.data, points: state.data === "own" ? state.points : null, seed: state.seed, n_critic: state.critic };
  config.learning_rate *= state.rate;
  if (config.constraint === "gradient-penalty") config.penalty_weight = state.penalty;
  if (config.constraint === "clip") config.clip = state.clip;
  return config;
}

// The records of a chart, thinned so that they stay few however long a training runs.
export function remember(records, one) {
  if (records.length && records.at(-1).step === one.step) records.pop();
  records.push(one);
  if (records.length <= 2 * KEPT) return records;
  return records.filter((_, k) => k % 2 === 0 || k === records.length - 1);
}

export const train = {
  name: "train",
  title: "Train",
  question: "Train a Wasserstein GAN, and watch its critic",
  lead: [
    "Crosses are what the generator makes, circles are data, and the shade is the critic's score: the stronger, the more real.",
    "The arrows are the slope of the critic, and each cross follows them.",
    "Compare the critic's estimate with the exact distance, and the gradient penalty with weight clipping.",
  ],
  act: "Press Run. Then drag a constant below, and the training begins anew with it.",
  study: "toy-training",
  fields: {
    data: oneOf(Object.keys(DATA)), method: oneOf(Object.keys(METHODS)), beside: oneOf(["none", ...Object.keys(METHODS)]),
    seed: whole(0, 9999, 0), penalty: number(0.01, 10, recipes.methods.gp.penalty_weight), clip: number(0.01, 1, recipes.methods.clip.clip), critic: whole(1, 10, recipes.base.n_critic), rate: number(0.1, 10, 1, 1),
    speed: oneOf(Object.keys(SPEEDS)), surface: yesNo("yes"), slopes: yesNo("yes"), pairs: yesNo("no"),
    points: numbers(0, 2 * DRAWN, -2, 2, [], 2),
  },
  check: ({ points }) => points.length % 2 === 0,
  asked: [
    ["What happens in one step?", "The critic gets a few updates, each on 64 rows of the data and 64 samples: it raises the score of the data and lowers that of the samples. Then the generator gets one update, so that its samples score higher."],
    ["Which distance is exact?", "W1 between 256 samples and 256 rows that the critic has never seen, by a solver. The dashed line is the same between 256 and 256 rows of the data, so nobody can be much better. The shaded band holds bounds that need no solver."],
    ["Why is the estimate not the distance?", "The estimate is the difference of mean scores. It is at most W1 times the steepest slope of the critic. The penalty holds slopes near 1, so the estimate follows W1. Clipping holds the weights, so the slope may be anything: the estimate has another scale. For a GAN it is the Jensen-Shannon divergence in nats, at most 0.693."],
    ["What is a mode found?", "One of the clusters of the data, which gets at least a quarter of the samples that it should. A sample counts if it lies within a quarter of the way to the next cluster."],
    ["Are these real trainings?", "Yes. The draws, layers, losses and updates are those of wgan train, and a test compares the losses of the first 200 steps. Nothing is recorded."],
    ["What shall I try?", "Clipping beside the penalty, on 25 Gaussians. A clipping constant of 0.01, under which the gradients of all layers become tiny. A GAN with −log D and one step of the critic: with the seeds 0, 1 and 2 it found 4, 4 and 5 of the 8 Gaussians. A learning rate ten times as high. And draw your own name."],
  ],
  build,
};

function build(stage, page) {
  const view = { state: page.state, sides: [], key: "", paused: 0 };
  const settings = controlsOf(stage, page, view);
  const arenas = html("div", { class: "split arenas" });
  stage.append(arenas);
  for (const name of ["", "beside"]) view.sides.push(sideOf(arenas, name, page, view));
  const pencil = drawing(view.sides[0], page, { reach: REACH, most: DRAWN, points: () => view.state.points, redraw: () => redraw(view.sides[0], view) });
  constantsOf(stage, page, view);

  return {
    show(state) {
      view.state = state;
      settings.show(state);
      view.constants.show(state);
      pencil.show(state.data === "own");
      arenas.classList.toggle("even", state.beside !== "none");
      view.sides[1].card.hidden = state.beside === "none";
      const methods = [state.method, state.beside];
      view.sides.forEach((side, k) => {
        const wanted = methods[k] === "none" ? "" : JSON.stringify(configOf(state, methods[k]));
        if (side.wanted !== wanted) begin(side, wanted, methods[k], view);
        else redraw(side, view);
      });
    },
    leave() {
      if (!view.running) return;
      run(view, false);
      settings.running();
      if (document.hidden) page.say("Training paused while this tab was in the background. Press Run to go on.");
    },
  };
}

// What is chosen, and what starts and stops the trainings.
function controlsOf(stage, page, view) {
  const card = html("div", { class: "card settings" });
  stage.append(card);
  const lists = html("div", { class: "lists" });
  card.append(lists);
  const data = select(lists, { label: "Data", options: DATA, set: (value) => page.change({ data: value }) });
  const method = select(lists, { label: "Method", options: METHODS, set: (value) => page.change({ method: value }) });
  const beside = select(lists, { label: "Beside it", options: { none: "Nothing", ...METHODS }, set: (value) => page.change({ beside: value }) });
  const row = html("div", { class: "row" });
  card.append(row);
  const go = button(row, "Run", () => { page.say(""); run(view, !view.running); running(); }, "main");
  button(row, "One step", () => { run(view, false); running(); for (const side of view.sides) { side.start?.(); send(side, { kind: "step" }); } });
  button(row, "Begin anew", () => anew());
  button(row, "Another seed", () => page.change({ seed: (view.state.seed + 1) % 10000 }));
  const seed = html("input", { type: "number", id: "seed", min: 0, max: 9999, step: 1, inputmode: "numeric" });
  row.append(html("label", { class: "seed" }, "Seed ", seed));
  seed.addEventListener("change", () => {
    const value = train.fields.seed.read(seed.value);
    if (value === undefined) { page.say("A seed is a whole number from 0 to 9999."); seed.value = view.state.seed; } else page.change({ seed: value });
  });
  const speed = select(lists, { label: "Speed", options: Object.fromEntries(Object.entries(SPEEDS).map(([name, [text]]) => [name, text])),
    set: (value) => { page.change({ speed: value }); if (view.running) run(view, true); } });

  function anew() {
    run(view, false);
    running();
    for (const side of view.sides) if (side.wanted) begin(side, side.wanted, side.method, view);
  }
  function running() { go.textContent = view.running ? "Pause" : "Run"; }
  view.stopped = () => {
    if (view.sides.some((side) => side.wanted && !side.over)) return;
    view.running = false;
    running();
  };
  return {
    running,
    show(state) {
      data.show(state.data);
      method.show(state.method);
      beside.show(state.beside);
      speed.show(state.speed);
      seed.value = state.seed;
    },
  };
}

// The constants of the methods, and what is drawn.
function constantsOf(stage, page, view) {
  const card = html("div", { class: "card" }, html("h3", {}, "Constants"), html("p", { class: "small" }, "A change begins the training anew. Runs that are going go on."));
  const grid = html("div", { class: "split even constants" });
  card.append(grid);
  stage.append(card);
  const power = { low: -2, step: 0.1 };
  const sliders = [
    ["penalty", slider(grid, { label: "Weight λ of the gradient penalty", ...power, high: 1, text: (value) => inWords(10 ** value, 2), set: (value) => page.change({ penalty: Number((10 ** value).toFixed(2)) }) }), Math.log10],
    ["clip", slider(grid, { label: "Clipping constant c", ...power, high: 0, text: (value) => inWords(10 ** value, 2), set: (value) => page.change({ clip: Number((10 ** value).toFixed(2)) }) }), Math.log10],
    ["critic", slider(grid, { label: "Critic's steps for each of the generator's", low: 1, high: 10, step: 1, set: (critic) => page.change({ critic }) }), Number],
    ["rate", slider(grid, { label: "Learning rate, times the method's own", low: -1, high: 1, step: 0.1, text: (value) => inWords(10 ** value, 2), set: (value) => page.change({ rate: Number((10 ** value).toFixed(1)) }) }), Math.log10],
  ];
  const shown = html("fieldset", { class: "choice" }, html("legend", {}, "Show"));
  const row = html("div", { class: "options" });
  shown.append(row);
  const ticks = { surface: "The critic's score", slopes: "Its slope", pairs: "The transport plan" };
  const boxes = Object.entries(ticks).map(([name, words]) => [name, tick(row, words, (on) => page.change({ [name]: on ? "yes" : "no" }))]);
  stage.insertBefore(html("div", { class: "shown" }, shown), card);
  view.constants = {
    show(state) {
      for (const [name, one, scale] of sliders) one.show(scale(state[name]));
      for (const [name, box] of boxes) box.checked = state[name] === "yes";
    },
  };
}

// One training: its canvas, its numbers and its charts.
function sideOf(host, name, page, view) {
  const title = html("h3", {});
  const card = html("div", { class: "card arena" }, title);
  host.append(card);
  const said = html("p", { class: "numbers" });
  const board = html("div", { class: "board" });
  card.append(board);
  const drawn = plane(board, { label: `Samples, data and critic${name ? " of the training beside" : ""}` });
  card.append(said);
  const side = { card, title, said, board, plane: drawn, worker: null, number: 0, wanted: "", records: [], frame: null, measured: null, charts: null };
  side.charts = charts(card, name, side);
  drawn.canvas.addEventListener("contextlost", () => page.say("The browser took the picture away for a while. The training is not lost, and the picture comes back by itself."));
  side.receive = (message) => receive(side, message, page, view);
  return side;
}

function send(side, message) {
  if (side.worker && side.wanted) side.worker.postMessage({ ...message, number: side.number });
}

// Begin a training anew; an empty `wanted` ends the one that is there.
function begin(side, wanted, method, view) {
  Object.assign(side, { wanted, method, records: [], frame: null, measured: null, over: false, problem: "", start: null });
  side.number += 1;
  clearTimeout(side.later);
  if (!wanted) {
    side.worker?.terminate();
    side.worker = null;
    return;
  }
  const config = JSON.parse(wanted);
  side.title.textContent = `${METHODS[method]}${config.constraint === "gradient-penalty" ? `, λ = ${inWords(config.penalty_weight)}` : config.constraint === "clip" ? `, c = ${inWords(config.clip)}` : ""}`;
  side.real = config.data === "own" ? Float64Array.from(config.points) : dataset(config.data, config.seed, SHOWN).points;
  redraw(side, view);
  side.charts.show();
  try {
    side.worker ??= workerOf(side, view);
  } catch (problem) {
    end(side, `This browser does not let the page train: ${problem.message}.`, view);
    return;
  }
  side.start = () => {
    clearTimeout(side.later);
    side.start = null;
    send(side, { kind: "begin", config, reach: REACH, surface: SURFACE, slopes: FIELD });
    if (view.running) send(side, { kind: "run", rest: SPEEDS[view.state.speed][1] });
  };
  side.later = setTimeout(side.start, 120); // a drawn stroke or a dragged slider begins one training, not many
}

function workerOf(side, view) {
  const address = URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" }));
  const worker = new Worker(address);
  worker.onmessage = ({ data }) => { if (data.number === side.number) side.receive(data); };
  worker.onerror = () => {
    worker.terminate();
    side.worker = null; // the next beginning makes another one
    end(side, "The training stopped for a fault of this page. Begin it anew.", view);
  };
  return worker;
}

function run(view, going) {
  view.running = going && view.sides.some((side) => side.worker);
  for (const side of view.sides) send(side, going ? { kind: "run", rest: SPEEDS[view.state.speed][1] } : { kind: "pause" });
}

function receive(side, message, page, view) {
  if (message.kind === "frame") {
    side.frame = message;
    const wait = view.running && page.still() ? STILL : 0;
    setTimeout(() => requestAnimationFrame(() => {
      refresh(side, view);
      send(side, { kind: "shown" }); // so that frames never queue up
    }), wait);
  } else if (message.kind === "measured") {
    side.measured = message;
    side.records = remember(side.records, { step: message.step, w1: message.w1, lower: message.lower, upper: message.upper, estimate: message.estimate, floor: message.floor });
    side.stale = true;
    if (!view.running || !page.still()) refresh(side, view); // else the next frame shows it
  } else end(side, message.sentence ?? "", view);
}

// No more steps follow; `sentence` says why, where that is not the last step.
function end(side, sentence, view) {
  side.over = true;
  side.problem = sentence;
  refresh(side, view);
  view.stopped();
}

function refresh(side, view) {
  redraw(side, view);
  if (side.stale) side.charts.show();
  side.stale = false;
}

function redraw(side, view) {
  if (!side.wanted) return;
  const { frame, measured } = side, { state } = view;
  side.plane.draw({
    reach: REACH, real: side.real, fake: frame?.fake, surface: state.surface === "yes" ? frame?.surface : null, slopes: state.slopes === "yes" ? frame?.slopes : null,
    pairs: state.pairs === "yes" ? measured?.pairs : null, cross: state.data === "own" && side === view.sides[0] ? side.cross : null,
  });
  const parts = [];
  if (frame) parts.push(`Step ${frame.at.toLocaleString("en")} of ${recipes.base.steps.toLocaleString("en")}`);
  if (measured) {
    parts.push(`W1 ${inWords(measured.w1)}, ${inWords(measured.floor)} between real rows`, `estimate ${inWords(measured.estimate)}`);
    if (measured.modes) parts.push(`${measured.modes.found} of ${measured.modes.of} modes`);
  }
  if (typeof frame?.clipped === "number") parts.push(`${Math.round(100 * frame.clipped)} % of weights clipped`);
  side.said.textContent = side.problem || parts.join(" · ");
  side.plane.describe(`${side.title.textContent}. ${side.said.textContent}`);
}
