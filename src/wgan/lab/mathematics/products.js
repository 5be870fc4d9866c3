// Products of dense matrices, stored row by row in Float64Arrays.

// out [n, m] = a [n, k] times the transpose of b [m, k], plus `bias` [m] if there is one. Two rows by four columns at
// once keep eight sums in registers, which is three times as fast as one sum.
export function timesTransposed(a, b, out, n, m, k, bias = null) {
  const whole = m - (m % 4);
  for (let row = 0; row < n; row += 2) {
    const second = row + 1 < n, a0 = row * k, a1 = second ? a0 + k : a0, o0 = row * m, o1 = second ? o0 + m : o0;
    for (let column = 0; column < whole; column += 4) {
      const b0 = column * k, b1 = b0 + k, b2 = b1 + k, b3 = b2 + k;
      let s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
      for (let at = 0; at < k; at++) {
        const x = a[a0 + at], y = a[a1 + at], w0 = b[b0 + at], w1 = b[b1 + at], w2 = b[b2 + at], w3 = b[b3 + at];
        s00 += x * w0; s01 += x * w1; s02 += x * w2; s03 += x * w3;
        s10 += y * w0; s11 += y * w1; s12 += y * w2; s13 += y * w3;
      }
      if (bias) {
        const c0 = bias[column], c1 = bias[column + 1], c2 = bias[column + 2], c3 = bias[column + 3];
        s00 += c0; s01 += c1; s02 += c2; s03 += c3; s10 += c0; s11 += c1; s12 += c2; s13 += c3;
      }
      out[o0 + column] = s00; out[o0 + column + 1] = s01; out[o0 + column + 2] = s02; out[o0 + column + 3] = s03;
      out[o1 + column] = second ? s10 : s00; out[o1 + column + 1] = second ? s11 : s01;
      out[o1 + column + 2] = second ? s12 : s02; out[o1 + column + 3] = second ? s13 : s03;
    }
    for (let column = whole; column < m; column++) {
      const b0 = column * k, c = bias ? bias[column] : 0;
      let x = 0, y = 0;
      for (let at = 0; at < k; at++) {
        x += a[a0 + at] * b[b0 + at];
        y += a[a1 + at] * b[b0 + at];
      }
      out[o0 + column] = x + c;
      out[o1 + column] = (second ? y : x) + c;
    }
  }
}

// out [k, n] = the transpose of a [n, k].
export function transposed(a, out, n, k) {
  for (let row = 0; row < n; row++) for (let at = 0; at < k; at++) out[at * n + row] = a[row * k + at];
  return out;
}

// The Euclidean norm of an array.
export function norm(array) {
  let sum = 0;
  for (let k = 0; k < array.length; k++) sum += array[k] * array[k];
  return Math.sqrt(sum);
}

// An upper bound of the largest singular value of a matrix [n, k] that is less than 1 % too large, by Gram iteration
// (Delattre et al. 2023): |A| <= ||(A^T A)^(2^p)||_F^(1 / 2^(p + 1)).
export function operatorNormBound(matrix, n, k) {
  const side = Math.min(n, k);
  let gram = new Float64Array(side * side);
  const rows = n <= k ? matrix : transposed(matrix, new Float64Array(n * k), n, k);
  timesTransposed(rows, rows, gram, side, side, Math.max(n, k));
  let bound = 1, power = 0.5;
  for (let round = 0; round < 8; round++) {
    const size = norm(gram);
    if (!(size > 0)) return size;
    bound *= size ** power;
    gram = gram.map((value) => value / size);
    const next = new Float64Array(side * side);
    timesTransposed(gram, gram, next, side, side, side);
    [gram, power] = [next, power / 2];
  }
  return bound * norm(gram) ** power;
}
