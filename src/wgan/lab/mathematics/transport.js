// Exact optimal transport on a line and in the plane, with its dual, and bounds that need no solver.

const SMALL = 1e-12; // a share of the whole earth, below which an amount is rounding

const sumOf = (values) => values.reduce((sum, value) => sum + value, 0);

function histogram(values, name) {
  const found = Float64Array.from(values);
  if (!found.length || !found.every((value) => Number.isFinite(value) && value >= 0)) {
    throw new RangeError(`${name} must have bars of at least 0.`);
  }
  if (sumOf(found) <= 0) throw new RangeError(`${name} has no earth; raise one of its bars.`);
  return found;
}

// Rightward moves from the left, then leftward moves from the right, so that each bin receives before it gives.
function orderOf(moves, earth) {
  const left = earth.slice(), order = [];
  const move = (wanted, source, target) => {
    const amount = Math.min(wanted, left[source]); // they are equal up to rounding
    left[source] -= amount;
    left[target] += amount;
    if (amount > 0) order.push({ amount, source, target });
  };
  for (let k = 0; k < moves.length; k++) if (moves[k] > 0) move(moves[k], k, k + 1);
  for (let k = moves.length - 1; k >= 0; k--) if (moves[k] < 0) move(-moves[k], k + 1, k);
  return order;
}

// The monotone plan: the earth in order of its place fills the holes in order of theirs.
function monotonePlan(p, q) {
  const plan = [], total = sumOf(p);
  let source = 0, target = 0, has = p[0], lacks = q[0];
  while (source < p.length && target < q.length) {
    const amount = Math.min(has, lacks);
    if (amount > SMALL * total) plan.push({ amount, source, target });
    has -= amount;
    lacks -= amount;
    if (has <= SMALL * total) has = p[++source];
    if (lacks <= SMALL * total) lacks = q[++target];
  }
  return plan;
}

// The earth mover's distance of two histograms on a line, as `wgan.emd`: `moves` from each bin to the next, whose last is
// 0; elementary moves in a feasible `order`; a `plan`; and a `potential` f with `slopes` of at most 1, for which the sum
// of f (p - q) is the cost. Histograms of different totals are divided by them, and `scaled` says so.
export function emd1d(P, Q, positions = null) {
  let p = histogram(P, "P"), q = histogram(Q, "Q");
  if (p.length !== q.length) throw new RangeError(`P has ${p.length} bins and Q has ${q.length}; give both over the same bins.`);
  const x = positions ?? Array.from(p, (_, k) => k), totals = [sumOf(p), sumOf(q)];
  const scaled = Math.abs(totals[0] - totals[1]) > SMALL * Math.max(...totals);
  if (scaled) [p, q] = [p.map((value) => value / totals[0]), q.map((value) => value / totals[1])];
  const moves = [], slopes = [], potential = [0];
  let carried = 0, cost = 0;
  for (let k = 0; k < p.length; k++) {
    carried += p[k] - q[k];
    const last = k === p.length - 1;
    moves.push(last || Math.abs(carried) <= SMALL * sumOf(p) ? 0 : carried);
    if (last) break;
    const width = x[k + 1] - x[k], slope = moves[k] === 0 ? 0 : -Math.sign(moves[k]);
    cost += Math.abs(moves[k]) * width;
    slopes.push(slope);
    potential.push(potential[k] + slope * width);
  }
  return { cost, moves, order: orderOf(moves, p), plan: monotonePlan(p, q), potential, slopes, scaled };
}

function distance(X, i, Y, j) {
  const x = X[2 * i] - Y[2 * j], y = X[2 * i + 1] - Y[2 * j + 1];
  return Math.sqrt(x * x + y * y); // several times as fast as Math.hypot
}

function distances(X, Y) {
  const n = X.length / 2, m = Y.length / 2, cost = new Float64Array(n * m);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) cost[i * m + j] = distance(X, i, Y, j);
  }
  return cost;
}

// The cheapest way to move points X with weights to points Y with weights, by shortest augmenting paths (Jonker and
// Volgenant 1987): `plan` with amounts that add up to 1, its `cost`, and potentials u, v with u_i + v_j <= |x_i - y_j|
// whose weighted sum is the cost. Without weights all points of a set weigh the same.
export function emd(X, Y, weightsX = null, weightsY = null) {
  const n = X.length / 2, m = Y.length / 2, cost = distances(X, Y);
  if (!n || !m || !cost.every(Number.isFinite)) throw new RangeError("The points must be finite, at least one of each kind.");
  const shares = (weights, count) => {
    if (!weights) return new Float64Array(count).fill(1 / count);
    const total = sumOf(histogram(weights, "The weights"));
    return Float64Array.from(weights, (weight) => weight / total);
  };
  const supply = shares(weightsX, n), demand = shares(weightsY, m), a = supply.slice(), b = demand.slice();
  const u = new Float64Array(n), v = new Float64Array(m), flow = new Map(), fed = Array.from({ length: m }, () => []);
  for (let j = 0; j < m; j++) {
    v[j] = Infinity;
    for (let i = 0; i < n; i++) v[j] = Math.min(v[j], cost[i * m + j]);
  }
  // Each row begins with its cheapest column: u_i is then as large as can be, and the two may be paired at once.
  for (let i = 0; i < n; i++) {
    let best = 0;
    for (let j = 1; j < m; j++) if (cost[i * m + j] - v[j] < cost[i * m + best] - v[best]) best = j;
    u[i] = cost[i * m + best] - v[best];
    if (b[best] > SMALL) augment(i, { end: best, from: { [best]: i } }, { a, b, flow, fed, m });
  }
  const search = searcher(n, m, cost, u, v, fed);
  for (let i = 0; i < n; i++) while (a[i] > SMALL) augment(i, search(i, b), { a, b, flow, fed, m });
  const plan = [];
  let total = 0;
  for (const [key, amount] of flow) {
    const source = Math.floor(key / m), target = key % m;
    plan.push({ source, target, amount });
    total += amount * cost[key];
  }
  return { cost: total, plan, potentialX: u, potentialY: v };
}

// Dijkstra's search from a row over reduced costs to the nearest column that lacks something; the potentials follow.
function searcher(n, m, cost, u, v, fed) {
  const length = new Float64Array(m), from = new Int32Array(m), done = new Uint8Array(m), reached = new Float64Array(n);
  const via = new Int32Array(n), order = new Int32Array(m);
  return (start, b) => {
    length.fill(Infinity);
    done.fill(0);
    const rows = [start];
    reached.fill(Infinity);
    reached[start] = 0;
    via[start] = -1;
    let next = 0, count = 0;
    for (;;) {
      for (; next < rows.length; next++) {
        const i = rows[next], base = reached[i] - u[i], at = i * m;
        for (let j = 0; j < m; j++) {
          const through = base + cost[at + j] - v[j];
          if (!done[j] && through < length[j]) {
            length[j] = through;
            from[j] = i;
          }
        }
      }
      let best = -1, least = Infinity;
      for (let j = 0; j < m; j++) if (!done[j] && length[j] < least) [best, least] = [j, length[j]];
      if (best < 0) throw new RangeError("The weights of the two sets differ.");
      if (b[best] > SMALL) {
        for (const i of rows) u[i] += least - reached[i];
        for (let k = 0; k < count; k++) v[order[k]] -= least - length[order[k]];
        return { end: best, from, via };
      }
      done[best] = 1;
      order[count++] = best;
      for (const i of fed[best]) {
        if (reached[i] < Infinity) continue; // a length may round to a little below 0
        reached[i] = least;
        via[i] = best;
        rows.push(i);
      }
    }
  };
}

// Sends as much as fits along the path that a search found, from row `start` to its end.
function augment(start, { end, from, via }, { a, b, flow, fed, m }) {
  const path = [];
  let amount = Math.min(a[start], b[end]);
  for (let j = end; ; ) {
    const i = from[j];
    path.push([i, j, 1]);
    if (i === start) break;
    j = via[i];
    path.push([i, j, -1]);
    amount = Math.min(amount, flow.get(i * m + j));
  }
  a[start] -= amount;
  b[end] -= amount;
  for (const [i, j, sign] of path) {
    const key = i * m + j, now = (flow.get(key) ?? 0) + sign * amount;
    if (now > SMALL) {
      if (!flow.has(key)) fed[j].push(i);
      flow.set(key, now);
    } else if (flow.delete(key)) fed[j].splice(fed[j].indexOf(i), 1);
  }
}

const DIRECTIONS = 32, PASSES = 4;

// Bounds of the exact W1 of two sets of as many points, in a fraction of its time. A projection on a line never
// lengthens, so the W1 of the projections is a lower bound. The pairs that a projection makes are a plan. Exchanges of
// partners that shorten the best of these plans improve it, and its length is an upper bound.
export function w1Bounds(X, Y) {
  const n = X.length / 2;
  if (n !== Y.length / 2) throw new RangeError(`The sets have ${n} and ${Y.length / 2} points; give as many of both.`);
  let lower = 0, upper = Infinity, partners = null;
  for (let k = 0; k < DIRECTIONS; k++) {
    const angle = (k * Math.PI) / DIRECTIONS, c = Math.cos(angle), s = Math.sin(angle);
    const sorted = (Z) => {
      const at = Float64Array.from({ length: n }, (_, i) => c * Z[2 * i] + s * Z[2 * i + 1]);
      return [at, Array.from(at.keys()).sort((i, j) => at[i] - at[j])];
    };
    const [[x, first], [y, second]] = [sorted(X), sorted(Y)], paired = new Int32Array(n);
    let projected = 0, length = 0;
    for (let i = 0; i < n; i++) {
      paired[first[i]] = second[i];
      projected += Math.abs(x[first[i]] - y[second[i]]);
      length += distance(X, first[i], Y, second[i]);
    }
    lower = Math.max(lower, projected / n);
    if (length / n < upper) [upper, partners] = [length / n, paired];
  }
  return { lower, upper: exchanged(X, Y, partners) };
}

// The mean length of pairs after a few rounds of exchanges, each of which shortens two of them.
function exchanged(X, Y, partners) {
  const n = partners.length, far = Float64Array.from(partners, (j, i) => distance(X, i, Y, j));
  for (let pass = 0; pass < PASSES; pass++) {
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < i; k++) {
        const [one, other] = [distance(X, i, Y, partners[k]), distance(X, k, Y, partners[i])];
        if (one + other >= far[i] + far[k]) continue;
        [partners[i], partners[k]] = [partners[k], partners[i]];
        [far[i], far[k]] = [one, other];
      }
    }
  }
  return sumOf(far) / n;
}
