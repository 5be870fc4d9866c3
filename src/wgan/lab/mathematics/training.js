// Algorithm 1 on points, as `training/` runs it: the same draws, losses and updates of `wgan train`, in float64.

import { dataset, ownPoints } from "./data.js";
import {
  arraysOf, backward, backwardOfInputGradient, forward, inputGradient, network, normsOf, slopeBound, workspace, zerosLike,
} from "./networks.js";
import { OBJECTIVES } from "./objectives.js";
import { OPTIMISERS } from "./optimisers.js";
import { draws, rowDrawer } from "./philox.js";
import { measured } from "./measures.js";

// The fields of `Config` that a training in the page reads, with the defaults of `wgan train 8gaussians`.
export const DEFAULTS = {
  data: "8gaussians", points: null, held_out: 0.1, objective: "wasserstein", constraint: "gradient-penalty", clip: 0.01,
  penalty_weight: 1, penalty_sides: "two", width: 256, depth: null, network: "hybrid", activation: "auto", latent: 64, steps: 10000, batch: 64,
  n_critic: 1, optimiser: "adam", learning_rate: 2e-3, decay: "linear", beta1: 0, beta2: 0.9, average: 0.999, seed: 0,
};
export const CONSTRAINTS = ["none", "clip", "gradient-penalty"];
const TINY = 1e-16; // under the root of a gradient norm, as in `game/constraints.py`

// Hidden layers and activation of the networks for points; a depth of null is the network's own.
const NETWORKS = {
  mlp: (config) => ({ hidden: config.depth ?? 3, kind: "relu" }),
  hybrid: (config) => ({ hidden: (config.depth ?? 1) + 1, kind: "leaky_relu" }),
};

// The shuffled rows of a data set: which are held out, and which are trained on, both sorted.
function split(count, share, seed) {
  const held = share ? Math.max(1, halfEven(share * count)) : 0;
  const order = draws(seed, "held_out").permutation(count);
  return { heldOut: order.slice(0, held).sort(), rows: order.slice(held).sort() };
}

// Rounded as Python rounds: halves to the even neighbour.
function halfEven(x) {
  const near = Math.round(x);
  return near - x === 0.5 && near % 2 ? near - 1 : near;
}

function learningRate(config, step) {
  const { decay, learning_rate: first, steps } = config;
  if (decay === "cosine") return (first * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps))) / 2;
  return first * (decay === "linear" ? Math.max(0, 1 - step / steps) : 1);
}

// Adds lambda E (|grad f(x)| - 1)^2 at x = eps real + (1 - eps) fake to the critic's gradient (Gulrajani et al. 2017).
function penalty(critic, config, mixed, work, gradient, bySlope) {
  forward(critic, mixed, work);
  const slope = inputGradient(critic, work), { rows } = work, { penalty_weight: weight } = config;
  let sum = 0, norms = 0;
  for (let row = 0; row < rows; row++) {
    const x = slope[2 * row], y = slope[2 * row + 1], norm = Math.sqrt(x * x + y * y + TINY);
    const excess = config.penalty_sides === "one" ? Math.max(0, norm - 1) : norm - 1;
    const by = (2 * weight * excess) / (rows * norm);
    bySlope[2 * row] = by * x;
    bySlope[2 * row + 1] = by * y;
    sum += excess * excess;
    norms += norm;
  }
  backwardOfInputGradient(critic, bySlope, work, gradient);
  return { penalty: (weight * sum) / rows, gradient_norm: norms / rows };
}

// More would fill the memory of a browser.
const LARGEST = { width: 1024, depth: 8, latent: 1024, batch: 4096, n_critic: 100 };

function refuse(config) {
  if (!OBJECTIVES[config.objective]) throw new RangeError(`There is no objective ${config.objective}.`);
  if (!CONSTRAINTS.includes(config.constraint)) throw new RangeError(`There is no constraint ${config.constraint}.`);
  for (const [name, most] of Object.entries(LARGEST)) {
    const value = name === "depth" && config.depth === null ? 1 : config[name];
    if (!(Number.isInteger(value) && value >= 1 && value <= most)) throw new RangeError(`${name} must be a whole number from 1 to ${most}.`);
  }
}

// A training at step 0. `config` has fields of `Config` by their names; `points` are a visitor's own, for data "own".
export function createTrainer(given = {}) {
  const config = { ...DEFAULTS, ...given };
  refuse(config);
  const data = config.data === "own" ? ownPoints(config.points ?? []) : dataset(config.data, config.seed);
  const count = data.points.length / 2, { batch, latent, seed, n_critic: steps } = config;
  // A few drawn points are the whole law: none is held out, and the samples are compared with all of them.
  const parts = split(count, config.data === "own" ? 0 : config.held_out, seed);
  const drawRows = rowDrawer(seed, parts.rows.length);
  const { hidden, kind } = NETWORKS[config.network](config);
  const phi = config.activation === "auto" ? kind : config.activation;
  const inside = Array(hidden).fill(config.width);
  const critic = network([2, ...inside, 1], phi, draws(seed, "weights", 0));
  const generator = network([latent, ...inside, 2], phi, draws(seed, "weights", 1));
  const clipTo = config.constraint === "clip" ? config.clip : null;
  const [criticArrays, generatorArrays] = [critic, generator].map((net) => arraysOf(net.layers));
  if (clipTo !== null) clipAll(criticArrays, clipTo);
  const [criticGradient, generatorGradient] = [critic, generator].map((net) => zerosLike(net.layers));
  const [criticGradients, generatorGradients] = [criticGradient, generatorGradient].map(arraysOf);
  const objective = OBJECTIVES[config.objective], update = OPTIMISERS[config.optimiser];
  const updateCritic = update(criticArrays, config), updateGenerator = update(generatorArrays, config);
  const average = network([latent, ...inside, 2], phi, draws(seed, "weights", 1));
  const averageArrays = arraysOf(average.layers);

  const ofPair = workspace(critic, 2 * batch), ofMixed = workspace(critic, batch), ofFake = workspace(critic, batch);
  const ofFakes = workspace(generator, steps * batch), ofZ = workspace(generator, batch);
  const pair = new Float64Array(4 * batch), mixed = new Float64Array(2 * batch), bySlope = new Float64Array(2 * batch);
  const byPair = new Float64Array(2 * batch), byFake = new Float64Array(batch);
  let at = 0, losses = {};
  const norms = { critic: null, generator: null };

  function criticStep(fakes, number, chosen, mix) {
    for (let row = 0; row < batch; row++) {
      const real = 2 * parts.rows[chosen[number * batch + row]], fake = 2 * (number * batch + row), eps = mix[number * batch + row];
      for (let axis = 0; axis < 2; axis++) {
        const x = data.points[real + axis], y = fakes[fake + axis];
        pair[2 * row + axis] = x;
        pair[2 * (batch + row) + axis] = y;
        mixed[2 * row + axis] = eps * x + (1 - eps) * y;
      }
    }
    criticGradients.forEach((g) => g.fill(0));
    const scores = forward(critic, pair, ofPair);
    let value = objective.criticLoss(scores, byPair), found = {};
    backward(critic, byPair, ofPair, criticGradient);
    if (config.constraint === "gradient-penalty") {
      found = penalty(critic, config, mixed, ofMixed, criticGradient, bySlope);
      value += found.penalty;
    }
    updateCritic(criticGradients, learningRate(config, at));
    if (clipTo !== null) clipAll(criticArrays, clipTo);
    return { critic_loss: value, ...found };
  }

  function generatorStep() {
    const z = Float64Array.from(draws(seed, "generator_z", at).normal(batch * latent));
    const scores = forward(critic, forward(generator, z, ofZ), ofFake);
    const value = objective.generatorLoss(scores, byFake);
    generatorGradients.forEach((g) => g.fill(0));
    backward(generator, backward(critic, byFake, ofFake, null, true), ofZ, generatorGradient);
    updateGenerator(generatorGradients, learningRate(config, at));
    const decay = Math.min(config.average, (1 + at) / (10 + at));
    averageArrays.forEach((mean, n) => {
      const w = generatorArrays[n];
      for (let k = 0; k < mean.length; k++) mean[k] += (1 - decay) * (w[k] - mean[k]);
    });
    return { generator_loss: value };
  }

  // One iteration: the critic's steps, then the generator's.
  function step() {
    const z = Float64Array.from(draws(seed, "z", at).normal(steps * batch * latent));
    const mix = draws(seed, "mix", at).uniform(steps * batch);
    const chosen = drawRows(at * steps * batch, steps * batch);
    const fakes = forward(generator, z, ofFakes);
    for (let number = 0; number < steps; number++) losses = criticStep(fakes, number, chosen, mix);
    losses = { ...losses, ...generatorStep() };
    [norms.critic, norms.generator] = [normsOf(criticGradient), normsOf(generatorGradient)];
    at += 1;
    return losses;
  }

  // Passes over other numbers of rows keep their arrays too, one set for each number.
  const kept = new Map();
  function passing(net, x) {
    const rows = x.length / net.layers[0].inputs, key = `${net === critic}:${rows}`;
    if (!kept.has(key)) kept.set(key, workspace(net, rows));
    return [forward(net, x, kept.get(key)), kept.get(key)];
  }
  const made = (net, purpose, step, n) => passing(net, Float64Array.from(draws(seed, purpose, step).normal(n * latent)))[0].slice();

  const trainer = {
    config, data, step,
    get at() { return at; },
    get losses() { return losses; },
    get finite() { return Object.values(losses).every(Number.isFinite) && Number.isFinite(criticArrays[0][0]); },
    // `n` samples of the averaged generator, from noise that stays the same during the run.
    samples: (n) => made(config.average ? average : generator, "fixed_z", 0, n),
    // `n` samples of the generator that the critic sees.
    fakes: (n) => made(generator, "estimate", at, n),
    score: (points) => passing(critic, points)[0].slice(),
    scoreGradient: (points) => inputGradient(critic, passing(critic, points)[1]).slice(),
    gradientNorms: () => ({ ...norms }),
    slopeBound: () => slopeBound(critic),
    clippedShare() {
      if (clipTo === null) return null;
      let found = 0, all = 0;
      for (const array of criticArrays) for (const w of array) [found, all] = [found + (Math.abs(w) >= clipTo * (1 - 1e-6)), all + 1];
      return found / all;
    },
    // The critic's estimate between rows [x, y, ...] and as many fakes.
    estimate(real, fake) {
      const scores = new Float64Array(real.length);
      scores.set(trainer.score(real));
      scores.set(trainer.score(fake), real.length / 2);
      return objective.estimate(scores);
    },
    heldOut: (n) => rowsOf(data.points, parts.heldOut.length ? parts.heldOut : parts.rows, draws(seed, "diagnose"), n),
    trained: (n) => rowsOf(data.points, parts.rows, draws(seed, "compare"), n),
    measure: () => measured(trainer),
    weights: () => ({ critic: criticArrays, generator: generatorArrays }),
  };
  return trainer;
}

function clipAll(arrays, limit) {
  for (const array of arrays) for (let k = 0; k < array.length; k++) array[k] = Math.min(limit, Math.max(-limit, array[k]));
}

// `n` of the rows at random; where there are fewer, they are taken by turns.
function rowsOf(points, rows, random, n) {
  const order = random.permutation(rows.length), found = new Float64Array(2 * n);
  for (let k = 0; k < n; k++) {
    const row = rows[order[k % rows.length]];
    found[2 * k] = points[2 * row];
    found[2 * k + 1] = points[2 * row + 1];
  }
  return found;
}
