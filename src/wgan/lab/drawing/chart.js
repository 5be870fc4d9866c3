// Axes, lines and labels that stand at their lines.
import { put } from "./svg.js";
import { apart, inWords, linear, logarithmic, raised } from "./scale.js";

// Axes in a box of the figure: {x: {low, high, label}, y: {low, high, label, log}, left, top, right, bottom}. Returns the two scales.
export function axes(ink, { x, y, left, top, right, bottom }) {
  const X = (x.log ? logarithmic : linear)(x.low, x.high, left, right);
  const Y = (y.log ? logarithmic : linear)(y.low, y.high, bottom, top);
  const group = put(ink, "g", { class: "axes" });
  for (const tick of y.ticks ?? Y.ticks(Math.max(2, (bottom - top) / 55))) {
    put(group, "line", { x1: left, x2: right, y1: Y(tick), y2: Y(tick), class: "grid" });
    put(group, "text", { x: left - 8, y: Y(tick) + 4, "text-anchor": "end" }, y.words?.(tick) ?? words(tick, y.log));
  }
  for (const tick of x.ticks ?? X.ticks(Math.max(2, (right - left) / 90))) {
    put(group, "line", { x1: X(tick), x2: X(tick), y1: bottom, y2: bottom + 5, class: "tick" });
    put(group, "text", { x: X(tick), y: bottom + 20, "text-anchor": "middle" }, x.words?.(tick) ?? words(tick, x.log));
  }
  put(group, "line", { x1: left, x2: right, y1: bottom, y2: bottom, class: "base" });
  if (x.label) put(group, "text", { x: right, y: bottom + 40, "text-anchor": "end", class: "title" }, x.label);
  if (y.label) put(group, "text", { x: left - 8, y: top - 14, class: "title", "text-anchor": "start" }, y.label);
  return { X, Y };
}

function words(tick, log) {
  if (!log) return Math.abs(tick) >= 1000 && Math.abs(tick) < 1e5 ? tick.toLocaleString("en").replace("-", "−") : inWords(tick);
  const power = Math.round(Math.log10(tick));
  return power === 0 ? "1" : power === 1 ? "10" : `10${raised(power)}`;
}

// The path through points [[x, y], ...]; it breaks where a value is not finite.
export function path(points) {
  let drawn = "", open = false;
  for (const [x, y] of points) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) { open = false; continue; }
    drawn += `${open ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    open = true;
  }
  return drawn;
}

// A line of the kind k0, k1 ...: each kind has its colour and its dash.
export const line = (ink, points, kind) => put(ink, "path", { d: path(points), class: `line ${kind}` });

// Labels at the ends of lines, moved apart: [{x, y, text, kind}]. A line that ends in no finite value has none.
export function labels(ink, all, { gap = 18, low, high, anchor = "start" } = {}) {
  const list = all.filter((one) => Number.isFinite(one.y));
  const places = apart(list.map((one) => one.y), gap, low, high);
  list.forEach((one, i) => put(ink, "text", { x: one.x, y: places[i] + 5, class: `label ${one.kind}`, "text-anchor": anchor }, one.text));
}

// A note with a halo, so that it reads on top of lines.
export const note = (ink, x, y, text, kind = "", anchor = "middle") => put(ink, "text", { x, y, class: `note ${kind}`, "text-anchor": anchor }, text);
