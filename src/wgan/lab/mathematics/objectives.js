// What the two players minimise (`game/objectives.py`), with the derivatives by the critic's scores.

// As torch's softplus, which is the identity above 20; its derivative is the logistic function.
const softplus = (x) => (x > 20 ? x : Math.log1p(Math.exp(x)));
const logistic = (x) => (x > 20 ? 1 : 1 / (1 + Math.exp(-x)));

// The sum of value(x) over scores[from..to) divided by their number; `by` gets the derivatives, times `times`.
function mean(scores, from, to, value, slope, by, times = 1) {
  let sum = 0;
  const count = to - from;
  for (let k = from; k < to; k++) {
    sum += value(scores[k]);
    if (by) by[k] = (times * slope(scores[k])) / count;
  }
  return (times * sum) / count;
}

const itself = (x) => x, one = () => 1;

// Each objective has three functions of scores, of which the first half are of real rows and the second of fakes:
// `criticLoss(scores, by)` and `estimate(scores)`; and `generatorLoss(scores, by)` of scores of fakes alone.
const halvesOf = (scores) => scores.length / 2;

function logistics(generatorLoss) {
  const criticLoss = (scores, by = null) => {
    const half = halvesOf(scores);
    const real = mean(scores, 0, half, (x) => softplus(-x), (x) => -logistic(-x), by, 0.5);
    return real + mean(scores, half, 2 * half, softplus, logistic, by, 0.5);
  };
  return { criticLoss, generatorLoss, estimate: (scores) => Math.log(2) - criticLoss(scores) };
}

export const OBJECTIVES = {
  // max E f(real) - E f(fake), f 1-Lipschitz (Arjovsky et al. 2017).
  wasserstein: {
    criticLoss(scores, by = null) {
      const half = halvesOf(scores);
      return mean(scores, half, 2 * half, itself, one, by) + mean(scores, 0, half, itself, one, by, -1);
    },
    generatorLoss: (scores, by = null) => mean(scores, 0, scores.length, itself, one, by, -1),
    estimate: (scores) => -OBJECTIVES.wasserstein.criticLoss(scores),
  },
  // The generator minimises E log(1 - D(fake)) (Goodfellow et al. 2014).
  minimax: logistics((scores, by = null) => mean(scores, 0, scores.length, softplus, logistic, by, -1)),
  // The generator minimises -E log D(fake).
  "non-saturating": logistics((scores, by = null) => mean(scores, 0, scores.length, (x) => softplus(-x), (x) => -logistic(-x), by)),
};
