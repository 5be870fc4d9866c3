// log(1 + x) in float32 for x in (-1, 0], by the steps of fdlibm's s_log1pf.c, which the C library of most machines takes.
// It is not correctly rounded, and NumPy's normal draws beyond the last layer of the ziggurat show it in their last bit.

const round = Math.fround, single = new Float32Array(1), bits = new Int32Array(single.buffer);
const LN2_HIGH = round(6.9313812256e-1), LN2_LOW = round(9.0580006145e-6);
const SERIES = [
  6.6666668653e-1, 4.0000000596e-1, 2.8571429849e-1, 2.2222198546e-1, 1.818357259e-1, 1.5313838422e-1, 1.479819864e-1,
].map(round);

// x as 2^k (1 + f) - 1, with the rest c that f lost, and whether f is tiny.
function reduced(x) {
  if (x > -0.2929) return { k: 0, f: x, c: 0, tiny: false };
  const sum = round(1 + x);
  single[0] = sum;
  let k = (bits[0] >> 23) - 127, fraction = bits[0] & 0x7fffff;
  const c = round((k > 0 ? round(1 - round(sum - x)) : round(x - round(sum - 1))) / sum);
  if (fraction < 0x3504f7) bits[0] = fraction | 0x3f800000;
  else {
    k += 1;
    bits[0] = fraction | 0x3f000000;
    fraction = (0x800000 - fraction) >> 2;
  }
  return { k, f: round(single[0] - 1), c, tiny: fraction === 0 };
}

export function log1pf(x) {
  if (x > -(2 ** -29)) return round(x - round(round(x * x) * 0.5));
  const { k, f, c, tiny } = reduced(x);
  const high = round(k * LN2_HIGH), low = round(round(k * LN2_LOW) + c), half = round(round(0.5 * f) * f);
  if (tiny) {
    if (f === 0) return round(high + low);
    const rest = round(half * (1 - 0.6666666666666666 * f));
    return round(high - round(round(rest - low) - f));
  }
  const s = round(f / round(2 + f)), z = round(s * s);
  let series = 0;
  for (let n = SERIES.length - 1; n >= 0; n--) series = round(z * round(SERIES[n] + series));
  const inner = round(s * round(half + series));
  if (k === 0) return round(f - round(half - inner));
  return round(high - round(round(half - round(inner + low)) - f));
}
