// Divergences of histograms, of two lines and of two Gaussians, in nats; and the best critic and discriminator between
// two Gaussians. A divergence is Infinity where the supports part, which is a value and no error.

import { emd1d } from "./transport.js";

const shares = (values) => {
  const total = values.reduce((sum, value) => sum + value, 0);
  return Array.from(values, (value) => value / total);
};

// The sum of p log(p / q); Infinity where q is 0 and p is not.
export function kl(P, Q) {
  const p = shares(P), q = shares(Q);
  return p.reduce((sum, value, k) => sum + (value > 0 ? (q[k] > 0 ? value * Math.log(value / q[k]) : Infinity) : 0), 0);
}

// The Jensen-Shannon divergence, at most log 2.
export function js(P, Q) {
  const p = shares(P), q = shares(Q), middle = p.map((value, k) => (value + q[k]) / 2);
  return (kl(p, middle) + kl(q, middle)) / 2;
}

// The total variation, at most 1: half the sum of |p - q|.
export function tv(P, Q) {
  const p = shares(P), q = shares(Q);
  return p.reduce((sum, value, k) => sum + Math.abs(value - q[k]), 0) / 2;
}

// The earth mover's distance of the shares.
export const w1 = (P, Q, positions = null) => emd1d(shares(P), shares(Q), positions).cost;

// Example 1 of Arjovsky et al. (2017): (0, z) against (theta, z) with z uniform in [0, 1].
export function ofLines(theta) {
  if (theta === 0) return { kl: 0, js: 0, tv: 0, w1: 0 };
  return { kl: Infinity, js: Math.log(2), tv: 1, w1: Math.abs(theta) };
}

// The derivatives by theta. At theta = 0 none exists, and those of W1 are -1 on the left and 1 on the right.
export function slopesOfLines(theta) {
  if (theta === 0) return { kl: NaN, js: NaN, tv: NaN, w1: NaN };
  return { kl: 0, js: 0, tv: 0, w1: Math.sign(theta) };
}

// log of the normal density.
const logDensity = (x, mean, sd) => -0.5 * ((x - mean) / sd) ** 2 - Math.log(sd) - 0.5 * Math.log(2 * Math.PI);

// P(Z <= z), by the integral of the density from 0 to z (Simpson's rule; an error below 1e-12).
export function normalShare(z) {
  if (Math.abs(z) > 9) return z > 0 ? 1 : 0;
  return 0.5 + integral((x) => Math.exp(logDensity(x, 0, 1)), 0, z, 400);
}

function integral(value, from, to, pieces) {
  const width = (to - from) / pieces;
  let sum = value(from) + value(to);
  for (let k = 1; k < pieces; k++) sum += (k % 2 ? 4 : 2) * value(from + k * width);
  return (sum * width) / 3;
}

// Points where two normal densities are equal.
function crossings(m1, s1, m2, s2) {
  if (s1 === s2) return m1 === m2 ? [] : [(m1 + m2) / 2];
  const a = 1 / s1 ** 2 - 1 / s2 ** 2, b = m2 / s2 ** 2 - m1 / s1 ** 2;
  const c = (m1 / s1) ** 2 - (m2 / s2) ** 2 + 2 * Math.log(s1 / s2), root = Math.sqrt(Math.max(0, b * b - a * c));
  return [(-b - root) / a, (-b + root) / a].sort((x, y) => x - y);
}

// KL(first, second), JS, TV and W1 of two normal laws. KL and W1 are closed forms: W1 is E |m1 - m2 + (s1 - s2) Z|.
export function ofGaussians(m1, s1, m2, s2) {
  const gap = m1 - m2, wider = Math.abs(s1 - s2);
  const bends = crossings(m1, s1, m2, s2);
  const below = (x, mean, sd) => normalShare((x - mean) / sd);
  const ends = [-Infinity, ...bends, Infinity];
  let variation = 0;
  for (let k = 0; k + 1 < ends.length; k++) {
    const inside = (mean, sd) => below(ends[k + 1], mean, sd) - below(ends[k], mean, sd);
    variation += Math.abs(inside(m1, s1) - inside(m2, s2)) / 2;
  }
  const w = wider === 0 ? Math.abs(gap)
    : wider * Math.sqrt(2 / Math.PI) * Math.exp(-0.5 * (gap / wider) ** 2) + gap * (1 - 2 * normalShare(-gap / wider));
  return {
    kl: Math.log(s2 / s1) + (s1 ** 2 + gap ** 2) / (2 * s2 ** 2) - 0.5,
    js: (halfOf(m1, s1, m2, s2) + halfOf(m2, s2, m1, s1)) / 2,
    tv: bends.length ? variation : 0,
    w1: w,
  };
}

// KL of the first law to the mixture of both, log 2 - E log(1 + q / p), over ten standard deviations.
function halfOf(m1, s1, m2, s2) {
  const inside = (x) => {
    const p = logDensity(x, m1, s1), ratio = logDensity(x, m2, s2) - p;
    return Math.exp(p) * (ratio > 30 ? ratio : Math.log1p(Math.exp(ratio)));
  };
  return Math.max(0, Math.log(2) - integral(inside, m1 - 10 * s1, m1 + 10 * s1, 4000));
}

const logistic = (x) => 1 / (1 + Math.exp(-x));

// The best discriminator D = p / (p + q) between real rows N(m1, s1) and fakes N(m2, s2) at x: its `value`, its `slope`,
// and the pull on a fake at x, against the slope of what its generator minimises: -d log(1 - D) / dx = D dlogit / dx
// (`saturating`) and d log D / dx = (1 - D) dlogit / dx (`nonSaturating`).
export function bestDiscriminator(x, m1, s1, m2, s2) {
  const score = logDensity(x, m1, s1) - logDensity(x, m2, s2), rise = -(x - m1) / s1 ** 2 + (x - m2) / s2 ** 2;
  const real = logistic(score), fake = logistic(-score);
  return { value: real, slope: real * fake * rise, saturating: real * rise, nonSaturating: fake * rise };
}

// The best critic: its slope is 1 where more fakes than real rows lie to the left of x, and -1 elsewhere. It is 0 at its
// bend, or at the middle of the means where it has none.
export function bestCritic(x, m1, s1, m2, s2) {
  if (s1 === s2) {
    const slope = Math.sign(m1 - m2);
    return { value: slope * (x - (m1 + m2) / 2), slope };
  }
  const bend = (m1 * s2 - m2 * s1) / (s2 - s1), outward = Math.sign(s1 - s2);
  return { value: outward * Math.abs(x - bend), slope: outward * Math.sign(x - bend) };
}
