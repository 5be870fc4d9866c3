// A training in a worker of its own, so that the page stays quick. Each message has `number`, which the page counts up
// with every "begin", so that late messages of an earlier training can be told. Messages to it:
//   {kind: "begin", config, reach, surface, slopes}  a training at step 0; `surface` and `slopes` are the cells along a side
//   {kind: "run", rest}    train until told otherwise, resting `rest` milliseconds after each step
//   {kind: "step"}         one step
//   {kind: "pause"}
//   {kind: "shown"}        the last frame was drawn; a training that runs sends the next one only then
// Messages from it:
//   {kind: "frame", at, losses, fake, surface, slopes, norms, clipped, running}
//   {kind: "measured", ...what `measured` gives, floor}
//   {kind: "refused", sentence}  the config cannot be trained; {kind: "ended", sentence}  a value stopped being finite
//   {kind: "finished"}  the last step is done

import { COUNT, floorOf, measured } from "../mathematics/measures.js";
import { createTrainer } from "../mathematics/training.js";

const FRAME = 1000 / 40; // milliseconds between two frames, at least
const SHARE = 0.12; // of the time that measurements may take
const SHOWN = 256; // samples in a frame

// A message to itself lets the page's messages in at once, where a timer would wait four milliseconds.
const turn = new MessageChannel();
let queued = false;
turn.port1.onmessage = () => {
  queued = false;
  slice();
};

let trainer = null, refusal = "", view = null, number = 0, running = false, rest = 0, timer = 0;
let shown = true, framed = 0, measuredAt = -1, measureAgain = 0, floor = NaN;

const now = () => performance.now();
const post = (message) => postMessage({ ...message, number });

// The middles of the cells of a grid over [-reach, reach]^2, row by row from the top.
function gridOf(count, reach) {
  const points = new Float64Array(2 * count * count);
  for (let k = 0; k < count * count; k++) {
    points[2 * k] = reach * ((2 * (k % count) + 1) / count - 1);
    points[2 * k + 1] = reach * (1 - (2 * Math.floor(k / count) + 1) / count);
  }
  return points;
}

function begin(message) {
  stop();
  number = message.number;
  try {
    trainer = createTrainer(message.config);
  } catch (problem) {
    trainer = null;
    refusal = problem instanceof RangeError ? problem.message : `The training could not begin: ${problem.message}.`;
    post({ kind: "refused", sentence: refusal });
    return;
  }
  view = { surface: gridOf(message.surface, message.reach), slopes: gridOf(message.slopes, message.reach) };
  floor = floorOf(trainer);
  measuredAt = -1;
  frame();
  measure();
}

function frame() {
  framed = now();
  shown = false;
  post({
    kind: "frame", at: trainer.at, losses: trainer.losses, fake: trainer.samples(SHOWN), surface: trainer.score(view.surface),
    slopes: trainer.scoreGradient(view.slopes), norms: trainer.gradientNorms(), clipped: trainer.clippedShare(), running,
  });
}

function measure() {
  if (measuredAt === trainer.at) return;
  const began = now(), found = measured(trainer);
  measuredAt = trainer.at;
  measureAgain = now() + (now() - began) / SHARE;
  if (found) post({ kind: "measured", ...found, floor, count: COUNT });
}

function advance() {
  trainer.step();
  if (trainer.finite && trainer.at < trainer.config.steps) return true;
  stop();
  frame();
  if (trainer.finite) {
    measure();
    post({ kind: "finished" });
    return false;
  }
  const names = Object.keys(trainer.losses).filter((name) => !Number.isFinite(trainer.losses[name]));
  post({ kind: "ended", sentence: `Training ended at step ${trainer.at}: ${(names[0] ?? "a weight").replaceAll("_", " ")} is not a finite number any more.` });
  return false;
}

// Steps for as long as a frame lasts, then lets messages in.
function slice() {
  timer = 0;
  if (!running || !trainer) return;
  const began = now();
  do if (!advance()) return; while (rest === 0 && now() - began < FRAME);
  if (shown && (rest > 0 || now() - framed >= FRAME)) frame();
  if (now() >= measureAgain) measure();
  again();
}

function again() {
  clearTimeout(timer);
  if (rest > 0) timer = setTimeout(slice, rest);
  else if (!queued) {
    queued = true;
    turn.port2.postMessage(null);
  }
}

function stop() {
  running = false;
  clearTimeout(timer);
  timer = 0;
}

onmessage = ({ data }) => {
  if (data.kind === "begin") return begin(data);
  if (data.kind === "shown") shown = true;
  if (data.number !== number) return undefined;
  const onward = data.kind === "run" || data.kind === "step";
  if (!trainer) return onward ? post({ kind: "refused", sentence: refusal }) : undefined;
  if (onward && trainer.at >= trainer.config.steps) return post({ kind: "finished" });
  if (data.kind === "run") {
    rest = data.rest ?? 0;
    running = true;
    again();
  }
  if (data.kind === "pause" || data.kind === "step") {
    stop();
    if (data.kind === "step" && !advance()) return undefined;
    frame();
    measure();
  }
  return undefined;
};
