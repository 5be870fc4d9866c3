// How far samples are from the data: the exact W1 beside its floor, bounds and the critic's estimate, and the modes found.

import { emd, w1Bounds } from "./transport.js";

export const COUNT = 256; // rows and samples that are compared, as in the diagnostics of `wgan train`
const MADE = 0.25; // a mode is found from this share of its proportion on
const NEAR = 0.25; // of the distance between neighbouring modes: samples farther from every centre are of none

// The exact W1 of as many real rows as are compared with samples, to other real rows: what no generator can beat by much.
export function floorOf(trainer, count = COUNT) {
  return emd(trainer.trained(count), trainer.heldOut(count)).cost;
}

// What is measured at a step. `pairs` holds the plan between samples and held-out rows as [x, y, x, y, ...].
export function measured(trainer, count = COUNT) {
  const real = trainer.heldOut(count), fake = trainer.samples(count), seen = trainer.fakes(count);
  if (!fake.every(Number.isFinite)) return null;
  const found = emd(fake, real), slope = trainer.slopeBound(), estimate = trainer.estimate(real, seen);
  const pairs = new Float64Array(4 * found.plan.length);
  found.plan.forEach(({ source, target }, k) => {
    pairs.set([fake[2 * source], fake[2 * source + 1], real[2 * target], real[2 * target + 1]], 4 * k);
  });
  return {
    step: trainer.at,
    w1: found.cost,
    ...w1Bounds(fake, real),
    estimate,
    // The critic's gap divided by a bound of its slope is a lower bound of the W1 of the fakes that it sees.
    certified: trainer.config.objective === "wasserstein" ? estimate / slope : null,
    slopeBound: slope,
    pairs,
    modes: modesFound(fake, trainer.data.centres),
    clipped: trainer.clippedShare(),
    norms: trainer.gradientNorms(),
  };
}

// How many of the data's modes hold their part of the samples [x, y, ...]: `{found, of, shares}`, or null without modes.
export function modesFound(samples, centres) {
  if (!centres) return null;
  const of = centres.length / 2, count = samples.length / 2, shares = new Float64Array(of);
  let nearest = Infinity;
  for (let i = 0; i < of; i++) for (let j = 0; j < i; j++) nearest = Math.min(nearest, between(centres, i, centres, j));
  for (let k = 0; k < count; k++) {
    let best = 0;
    for (let i = 1; i < of; i++) if (between(centres, i, samples, k) < between(centres, best, samples, k)) best = i;
    if (between(centres, best, samples, k) < NEAR * nearest) shares[best] += 1 / count;
  }
  return { found: shares.filter((share) => share >= MADE / of).length, of, shares };
}

const between = (X, i, Y, j) => Math.hypot(X[2 * i] - Y[2 * j], X[2 * i + 1] - Y[2 * j + 1]);
