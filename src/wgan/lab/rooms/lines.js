// Room 2: two parallel lines, and which distance tells a generator where to go (Arjovsky et al. 2017, Example 1).
import { ofLines, slopesOfLines } from "../mathematics/divergences.js";
import { axes, labels, line, note } from "../drawing/chart.js";
import { button } from "../drawing/controls.js";
import { figure } from "../drawing/figure.js";
import { handle } from "../drawing/handles.js";
import { inWords, linear } from "../drawing/scale.js";
import { arrow, html, put } from "../drawing/svg.js";
import { number } from "../page/fields.js";

const FARTHEST = 1; // of theta, to either side
const STEP = 0.1; // what a generator moves for each unit of slope
const CEILING = 1.3; // where infinity is drawn
const DISTANCES = [
  { name: "w1", title: "W1", kind: "k0" },
  { name: "js", title: "JS", kind: "k1" },
  { name: "tv", title: "TV", kind: "k2" },
  { name: "kl", title: "KL", kind: "k3" },
];

// Theta after one step against the slope. No step goes past the data at 0, where every distance is least.
export function descended(theta, slope) {
  if (!Number.isFinite(slope) || slope === 0 || theta === 0) return theta;
  const after = Number((theta - STEP * slope).toFixed(6));
  return Math.sign(after) === Math.sign(theta) ? after : 0;
}

export const lines = {
  name: "lines",
  title: "Two lines",
  question: "Which distance tells the generator where to go?",
  lead: [
    "All data lie on one line, and everything that the generator makes lies on another, θ to its right.",
    "Only W1 is smaller when the lines are nearer; to KL, JS and TV, two lines that do not touch are as different as can be, however near they are.",
    "A generator learns from the slope of its distance, so only W1 pulls it home.",
  ],
  act: "Drag the generator's line, and watch the four distances below it.",
  study: "parallel-lines",
  fields: { theta: number(-FARTHEST, FARTHEST, 0.6, 2) },
  asked: [
    ["What are W1, JS, TV and KL?", "Four ways to say how different two distributions are. TV, the total variation, is the largest difference of probability that any event can have. KL is the mean of log(p / q) under p. JS compares both with their average, by KL, and is what the first GAN minimises. W1 is the earth mover's distance of room 1: the mean way that mass has to travel."],
    ["Why is JS exactly log 2 everywhere?", "JS asks how well a judge can tell real points from fake ones. Where the lines do not touch, one look at the position tells all. So the judge is always right, and JS has its largest value, log 2 = 0.693. It makes no difference whether the judge sees a gap of 0.9 or of 0.001."],
    ["What does infinite mean for KL?", "KL compares the probabilities of a point under both laws. Points that the data have, but the generator never makes, have a ratio of something to nothing. So KL is infinite, and infinity has no slope."],
    ["Why is there a jump at θ = 0?", "At θ = 0 both lines are the same line, so every distance is 0. A jump helps nobody to find that place: right beside it, the slope is still 0."],
    ["Are real data like this?", "Images fill only a thin sheet of the space of all pixels, and what an untrained generator makes fills another. Two thin sheets hardly touch, like these two lines. That is the case for which Wasserstein GANs were made."],
    ["Does a GAN then never learn?", "It often does, because its discriminator is not perfect. A discriminator that is still learning has a smooth slope between the lines. The next room shows what happens when it becomes perfect."],
  ],
  build,
};

function build(stage, page) {
  const view = { state: page.state, lanes: {} };
  const split = html("div", { class: "split wide" });
  const plane = html("div", { class: "card" });
  const pulls = html("div", { class: "card" }, html("h3", {}, "What each distance does to the generator"),
    html("p", { class: "small" }, "An arrow is the pull, against the slope of the distance. A generator that is let go follows it."));
  split.append(plane, pulls);
  stage.append(split);

  const drawn = figure(plane, { label: "Two lines and four distances", height: 560 }, (ink, size) => draw(ink, size, view.state.theta));
  handle(drawn, {
    name: "θ, the place of the generator's line", low: -FARTHEST, high: FARTHEST, step: 0.01, leap: 0.1, axis: "x", kind: "fake",
    text: (value) => `θ = ${inWords(value)}`,
    value: () => view.state.theta,
    place: (value) => ({ x: across(drawn)(value), y: 100 }),
    at: (x) => across(drawn).back(x),
    set: (theta) => page.change({ theta }),
  });
  const told = html("p", { class: "small", id: "distances", role: "status" });
  plane.append(told);

  const lanes = figure(pulls, { label: "The pull of each distance", height: 4 * 96 }, (ink, size) => drawLanes(ink, size, view.lanes));
  const row = html("div", { class: "row" });
  pulls.append(row);
  const follow = (count) => {
    for (const { name } of DISTANCES) {
      for (let k = 0; k < count; k++) view.lanes[name] = descended(view.lanes[name], slopesOfLines(view.lanes[name])[name]);
    }
    lanes.redraw();
    after.textContent = `Now θ is ${DISTANCES.map(({ name, title }) => `${inWords(view.lanes[name])} with ${title}`).join(", ")}.`;
  };
  button(row, "One step", () => follow(1), "main");
  button(row, "Ten steps", () => follow(10));
  button(row, "Back to θ", () => reset());
  const after = html("p", { class: "small", id: "lanes", role: "status" });
  pulls.append(after);

  function reset() {
    for (const { name } of DISTANCES) view.lanes[name] = view.state.theta;
    lanes.redraw();
    after.textContent = `A step is ${STEP} times the slope, and no step goes past the data.`;
  }

  return {
    show(state) {
      view.state = state;
      drawn.redraw();
      reset();
      const found = ofLines(state.theta);
      told.textContent = `At θ = ${inWords(state.theta)}: ${DISTANCES.map(({ name, title }) => `${title} ${inWords(found[name])}`).join(" · ")}`;
      drawn.describe(told.textContent);
    },
  };
}

const across = ({ width }) => linear(-FARTHEST, FARTHEST, 46, width - 54);

function draw(ink, size, theta) {
  const X = across(size), { height, width } = size;
  const [top, bottom] = [36, 164];
  put(ink, "line", { x1: X(0), x2: X(0), y1: top, y2: bottom, class: "wall real" });
  put(ink, "line", { x1: X(theta), x2: X(theta), y1: top, y2: bottom, class: "wall fake" });
  const right = theta >= 0;
  note(ink, X(0) + (right ? -12 : 12), top + 8, "data", "real", right ? "end" : "start");
  const roomy = right ? X(theta) < width - 110 : X(theta) > 110;
  const outside = roomy === right;
  const narrow = !roomy && Math.abs(X(theta) - X(0)) < 110; // then there is room for the word only below
  note(ink, X(theta) + (narrow ? 0 : outside ? 12 : -12), bottom + (narrow ? 18 : -4), "generator", "fake", narrow ? "middle" : outside ? "start" : "end");
  note(ink, X(theta), 20, `θ = ${inWords(theta)}`, "fake");
  const box = { left: X(-FARTHEST), right: X(FARTHEST), top: 220, bottom: height - 48 };
  const { Y } = axes(ink, { x: { low: -FARTHEST, high: FARTHEST, label: "θ, the place of the generator's line", ticks: [-1, -0.5, 0, 0.5, 1] },
    y: { low: 0, high: CEILING, label: "distance", ticks: [0, 0.5, 1, CEILING], words: (tick) => (tick === CEILING ? "∞" : inWords(tick)) }, ...box });
  put(ink, "line", { x1: X(theta), x2: X(theta), y1: bottom + 6, y2: box.bottom, class: "guide" });
  const height_of = (value) => Y(value === Infinity ? CEILING : value);
  const ends = [];
  for (const { name, title, kind } of DISTANCES) {
    const places = Array.from({ length: 101 }, (_, i) => -FARTHEST + (2 * FARTHEST * i) / 100).map((one) => Number(one.toFixed(6)));
    const [left, rest] = [places.filter((one) => one < 0), places.filter((one) => one > 0)];
    const points = (list) => list.map((one) => [X(one), height_of(ofLines(one)[name])]);
    const middle = name === "w1" ? [[X(0), Y(0)]] : [];
    line(ink, [...points(left), ...middle, ...(middle.length ? points(rest) : [])], kind);
    if (!middle.length) {
      line(ink, points(rest), kind);
      put(ink, "circle", { cx: X(0), cy: points(rest)[0][1], r: 5, class: `hollow ${kind}` });
    }
    ends.push({ x: X(FARTHEST) + 10, y: height_of(ofLines(FARTHEST)[name]), text: title, kind });
  }
  put(ink, "circle", { cx: X(0), cy: Y(0), r: 5, class: "dot" });
  labels(ink, ends, { low: box.top, high: box.bottom });
  const found = ofLines(theta);
  for (const { name, kind } of DISTANCES) put(ink, "circle", { cx: X(theta), cy: height_of(found[name]), r: 7, class: `dot ${kind}` });
}

function drawLanes(ink, { width }, lanes) {
  const X = linear(-1.15, 1.15, 6, width - 6);
  DISTANCES.forEach(({ name, title, kind }, i) => {
    const y = 96 * i + 62, theta = lanes[name], slope = slopesOfLines(theta)[name];
    put(ink, "text", { x: 6, y: y - 30, class: `label ${kind}` }, title);
    put(ink, "text", { x: 48, y: y - 30, class: "quiet" }, pullInWords(theta, ofLines(theta)[name], slope));
    put(ink, "line", { x1: X(-1.15), x2: X(1.15), y1: y, y2: y, class: "rail" });
    put(ink, "line", { x1: X(0), x2: X(0), y1: y - 15, y2: y + 15, class: "wall real" });
    if (Number.isFinite(slope) && slope !== 0) {
      arrow(ink, X(theta), y, X(theta) - Math.sign(slope) * Math.min(0.3 * Math.abs(slope) * (X(1) - X(0)), Math.max(14, Math.abs(X(theta) - X(0)))), y, kind);
    }
    put(ink, "line", { x1: X(theta), x2: X(theta), y1: y - 15, y2: y + 15, class: "wall fake" });
  });
}

function pullInWords(theta, distance, slope) {
  if (theta === 0) return "it is there: θ = 0";
  if (!Number.isFinite(distance)) return "no pull: infinity has no slope";
  return slope === 0 ? "no pull: the slope is 0" : `pulls with ${inWords(Math.abs(slope))}, towards the data`;
}
