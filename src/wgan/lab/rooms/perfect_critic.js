// Room 3: what a generator would learn from the best discriminator, and from the best critic, between two Gaussians.
import { bestCritic, bestDiscriminator } from "../mathematics/divergences.js";
import { axes, labels, line, note } from "../drawing/chart.js";
import { slider } from "../drawing/controls.js";
import { figure } from "../drawing/figure.js";
import { handle } from "../drawing/handles.js";
import { inWords, linear, raised } from "../drawing/scale.js";
import { arrow, html, put } from "../drawing/svg.js";
import { number } from "../page/fields.js";

const [NEAREST, FARTHEST] = [0, 9];
const [LEFT, RIGHT] = [-4, 13]; // of the line that is shown
const FLOOR = 1e-12; // smaller gradients are drawn here
const LOSSES = [
  { name: "saturating", title: "log(1 − D)", words: "the first GAN", kind: "k1" },
  { name: "nonSaturating", title: "−log D", words: "the usual GAN", kind: "k2" },
  { name: "critic", title: "−f", words: "the critic of a WGAN", kind: "k0" },
];
const ROW = 84; // of the arrows of one loss
const AT = [-1.6, -0.8, 0, 0.8, 1.6]; // the fakes that have arrows, in spreads

// The size of the gradient at x for each loss, and the way that it moves a fake: {saturating: {size, way}, ...}.
export function gradients(x, distance, spread) {
  const d = bestDiscriminator(x, distance, 1, 0, spread), critic = bestCritic(x, distance, 1, 0, spread);
  const of = (pull) => ({ size: Math.abs(pull), way: Math.sign(pull) });
  return { saturating: of(d.saturating), nonSaturating: of(d.nonSaturating), critic: of(critic.slope) };
}

export const perfectCritic = {
  name: "perfect-critic",
  title: "Perfect critic",
  question: "What can a generator learn from a perfect opponent?",
  lead: [
    "Real points are one bell, fakes another, and each opponent here is trained to its very end.",
    "The perfect discriminator D is sure of every point, so the loss log(1 − D) is flat where the fakes are; the perfect critic f is a ramp with slope 1, however far the fakes are.",
    "So a critic may be trained as well as you like, and a discriminator may not.",
  ],
  act: "Drag the real points away from the fakes, and watch the arrows.",
  study: "vanishing-gradient",
  fields: { distance: number(NEAREST, FARTHEST, 4, 1), spread: number(0.5, 2, 1, 1) },
  asked: [
    ["What are D and f?", "D(x) is the probability that a discriminator gives to x being real. A generator that plays against it minimises the mean of log(1 − D), or of −log D, over its fakes. f(x) is the score that the critic of a WGAN gives to x, any number, higher for real points. A generator that plays against it minimises the mean of −f."],
    ["How can you know a perfect discriminator?", "At its best, D(x) = p(x) / (p(x) + q(x)), where p is the density of real points and q that of fakes. For two bells this is a formula, so nothing is trained here. The best critic on a line is a formula too: its slope at x is 1 where more of the fakes than of the real points lie to the left of x, and −1 where it is the other way round."],
    ["What is the gradient that an arrow shows?", "It is the derivative of the generator's loss by the position of one fake. The generator moves the fake against it, and its weights follow by the chain rule. Where the arrow is a dot, these points teach the generator nothing."],
    ["−log D has long arrows. Is it not the best?", "It does not vanish, which is why people use it. But it grows with the distance: pull the bells apart and see. Its size depends on how sure the discriminator is, so it is unsteady in training, and −log D does not say how far the fakes have to go."],
    ["Why is the slope never more than 1?", "W1 is the largest difference of mean scores that a function with slopes of at most 1 can have. The best one uses the full slope wherever points have to travel. Weight clipping and the gradient penalty are two ways to keep the slope in bounds while a network is trained."],
    ["Why does the critic's arrow turn when the spreads differ?", "Where the fakes are spread more widely than the real points, some fakes lie too far to the right, even if their mean is too far to the left. The best critic sends each back to where mass is missing."],
  ],
  build,
};

function build(stage, page) {
  const view = { state: page.state };
  const first = html("div", { class: "card" });
  stage.append(first);
  const bells = figure(first, { label: "Real points, fakes and the arrows of three losses", height: 216 + 3 * ROW }, (ink, size) => drawBells(ink, size, view.state));
  handle(bells, {
    name: "Mean of the real points", low: NEAREST, high: FARTHEST, step: 0.1, leap: 1, axis: "x", kind: "real",
    text: (value) => `${inWords(value)} from the fakes`,
    value: () => view.state.distance,
    place: (value) => ({ x: across(bells)(value), y: 196 }),
    at: (x) => across(bells).back(x),
    set: (distance) => page.change({ distance }),
  });
  const row = html("div", { class: "split even" });
  first.append(row);
  const far = slider(row, { label: "Distance of the means", low: NEAREST, high: FARTHEST, step: 0.1, text: inWords, set: (distance) => page.change({ distance }) });
  const wide = slider(row, { label: "Spread of the fakes", low: 0.5, high: 2, step: 0.1, text: inWords, set: (spread) => page.change({ spread }) });
  const told = html("p", { class: "unseen", id: "gradients", role: "status" });
  first.append(told);

  const split = html("div", { class: "split even" });
  stage.append(split);
  const [left, right] = ["D and f along the line", "The gradient at the middle of the fakes"].map((title) => {
    const card = html("div", { class: "card" }, html("h3", {}, title));
    split.append(card);
    return card;
  });
  left.append(html("p", { class: "small" }, "f is shown between 0 and 1. D is a cliff, f is a ramp."));
  right.append(html("p", { class: "small" }, "By the distance of the means. Each line on the scale is a factor of a thousand."));
  const players = figure(left, { label: "D and f along the line", height: 310 }, (ink, size) => drawPlayers(ink, size, view.state));
  const sizes = figure(right, { label: "Gradients by distance", height: 310 }, (ink, size) => drawSizes(ink, size, view.state));
  return {
    show(state) {
      view.state = state;
      far.show(state.distance);
      wide.show(state.spread);
      for (const one of [bells, players, sizes]) one.redraw();
      const found = gradients(0, state.distance, state.spread);
      told.textContent = `At the middle of the fakes: ${LOSSES.map(({ name, title }) => `${title} ${inWords(found[name].size)}`).join(" · ")}`;
      bells.describe(told.textContent);
      sizes.describe(told.textContent);
    },
  };
}

const across = ({ width }) => linear(LEFT, RIGHT, 0, width);
const density = (x, mean, spread) => Math.exp(-(((x - mean) / spread) ** 2) / 2) / spread;

function drawBells(ink, size, { distance, spread }) {
  const X = across(size), base = 150, tall = 112 / Math.max(1, 1 / spread);
  const bell = (mean, deviation, kind) => {
    const points = Array.from({ length: 161 }, (_, i) => mean + deviation * (i / 20 - 4)).filter((x) => x >= LEFT && x <= RIGHT);
    const top = points.map((x) => `${X(x).toFixed(1)} ${(base - tall * density(x, mean, deviation)).toFixed(1)}`);
    put(ink, "path", { d: `M${X(points[0])} ${base}L${top.join("L")}L${X(points.at(-1))} ${base}Z`, class: `area ${kind}` });
    put(ink, "path", { d: `M${top.join("L")}`, class: `line ${kind === "fake" ? "fake dashed" : "real"}` });
  };
  bell(distance, 1, "real");
  bell(0, spread, "fake");
  put(ink, "line", { x1: 0, x2: size.width, y1: base, y2: base, class: "ground" });
  const near = distance < 2.4;
  note(ink, X(near ? -1.1 * spread : 0), base - tall / spread - (near ? -12 : 10), "fakes", "fake", near ? "end" : "middle");
  note(ink, X(distance + (near ? 0.75 : 0)), base - tall - (near ? -12 : 10), "real points", "real", near ? "start" : "middle");
  put(ink, "line", { x1: X(distance), x2: X(distance), y1: base - tall, y2: 186, class: "guide" });
  note(ink, X(0) - 16, 202, `distance ${inWords(distance)}`, "quiet", "end");
  put(ink, "line", { x1: X(0), x2: X(distance), y1: 196, y2: 196, class: "rail" });
  LOSSES.forEach(({ name, title, words, kind }, i) => {
    const y = 244 + ROW * i;
    const middle = gradients(0, distance, spread)[name].size;
    note(ink, 0, y, size.width < 520 ? title : `${title}, ${words}`, kind, "start");
    note(ink, size.width, y, `${inWords(middle)} at the middle`, "quiet", "end");
    AT.forEach((part, k) => {
      const x = part * spread, { size: big, way } = gradients(x, distance, spread)[name], level = y + 16 + 9 * k;
      arrow(ink, X(x), level, X(x) + way * Math.min(big, FARTHEST + 1) * (X(0.62) - X(0)), level, kind);
      put(ink, "circle", { cx: X(x), cy: level, r: 3.5, class: `origin fake` });
    });
  });
}

function drawPlayers(ink, { width, height }, { distance, spread }) {
  const { X, Y } = axes(ink, { x: { low: LEFT, high: RIGHT, label: "position", ticks: [-4, 0, 4, 8, 12] }, y: { low: 0, high: 1, ticks: [0, 0.5, 1], label: "" },
    left: 36, right: width - 10, top: 20, bottom: height - 50 });
  const places = Array.from({ length: 341 }, (_, i) => LEFT + ((RIGHT - LEFT) * i) / 340);
  const D = places.map((x) => bestDiscriminator(x, distance, 1, 0, spread).value);
  const f = places.map((x) => bestCritic(x, distance, 1, 0, spread).value);
  const [low, high] = [Math.min(...f), Math.max(...f)];
  const scaled = f.map((value) => (high > low ? (value - low) / (high - low) : 0.5));
  line(ink, places.map((x, i) => [X(x), Y(scaled[i])]), "k0");
  line(ink, places.map((x, i) => [X(x), Y(D[i])]), "k1");
  const last = places.length - 1;
  const at = (value) => places.findIndex((x) => x > value);
  const right = Math.min(last, Math.max(0, at(Math.min(RIGHT - 1, distance + 2.6))));
  note(ink, X(places[right]), Y(D[right]) - 9, "D", "k1");
  note(ink, X(-2.2), Y(scaled[at(-2.2)]) - 10, "f", "k0");
}

function drawSizes(ink, { width, height }, { distance, spread }) {
  const { X, Y } = axes(ink, { x: { low: 0, high: FARTHEST, label: "distance of the means", ticks: [0, 3, 6, 9] },
    y: { low: FLOOR, high: 100, log: true, ticks: [1e-12, 1e-9, 1e-6, 1e-3, 1], label: "",
      words: (tick) => (tick === FLOOR ? "0 or nearly" : tick === 1 ? "1" : `10${raised(Math.round(Math.log10(tick)))}`) }, left: 82, right: width - 84, top: 16, bottom: height - 50 });
  const places = Array.from({ length: 181 }, (_, i) => (FARTHEST * i) / 180);
  const ends = LOSSES.map(({ name, title, kind }) => {
    const values = places.map((d) => gradients(0, d, spread)[name].size);
    line(ink, places.map((d, i) => [X(d), values[i] > 0 ? Y(values[i]) : NaN]), kind);
    return { x: X(FARTHEST) + 8, y: Y(values.at(-1)), text: title, kind };
  });
  labels(ink, ends, { low: 16, high: height - 60 });
  put(ink, "line", { x1: X(distance), x2: X(distance), y1: 16, y2: height - 50, class: "guide" });
  const now = gradients(0, distance, spread);
  for (const { name, kind } of LOSSES) if (now[name].size > 0) put(ink, "circle", { cx: X(distance), cy: Y(now[name].size), r: 6.5, class: `dot ${kind}` });
}
