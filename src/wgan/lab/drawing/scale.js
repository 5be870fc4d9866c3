// Scales, ticks and the places of labels: numbers only, no document.

// A function from [low, high] to [from, to], with its inverse as `.back`.
export function linear(low, high, from, to) {
  const scale = (value) => from + ((value - low) / (high - low)) * (to - from);
  scale.back = (place) => low + ((place - from) / (to - from)) * (high - low);
  scale.ticks = (count) => ticks(low, high, count);
  return scale;
}

// The same on a logarithmic scale; values below `low` are drawn at `low`.
export function logarithmic(low, high, from, to) {
  const inner = linear(Math.log10(low), Math.log10(high), from, to);
  const scale = (value) => inner(Math.log10(Math.max(value, low)));
  scale.back = (place) => 10 ** inner.back(place);
  scale.ticks = (count) => powers(low, high, count);
  return scale;
}

// Round numbers in [low, high], about `count` of them.
export function ticks(low, high, count = 5) {
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((one) => one >= rough * 0.999);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(Number((k * step).toPrecision(12)));
  return found;
}

function powers(low, high, count = 5) {
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const each = Math.max(1, Math.ceil((last - first) / Math.max(1, count)));
  const found = [];
  for (let k = last; k >= first; k -= each) found.unshift(10 ** k);
  return found;
}

// The places of labels that want to be at `wanted`, moved as little as keeps them `gap` apart, inside [low, high].
export function apart(wanted, gap, low = -Infinity, high = Infinity) {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b] || a - b);
  const groups = [];
  for (const i of order) {
    groups.push({ members: [i], middle: wanted[i] });
    while (groups.length > 1) {
      const [before, last] = groups.slice(-2);
      const room = (gap * (before.members.length + last.members.length)) / 2;
      if (last.middle - before.middle >= room) break;
      const members = [...before.members, ...last.members];
      const middle = members.reduce((sum, one, k) => sum + wanted[one] - (k - (members.length - 1) / 2) * gap, 0) / members.length;
      groups.splice(-2, 2, { members, middle });
    }
  }
  const places = [];
  for (const { members, middle } of groups) {
    const half = ((members.length - 1) / 2) * gap;
    const inside = Math.max(low + half, Math.min(high - half, middle));
    members.forEach((one, k) => { places[one] = inside - half + k * gap; });
  }
  return places;
}

// A number in words: three digits, and infinity as its sign.
export function inWords(value, digits = 3) {
  if (value === Infinity) return "∞";
  if (value === -Infinity) return "−∞";
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size < 1e-12) return "0";
  const text = size >= 1e5 || size < 1e-3 ? inPowers(value) : String(Number(value.toPrecision(digits)));
  return text.replace("-", "−");
}

// 1.5 × 10⁻⁷
function inPowers(value) {
  const [mantissa, power] = value.toExponential(1).split("e");
  const times = mantissa.replace(/\.0$/, "");
  return `${times === "1" ? "" : `${times} × `}10${raised(Number(power))}`;
}

export const raised = (power) => [...String(power)].map((one) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[one] ?? "⁻").join("");
