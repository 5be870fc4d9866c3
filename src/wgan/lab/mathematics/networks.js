// Dense networks of `game/networks.py` in float64, with the derivatives that Algorithm 1 needs, written out by hand.
//
// Layer l computes a_l = h_{l-1} W_l^T + b_l and h_l = phi(a_l); the last layer has no phi.

import { norm, operatorNormBound, timesTransposed, transposed } from "./products.js";

const LEAKY = 0.2; // the slope of `leaky_relu` below 0

// value(a), slope(a), and curve(a) for the second derivative; null where it is 0 almost everywhere. `steepest` bounds the slope.
export const ACTIVATIONS = {
  relu: { value: (a) => (a > 0 ? a : 0), slope: (a) => (a > 0 ? 1 : 0), curve: null },
  leaky_relu: { value: (a) => (a > 0 ? a : LEAKY * a), slope: (a) => (a > 0 ? 1 : LEAKY), curve: null },
  tanh: {
    value: Math.tanh,
    slope: (a) => 1 - Math.tanh(a) ** 2,
    curve: (a) => -2 * Math.tanh(a) * (1 - Math.tanh(a) ** 2),
  },
};

// A network of these widths, from its input to its output, with `activation` between layers.
// Initial weights are He's, uniform, drawn from `random` and rounded to float32 as the product's are; biases are 0.
export function network(widths, activation, random) {
  const layers = widths.slice(1).map((features, at) => {
    const inputs = widths[at], bound = Math.sqrt(3 * (2 / inputs));
    const weight = random.uniform64(features * inputs).map((u) => Math.fround(-bound + (bound - -bound) * u));
    return { inputs, features, weight, bias: new Float64Array(features) };
  });
  return { layers, phi: ACTIVATIONS[activation] };
}

// All arrays of a network or of its gradient: weight and bias of each layer in turn.
export const arraysOf = (layers) => layers.flatMap((layer) => [layer.weight, layer.bias]);

export const zerosLike = (layers) =>
  layers.map((layer) => ({ weight: new Float64Array(layer.weight.length), bias: new Float64Array(layer.bias.length) }));

// The arrays that passes over `rows` rows write into, so that training allocates nothing.
export function workspace(net, rows) {
  const sizes = net.layers.map((layer) => layer.features), widest = Math.max(...sizes, net.layers[0].inputs);
  const each = (size) => new Float64Array(rows * size);
  return {
    rows,
    inputs: null,
    before: sizes.map(each), // a_l
    after: sizes.map(each), // h_l
    back: sizes.map(each), // the derivative by a_l
    up: [each(net.layers[0].inputs), ...sizes.map(each)], // the derivative by h_l, from the input on
    down: sizes.map(each), // g_l, the gradient of the score by h_l
    forth: [each(net.layers[0].inputs), ...sizes.map(each)], // r_l, the derivative by g_l
    turned: [each(widest), each(widest)],
    weights: net.layers.map((layer) => new Float64Array(layer.weight.length)),
  };
}

// The outputs [rows, last width] of a network.
export function forward(net, x, work) {
  const last = net.layers.length - 1;
  work.inputs = x;
  net.layers.forEach((layer, at) => {
    const a = work.before[at], h = work.after[at];
    timesTransposed(at ? work.after[at - 1] : x, layer.weight, at === last ? h : a, work.rows, layer.features, layer.inputs, layer.bias);
    if (at < last) for (let k = 0, size = a.length; k < size; k++) h[k] = net.phi.value(a[k]);
  });
  return work.after[last];
}

function addWeights(work, by, input, weight, layer, into) {
  const { rows } = work, { features, inputs } = layer;
  const left = transposed(by, work.turned[0], rows, features), right = transposed(input, work.turned[1], rows, inputs);
  timesTransposed(left, right, into, features, inputs, rows);
  for (let k = 0; k < into.length; k++) weight[k] += into[k];
}

// Adds to `gradient` the derivatives of a loss whose derivative by the outputs is `byOutput` [rows, last width]. `more`
// may hold derivatives by a_l that come from elsewhere. Returns the derivative by the input, if it `wants` it.
export function backward(net, byOutput, work, gradient, wants = false, more = null) {
  const last = net.layers.length - 1;
  for (let at = last; at >= 0; at--) {
    const layer = net.layers[at], { features, inputs } = layer;
    let by = byOutput;
    if (at < last) {
      by = work.back[at];
      const up = work.up[at + 1], a = work.before[at], extra = more && more[at];
      for (let k = 0; k < by.length; k++) by[k] = up[k] * net.phi.slope(a[k]) + (extra ? extra[k] : 0);
    }
    if (gradient) {
      addWeights(work, by, at ? work.after[at - 1] : work.inputs, gradient[at].weight, layer, work.weights[at]);
      const bias = gradient[at].bias;
      for (let row = 0, k = 0; row < work.rows; row++) for (let unit = 0; unit < features; unit++, k++) bias[unit] += by[k];
    }
    if (at || wants) {
      const turned = transposed(layer.weight, work.weights[at], features, inputs);
      timesTransposed(by, turned, work.up[at], work.rows, inputs, features);
    }
  }
  return work.up[0];
}

// The gradient [rows, inputs] of the score by the input of a network with one output, after `forward`.
// g_{L-1} = W_L and g_{l-1} = (g_l phi'(a_l)) W_l.
export function inputGradient(net, work) {
  const last = net.layers.length - 1, { rows } = work, ends = net.layers[last];
  let g = last ? work.down[last - 1] : work.up[0];
  for (let row = 0; row < rows; row++) g.set(ends.weight, row * ends.inputs);
  for (let at = last - 1; at >= 0; at--) {
    const layer = net.layers[at], d = work.back[at], a = work.before[at];
    for (let k = 0; k < d.length; k++) d[k] = g[k] * net.phi.slope(a[k]);
    const turned = transposed(layer.weight, work.weights[at], layer.features, layer.inputs);
    g = at ? work.down[at - 1] : work.up[0];
    timesTransposed(d, turned, g, rows, layer.inputs, layer.features);
  }
  return g;
}

// Adds to `gradient` the derivatives by the weights of a loss of the input gradient, after `inputGradient`; `bySlope`
// [rows, inputs] is the derivative of that loss by the input gradient. With r_0 = bySlope, the derivative by
// d_l = g_l phi'(a_l) is e_l = r_{l-1} W_l^T, the one by W_l is d_l^T r_{l-1}, the one by g_l is r_l = e_l phi'(a_l), and
// the one by a_l is e_l g_l phi''(a_l), which goes back through the network as any other.
export function backwardOfInputGradient(net, bySlope, work, gradient) {
  const last = net.layers.length - 1, { rows } = work, curved = net.phi.curve;
  const more = curved ? [] : null;
  let r = bySlope;
  for (let at = 0; at < last; at++) {
    const layer = net.layers[at], d = work.back[at], a = work.before[at], g = work.down[at];
    addWeights(work, d, r, gradient[at].weight, layer, work.weights[at]);
    const next = work.forth[at + 1];
    timesTransposed(r, layer.weight, next, rows, layer.features, layer.inputs);
    if (curved) more.push(next.map((e, k) => e * g[k] * curved(a[k])));
    for (let k = 0; k < next.length; k++) next[k] *= net.phi.slope(a[k]);
    r = next;
  }
  const ends = gradient[last].weight;
  for (let row = 0, k = 0; row < rows; row++) for (let unit = 0; unit < ends.length; unit++, k++) ends[unit] += r[k];
  if (curved && last) backward(net, new Float64Array(rows), work, gradient, false, more); // nothing comes from the output
}

// An upper bound of the slope of a network: the product of the operator norms of its weights, since no phi is steeper than 1.
export const slopeBound = (net) =>
  net.layers.reduce((bound, layer) => bound * operatorNormBound(layer.weight, layer.features, layer.inputs), 1);

// The Euclidean norm of the gradient of each layer's weights.
export const normsOf = (gradient) => gradient.map((layer) => norm(layer.weight));
