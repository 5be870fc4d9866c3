// The product's random draws: Philox 4x64 by (seed, purpose, step), and NumPy's ways to make numbers of its words.
// They are those of `maths/streams.py`; Salmon et al. (2011) for the words, Marsaglia and Tsang (2000) for normals.

import { log1pf } from "./log1p.js";
import { TABLES } from "./ziggurat.generated.js";

// The numbers in `maths/streams.py` of the purposes for which the page draws; a number never changes.
export const PURPOSES = {
  weights: 0, rows: 1, z: 2, generator_z: 3, mix: 4, held_out: 5, estimate: 6, fixed_z: 7, diagnose: 16, compare: 22,
};

const bytes = Uint8Array.from(atob(TABLES), (letter) => letter.charCodeAt(0)).buffer;
const WIDTHS = new Float64Array(bytes, 0, 256);
const LIMITS = new Float64Array(bytes, 2048, 256);
const WIDTHS_F = new Float32Array(bytes, 4096, 256);
const LIMITS_F = new Uint32Array(bytes, 5120, 256);
// The density at the edge of each layer.
const EDGES = WIDTHS.map((width, layer) => (layer === 0 ? 1 : Math.exp(-0.5 * (width * 2 ** 52) ** 2)));
const EDGES_F = Float32Array.from(EDGES);
const TAIL = 3.6541528853610088; // where the last layer begins
const INVERSE_TAIL = 0.27366123732975828;

const ROUNDS = 10;

// The high and low words of a 32 x 32 bit product.
function highOf(a, b) {
  const a0 = a & 0xffff, a1 = a >>> 16, b0 = b & 0xffff, b1 = b >>> 16;
  const low = a0 * b0, middle = a1 * b0 + (low >>> 16), other = a0 * b1 + (middle & 0xffff);
  return (a1 * b1 + Math.floor(middle / 65536) + Math.floor(other / 65536)) >>> 0;
}

// Multiplies two 64-bit words, each a high and a low half, into `out[0..3]`: the 128 bits from the lowest 32.
function multiply(aHigh, aLow, bHigh, bLow, out) {
  const low = Math.imul(aLow, bLow) >>> 0;
  const cross = Math.imul(aLow, bHigh) >>> 0, other = Math.imul(aHigh, bLow) >>> 0;
  const second = highOf(aLow, bLow) + cross + other;
  const third = highOf(aLow, bHigh) + highOf(aHigh, bLow) + (Math.imul(aHigh, bHigh) >>> 0) + Math.floor(second / 4294967296);
  out[0] = low;
  out[1] = second >>> 0;
  out[2] = third >>> 0;
  out[3] = (highOf(aHigh, bHigh) + Math.floor(third / 4294967296)) >>> 0;
}

const first = new Uint32Array(4), second = new Uint32Array(4);

// Fills `words` [8] with the four 64-bit words of a counter [4 pairs, low half first] under a key of two 64-bit words.
function generate(counter, key, words) {
  let [c0, c1, c2, c3, c4, c5, c6, c7] = counter;
  let [k0, k1, k2, k3] = key;
  for (let round = 0; round < ROUNDS; round++) {
    multiply(0xd2e7470e, 0xe14c6c93, c1, c0, first);
    multiply(0xca5a8263, 0x95121157, c5, c4, second);
    const n0 = (second[2] ^ c2 ^ k0) >>> 0, n1 = (second[3] ^ c3 ^ k1) >>> 0;
    const n4 = (first[2] ^ c6 ^ k2) >>> 0, n5 = (first[3] ^ c7 ^ k3) >>> 0;
    c0 = n0; c1 = n1; c2 = second[0]; c3 = second[1];
    c4 = n4; c5 = n5; c6 = first[0]; c7 = first[1];
    // Weyl's constants: 0x9E3779B97F4A7C15 and 0xBB67AE8584CAA73B.
    let sum = k0 + 0x7f4a7c15;
    k1 = (k1 + 0x9e3779b9 + (sum > 0xffffffff ? 1 : 0)) >>> 0;
    k0 = sum >>> 0;
    sum = k2 + 0x84caa73b;
    k3 = (k3 + 0xbb67ae85 + (sum > 0xffffffff ? 1 : 0)) >>> 0;
    k2 = sum >>> 0;
  }
  words[0] = c0; words[1] = c1; words[2] = c2; words[3] = c3;
  words[4] = c4; words[5] = c5; words[6] = c6; words[7] = c7;
}

const halves = (value) => [value % 4294967296, Math.floor(value / 4294967296)];

// A stream of draws from a key of two whole numbers below 2^53 and the last word of the counter.
export function stream(firstKey, secondKey, step = 0) {
  const counter = Uint32Array.from([0, 0, 0, 0, 0, 0, ...halves(step)]);
  const key = Uint32Array.from([...halves(firstKey), ...halves(secondKey)]);
  const words = new Uint32Array(8);
  let at = 8, saved = -1; // the next half word of `words`, and the half that a 32-bit draw left over

  let high = 0, low = 0;
  function next64() {
    if (at === 8) {
      for (let k = 0; k < 8 && (counter[k] = (counter[k] + 1) >>> 0) === 0; k++);
      generate(counter, key, words);
      at = 0;
    }
    low = words[at++];
    high = words[at++];
  }
  function next32() {
    if (saved >= 0) {
      const half = saved;
      saved = -1;
      return half;
    }
    next64();
    saved = high;
    return low;
  }
  // 53 bits: the high word's 32 and the low word's first 21.
  function uniform() {
    next64();
    return (high * 2097152 + (low >>> 11)) / 9007199254740992;
  }
  const uniformF = () => (next32() >>> 8) / 16777216;

  function normal() {
    for (;;) {
      next64();
      const layer = low & 0xff, negative = (low >>> 8) & 1;
      const share = (high & 0x1fffffff) * 8388608 + (low >>> 9);
      const x = (negative ? -1 : 1) * share * WIDTHS[layer];
      if (share < LIMITS[layer]) return x;
      if (layer === 0) {
        for (;;) {
          const beyond = -INVERSE_TAIL * Math.log1p(-uniform()), y = -Math.log1p(-uniform());
          if (y + y > beyond * beyond) return Math.floor(share / 256) % 2 ? -(TAIL + beyond) : TAIL + beyond;
        }
      }
      if ((EDGES[layer - 1] - EDGES[layer]) * uniform() + EDGES[layer] < Math.exp(-0.5 * x * x)) return x;
    }
  }

  const f = Math.fround;
  function normalF() {
    for (;;) {
      const word = next32(), layer = word & 0xff, share = word >>> 9;
      const x = f((word & 0x100 ? -1 : 1) * share * WIDTHS_F[layer]);
      if (share < LIMITS_F[layer]) return x;
      if (layer === 0) {
        for (;;) {
          const beyond = f(-f(INVERSE_TAIL) * log1pf(-uniformF())), y = -log1pf(-uniformF());
          if (f(y + y) > f(beyond * beyond)) return (share >>> 8) & 1 ? f(-(f(TAIL) + beyond)) : f(f(TAIL) + beyond);
        }
      }
      const height = f(f(f(EDGES_F[layer - 1] - EDGES_F[layer]) * uniformF()) + EDGES_F[layer]);
      if (height < Math.exp(-0.5 * x * x)) return x;
    }
  }

  // Lemire's method (2019): a whole number below `count`, which is at most 2^32 - 1.
  function below(count) {
    const least = count, threshold = (4294967296 - count) % count;
    for (;;) {
      const word = next32(), left = Math.imul(word, count) >>> 0;
      if (left >= least || left >= threshold) return highOf(word, count);
    }
  }
  // A whole number of at most `most`, by rejection under a mask, as NumPy shuffles.
  function atMost(most) {
    if (most === 0) return 0;
    const mask = 0xffffffff >>> Math.clz32(most);
    for (;;) {
      const value = (next32() & mask) >>> 0;
      if (value <= most) return value;
    }
  }
  const fill = (array, draw) => {
    for (let k = 0; k < array.length; k++) array[k] = draw();
    return array;
  };

  return {
    normal: (n) => fill(new Float32Array(n), normalF),
    uniform: (n) => fill(new Float32Array(n), uniformF),
    normal64: (n) => fill(new Float64Array(n), normal),
    uniform64: (n) => fill(new Float64Array(n), uniform),
    integers: (count, n) => fill(new Float64Array(n), () => below(count)),
    permutation(n) {
      const order = Int32Array.from({ length: n }, (_, k) => k);
      for (let k = n - 1; k > 0; k--) {
        const other = atMost(k), kept = order[k];
        order[k] = order[other];
        order[other] = kept;
      }
      return order;
    },
  };
}

// The draws of one of PURPOSES at one step; equal arguments give equal numbers.
export function draws(seed, purpose, step = 0) {
  if (!Object.hasOwn(PURPOSES, purpose)) throw new RangeError(`${purpose} is no purpose of a draw.`);
  return stream(seed, PURPOSES[purpose], step);
}

// The indices of the training rows drawn at positions first, ..., first + count - 1; each epoch is a new shuffle.
export function rowDrawer(seed, rows, purpose = "rows") {
  let epoch = -1, order = null;
  return (start, count) => {
    const drawn = new Int32Array(count);
    for (let k = 0; k < count; k++) {
      const wanted = Math.floor((start + k) / rows);
      if (wanted !== epoch) [epoch, order] = [wanted, draws(seed, purpose, wanted).permutation(rows)];
      drawn[k] = order[(start + k) % rows];
    }
    return drawn;
  };
}
