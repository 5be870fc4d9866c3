// The toys of `data/toys.py` by seed, and points that a visitor drew. Points are [x0, y0, x1, y1, ...].

import { stream } from "./philox.js";

export const ROWS = 50000; // of a toy, as in `TOY_ROWS`
const LEAST = 2, MOST = 5000; // points that a visitor may draw
const OWN_KEY = 4294967296; // 1 << 32, the second word of the key of every toy

function mixture(random, n, count, centre, spread, divisor) {
  const modes = random.integers(count, n), noise = random.normal64(2 * n);
  const points = new Float64Array(2 * n);
  for (let k = 0; k < 2 * n; k++) {
    points[k] = Math.fround((centre(modes[k >> 1])[k & 1] + spread * noise[k]) / divisor);
  }
  const centres = new Float64Array(2 * count);
  for (let k = 0; k < 2 * count; k++) centres[k] = centre(k >> 1)[k & 1] / divisor;
  return { points, labels: Int32Array.from(modes), centres, spread: spread / divisor };
}

const CIRCLE = Array.from({ length: 8 }, (_, k) => [2 * Math.cos((k * Math.PI) / 4), 2 * Math.sin((k * Math.PI) / 4)]);

function swissRoll(random, n) {
  const along = random.uniform64(n), noise = random.normal64(2 * n), points = new Float64Array(2 * n);
  for (let k = 0; k < n; k++) {
    const angle = 1.5 * Math.PI * (1 + 2 * along[k]);
    points[2 * k] = Math.fround((angle * Math.cos(angle) + 0.25 * noise[2 * k]) / 7.5);
    points[2 * k + 1] = Math.fround((angle * Math.sin(angle) + 0.25 * noise[2 * k + 1]) / 7.5);
  }
  return { points, labels: null, centres: null, spread: 0.25 / 7.5 };
}

// The constants are from gan_toy.py of Gulrajani et al. (2017).
export const DATASETS = {
  "8gaussians": (random, n) => mixture(random, n, 8, (mode) => CIRCLE[mode], 0.02, 1.414),
  "25gaussians": (random, n) => mixture(random, n, 25, (mode) => [2 * Math.floor(mode / 5) - 4, 2 * (mode % 5) - 4], 0.05, 2.828),
  swissroll: swissRoll,
};

// A toy of this name and seed: `{name, points, labels, centres, spread}`.
export function dataset(name, seed, rows = ROWS) {
  if (!Object.hasOwn(DATASETS, name)) throw new RangeError(`There is no data set ${name}; choose one of ${Object.keys(DATASETS).join(", ")}.`);
  return { name, ...DATASETS[name](stream(seed, OWN_KEY), rows) };
}

// A data set of points [x0, y0, ...] that a visitor drew. Throws RangeError with a sentence for points that cannot be learned.
export function ownPoints(points) {
  const count = points.length / 2;
  if (!Number.isInteger(count) || !Array.prototype.every.call(points, Number.isFinite)) {
    throw new RangeError("Some points are not pairs of finite numbers; draw them again.");
  }
  if (count < LEAST) {
    throw new RangeError(`There ${count === 1 ? "is one point" : "are no points"}; draw at least ${LEAST}, since one point has no shape to learn.`);
  }
  if (count > MOST) throw new RangeError(`There are ${count} points; draw at most ${MOST}.`);
  return { name: "own points", points: Float64Array.from(points), labels: null, centres: null, spread: null };
}
