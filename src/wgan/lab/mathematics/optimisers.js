// The update rules of the torch engine, with torch's meaning of every setting; the arrays change in place.

const SMALL = 1e-8;

// Adam (Kingma and Ba 2015).
function adam(arrays, { beta1, beta2 }) {
  const mean = arrays.map((w) => new Float64Array(w.length)), square = arrays.map((w) => new Float64Array(w.length));
  let count = 0;
  return (gradients, rate) => {
    count += 1;
    const size = rate / (1 - beta1 ** count), root = Math.sqrt(1 - beta2 ** count);
    arrays.forEach((w, at) => {
      const g = gradients[at], m = mean[at], v = square[at];
      for (let k = 0; k < w.length; k++) {
        m[k] += (1 - beta1) * (g[k] - m[k]);
        v[k] = beta2 * v[k] + (1 - beta2) * g[k] * g[k];
        w[k] -= (size * m[k]) / (Math.sqrt(v[k]) / root + SMALL);
      }
    });
  };
}

// RMSProp (Tieleman and Hinton 2012).
function rmsprop(arrays, { beta2 }) {
  const square = arrays.map((w) => new Float64Array(w.length));
  return (gradients, rate) => {
    arrays.forEach((w, at) => {
      const g = gradients[at], v = square[at];
      for (let k = 0; k < w.length; k++) {
        v[k] = beta2 * v[k] + (1 - beta2) * g[k] * g[k];
        w[k] -= (rate * g[k]) / (Math.sqrt(v[k]) + SMALL);
      }
    });
  };
}

export const OPTIMISERS = { adam, rmsprop };
