// What Python's operators, built-in functions and NumPy do, as far as the rules of the verdicts use them. The rules
// themselves are translated by benchmarks/lab_verdicts.py, and a test compares the verdicts with Python's.

// A column of a log: numbers, truths, or anything (`dtype` "object").
export class Column {
  constructor(values, dtype = "float") {
    this.values = values;
    this.dtype = dtype;
  }
  get length() {
    return this.values.length;
  }
}

const column = (values) => new Column(values);
const numbersOf = (x) => (x instanceof Column ? x.values : Array.from(x));

function elementwise(a, b, f) {
  if (!(a instanceof Column) && !(b instanceof Column)) return f(a, b);
  const n = a instanceof Column ? a.length : b.length;
  const at = (x, k) => (x instanceof Column ? x.values[k] : x);
  return column(Array.from({ length: n }, (_, k) => f(at(a, k), at(b, k))));
}

function plus(a, b) {
  if (Array.isArray(a) && Array.isArray(b)) return [...a, ...b];
  if (typeof a === "string" && typeof b === "string") return a + b;
  if (typeof a === "string" || typeof b === "string") throw new TypeError("a text and something else cannot be added");
  return a + b;
}

export const add = (a, b) => elementwise(a, b, plus);
export const sub = (a, b) => elementwise(a, b, (x, y) => x - y);
export const mul = (a, b) => elementwise(a, b, (x, y) => x * y);
export const div = (a, b) => elementwise(a, b, (x, y) => x / y);
export const pow = (a, b) => elementwise(a, b, (x, y) => x ** y);
export const floordiv = (a, b) => elementwise(a, b, (x, y) => Math.floor(x / y));
export const mod = (a, b) => elementwise(a, b, (x, y) => x - y * Math.floor(x / y));
export const and_ = (a, b) => elementwise(a, b, (x, y) => Boolean(x && y));
export const or_ = (a, b) => elementwise(a, b, (x, y) => Boolean(x || y));
export const not_ = (a) => column(a.values.map((x) => !x));
export const lt = (a, b) => elementwise(a, b, (x, y) => x < y);
export const le = (a, b) => elementwise(a, b, (x, y) => x <= y);
export const gt = (a, b) => elementwise(a, b, (x, y) => x > y);
export const ge = (a, b) => elementwise(a, b, (x, y) => x >= y);
const equal = (x, y) => (Array.isArray(x) && Array.isArray(y) ? x.length === y.length && x.every((one, k) => equal(one, y[k])) : x === y);
export const eq = (a, b) => elementwise(a ?? null, b ?? null, equal);
export const ne = (a, b) => elementwise(a ?? null, b ?? null, (x, y) => !equal(x, y));
export const is = (a, b) => (a ?? null) === (b ?? null);

export function in_(one, all) {
  if (typeof all === "string") return all.includes(one);
  if (Array.isArray(all) || all instanceof Column) return numbersOf(all).some((other) => equal(other ?? null, one ?? null));
  return Object.hasOwn(all, one);
}

export function truth(x) {
  if (x === null || x === undefined || x === false || x === 0 || x === "") return false;
  if (x instanceof Column) {
    if (x.length !== 1) throw new TypeError("a column has no single truth");
    return Boolean(x.values[0]);
  }
  if (Array.isArray(x)) return x.length > 0;
  if (typeof x === "object") return x instanceof NamedTuple || Object.keys(x).length > 0;
  return true; // NaN too
}

export function and(...parts) {
  let value = true;
  for (const part of parts) if (!truth((value = part()))) return value;
  return value;
}

export function or(...parts) {
  let value = false;
  for (const part of parts) if (truth((value = part()))) return value;
  return value;
}

// What a loop goes through: the keys of a dict, the values of a list or a column, the letters of a text.
export function items(x) {
  if (Array.isArray(x)) return x;
  if (x instanceof Column) return x.values;
  if (typeof x === "string") return [...x];
  if (x instanceof NamedTuple) return Object.values(x);
  return Object.keys(x);
}

export function get(x, key) {
  if (x instanceof Column) {
    if (key instanceof Column) {
      const isMask = key.values.every((one) => typeof one === "boolean") && key.length === x.length;
      return new Column(isMask ? x.values.filter((_, k) => key.values[k]) : key.values.map((k) => x.values[k]), x.dtype);
    }
    return get(x.values, key);
  }
  if (Array.isArray(key)) return key.reduce(get, x);
  if (Array.isArray(x) || typeof x === "string") {
    const at = key < 0 ? x.length + key : key;
    if (!(at >= 0 && at < x.length)) throw new RangeError(`no entry ${key}`);
    return x[at];
  }
  if (!Object.hasOwn(x, key)) throw new RangeError(`no entry ${key}`);
  return x[key];
}

export function slice(x, from, to) {
  const ends = [from ?? 0, to ?? undefined];
  return x instanceof Column ? new Column(x.values.slice(...ends), x.dtype) : x.slice(...ends);
}

export const isinstance = (x, kind) => ({ int: Number.isInteger(x), str: typeof x === "string", float: typeof x === "number" })[kind];

export const problem = (text) => new RangeError(String(text));

// Arguments that were given by their names.
class Named {
  constructor(values) {
    Object.assign(this, values);
  }
}
export const named = (values) => new Named(values);
const taken = (given) => (given.at(-1) instanceof Named ? [given.slice(0, -1), given.at(-1)] : [given, {}]);

class NamedTuple {}

export function namedTuple(fields, defaults, properties) {
  class Made extends NamedTuple {}
  for (const [name, of] of Object.entries(properties)) {
    Object.defineProperty(Made.prototype, name, { get() { return of(this); } });
  }
  return (...values) => Object.assign(new Made(), Object.fromEntries(fields.map((name, k) => [name, values[k] === undefined ? defaults[name] : values[k]])));
}

// A family of functions without arguments, each of which returns its entry.
export const makers = (table) => Object.fromEntries(Object.entries(table).map(([name, made]) => [name, () => made]));

// Texts.

// The decimal digits of |x| with so many places after the point; an exact half goes to the even neighbour, as in Python.
function fixed(x, places) {
  const text = Math.abs(x).toFixed(places), scaled = Math.abs(x) * 10 ** places;
  if (scaled % 1 !== 0.5 || scaled / 10 ** places !== Math.abs(x) || scaled > 2 ** 52) return text;
  const even = 2 * Math.round(scaled / 2);
  return (even / 10 ** places).toFixed(places);
}

function exponential(x, places) {
  let power = x === 0 ? 0 : Number(Math.abs(x).toExponential().split("e")[1]), digits = fixed(Math.abs(x) / 10 ** power, places);
  const plain = Math.abs(x).toExponential(places).split("e");
  // the division may round, so the text of JavaScript counts wherever there is no exact half
  if (!(Math.abs(x) * 10 ** (places - power) % 1 === 0.5)) [digits, power] = [plain[0], Number(plain[1])];
  else if (Number(digits) >= 10) [digits, power] = [(Number(digits) / 10).toFixed(places), power + 1];
  return [digits, power];
}

const shortened = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

function general(x, precision, alternate) {
  const [digits, power] = exponential(x, precision - 1);
  if (power < -4 || power >= precision) {
    const sign = power < 0 ? "-" : "+";
    return `${alternate ? digits : shortened(digits)}e${sign}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  const text = fixed(x, precision - 1 - power);
  return alternate ? (text.includes(".") ? text : `${text}.`) : shortened(text);
}

// Python's format(value, spec) for numbers, with specs such as ",", ".2f", ",.0f", ".1e", "g" and "#.3g".
export function format(value, spec) {
  const found = /^(#?)(,?)(?:\.(\d+))?([feg]?)$/.exec(spec);
  if (!found) throw new RangeError(`the format ${spec} is not translated`);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const [, alternate, comma, places, kind] = found, precision = places === undefined ? 6 : Number(places);
  let text = String(Math.abs(value));
  if (kind === "f") text = fixed(value, precision);
  if (kind === "g") text = general(value, Math.max(1, precision), alternate);
  if (kind === "e") {
    const [digits, power] = exponential(value, precision);
    text = `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  if (comma) text = text.replace(/^\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));
  return value < 0 || Object.is(value, -0) ? `-${text}` : text;
}

export const join = (...parts) => parts.join("");

const METHODS = {
  any: (x) => x.values.some(truth),
  all: (x) => x.values.every(truth),
  sum: (x) => x.values.reduce((sum, one) => sum + Number(one), 0),
  min: (x) => Math.min(...x.values),
  max: (x) => Math.max(...x.values),
  mean: (x) => x.values.reduce((sum, one) => sum + one, 0) / x.length,
  get: (x, key, other = null) => (Object.hasOwn(x, key) ? x[key] : other),
  items: (x) => Object.entries(x),
  values: (x) => Object.values(x),
  append: (x, one) => void x.push(one),
  join: (separator, parts) => items(parts).join(separator),
  lower: (x) => x.toLowerCase(),
  startswith: (x, start) => (Array.isArray(start) ? start : [start]).some((one) => x.startsWith(one)),
  strip: (x) => x.trim(),
  rstrip: (x, letters) => x.replace(new RegExp(`[${letters.replace(/[\]\\^-]/g, "\\$&")}]+$`), ""),
  replace: (x, from, to, count) => (count === 1 ? x.replace(from, () => to) : x.replaceAll(from, () => to)),
  partition(x, separator) {
    const at = x.indexOf(separator);
    return at < 0 ? [x, "", ""] : [x.slice(0, at), separator, x.slice(at + separator.length)];
  },
  _replace: (x, changes) => Object.assign(Object.create(Object.getPrototypeOf(x)), x, changes),
};
export function method(x, name, ...given) {
  if (!Object.hasOwn(METHODS, name)) throw new RangeError(`the method ${name} is not translated`);
  return METHODS[name](x, ...given);
}

// Built-in functions.

function compared(a, b) {
  if (!Array.isArray(a)) return a < b ? -1 : a > b ? 1 : 0;
  for (let k = 0; k < a.length; k++) {
    const found = compared(a[k], b[k]);
    if (found) return found;
  }
  return 0;
}

// The first least entry under `sign`, as Python compares one after another: what cannot be compared, such as NaN, stays out.
function extreme(given, sign) {
  const [positional, { key = (one) => one, default: other }] = taken(given);
  const all = positional.length > 1 ? positional : items(positional[0]);
  if (!all.length) {
    if (other === undefined) throw new RangeError("an empty sequence has no extreme");
    return other;
  }
  return all.slice(1).reduce((best, one) => (sign * compared(key(one), key(best)) < 0 ? one : best), all[0]);
}

function ranks(x) {
  const values = numbersOf(x), order = values.map((_, k) => k).sort((i, j) => values[i] - values[j]), found = Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let k = from; k < to; k++) found[order[k]] = (from + to + 1) / 2;
    from = to;
  }
  return column(found);
}

export const builtin = {
  len: (x) => (x instanceof Column || Array.isArray(x) || typeof x === "string" ? x.length : Object.keys(x).length),
  max: (...given) => extreme(given, -1),
  min: (...given) => extreme(given, 1),
  abs: (x) => elementwise(x, 0, (one) => Math.abs(one)),
  int: (x) => Math.trunc(x),
  float: (x) => Number(x),
  str: (x) => (x === null || x === undefined ? "None" : String(x)),
  bool: truth,
  sorted(...given) {
    const [[all], { key = (one) => one }] = taken(given);
    return items(all).slice().sort((a, b) => compared(key(a), key(b)));
  },
  any: (x) => items(x).some(truth),
  all: (x) => items(x).every(truth),
  zip(...given) {
    const [lists] = taken(given), parts = lists.map(items), n = Math.min(...parts.map((part) => part.length));
    return Array.from({ length: n }, (_, k) => parts.map((part) => part[k]));
  },
  range: (n) => Array.from({ length: n }, (_, k) => k),
  tuple: (x) => [...items(x)],
  list: (x) => [...items(x)],
  rankdata: ranks,
};

// A setting of the command line with its value, as wgan.errors.setting writes it there.
export function setting(name, value) {
  const flag = `--${name.replaceAll("_", "-")}`;
  if (value === undefined || value === true) return flag;
  return `${flag} ${typeof value === "number" && !Number.isInteger(value) ? format(value, "g") : value}`;
}

export const math = {
  nan: NaN, inf: Infinity, isfinite: Number.isFinite, isnan: Number.isNaN, sqrt: Math.sqrt, hypot: Math.hypot, atanh: Math.atanh,
  tanh: Math.tanh,
};

function median(x) {
  const sorted = Float64Array.from(numbersOf(x)).sort(), n = sorted.length;
  return (sorted[Math.floor((n - 1) / 2)] + sorted[Math.floor(n / 2)]) / 2;
}

export const np = {
  isfinite: (x) => (x instanceof Column ? column(x.values.map((one) => Number.isFinite(one))) : Number.isFinite(x)),
  array: column,
  full: (n, value) => column(Array(n).fill(value)),
  diff: (x) => column(x.values.slice(1).map((one, k) => one - x.values[k])),
  median,
  nanmedian: (x) => median(numbersOf(x).filter((one) => !Number.isNaN(one))),
  ptp: (x) => Math.max(...numbersOf(x)) - Math.min(...numbersOf(x)),
  flatnonzero: (x) => column(x.values.flatMap((one, k) => (truth(one) ? [k] : []))),
  nan_to_num: (x) => column(x.values.map((one) => (Number.isNaN(one) ? 0 : Number.isFinite(one) ? one : Math.sign(one) * Number.MAX_VALUE))),
  max(x, { initial, where }) {
    return Math.max(initial, ...x.values.filter((_, k) => where.values[k]));
  },
  array_split(x, parts) {
    const n = x.length, each = Math.floor(n / parts), longer = n % parts;
    let from = 0;
    return Array.from({ length: parts }, (_, k) => {
      const to = from + each + (k < longer ? 1 : 0), part = column(x.values.slice(from, to));
      from = to;
      return part;
    });
  },
  corrcoef(a, b) {
    const centred = [a, b].map((x) => x.values.map((one) => one - METHODS.mean(x)));
    const product = (i, j) => centred[i].reduce((sum, one, k) => sum + one * centred[j][k], 0) * (1 / (a.length - 1));
    const r = Math.min(1, Math.max(-1, product(0, 1) / Math.sqrt(product(0, 0)) / Math.sqrt(product(1, 1))));
    return [[1, r], [r, 1]];
  },
};
