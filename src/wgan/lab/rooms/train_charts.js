// The charts of a training in room 4: the estimate beside the exact distance, and the gradient of each layer.
import { axes, labels, line } from "../drawing/chart.js";
import { figure } from "../drawing/figure.js";
import { html, put } from "../drawing/svg.js";

const LEAST = 1e-6; // of a gradient that is drawn

// `charts(card, name, side)` shows `side.records` and the norms of `side.frame` at each `show()`.
export function charts(card, name, side) {
  const which = name ? " of the training beside" : "";
  const first = html("div", { class: "chart" }, html("h4", {}, "Estimate and exact distance"));
  const second = html("div", { class: "chart" }, html("h4", {}, "Gradient of each layer"));
  card.append(html("div", { class: "charts" }, first, second));
  const time = figure(first, { label: `Estimate and exact distance${which}`, height: 200 }, (ink, size) => drawTime(ink, size, side.records));
  const layers = figure(second, { label: `Gradient of each layer${which}`, height: 200 }, (ink, size) => drawLayers(ink, size, side.frame?.norms));
  return { show() { time.redraw(); layers.redraw(); } };
}

function drawTime(ink, { width, height }, records) {
  const box = { left: 40, right: width - 82, top: 12, bottom: height - 28 };
  const last = Math.max(10, records.at(-1)?.step ?? 0);
  const values = records.flatMap((one) => [one.w1, one.estimate, one.floor]).filter(Number.isFinite);
  const [low, high] = [Math.max(-1, Math.min(0, ...values)), Math.min(4, Math.max(0.5, ...values))];
  const { X, Y } = axes(ink, { x: { low: 0, high: last, ticks: [0, last] }, y: { low, high }, ...box });
  if (!records.length) return;
  const inside = (value) => Math.max(box.top, Math.min(box.bottom, Y(value)));
  const along = (name) => records.map((one) => [X(one.step), inside(one[name])]);
  const [upper, lower] = [along("upper"), along("lower").reverse()];
  put(ink, "path", { d: `M${[...upper, ...lower].map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}Z`, class: "area k0" });
  const floor = inside(records[0].floor);
  line(ink, [[box.left, floor], [box.right, floor]], "k4 thin");
  line(ink, along("estimate"), "k1");
  line(ink, along("w1"), "k0");
  const end = records.at(-1);
  labels(ink, [["W1", end.w1, "k0"], ["estimate", end.estimate, "k1"], ["real rows", end.floor, "k4"]].map(([text, value, kind]) => ({ x: box.right + 6, y: inside(value), text, kind })),
    { gap: 17, low: box.top, high: box.bottom });
}

// A bar for each layer on a logarithmic scale, first layer first: the critic's, then the generator's.
function drawLayers(ink, { width, height }, norms) {
  const box = { left: 46, right: width - 8, top: 12, bottom: height - 28 };
  const players = [["critic", norms?.critic, "k0"], ["generator", norms?.generator, "k1"]].filter((one) => one[1]?.length);
  const count = Math.max(1, players.reduce((sum, [, values]) => sum + values.length, 0) + players.length - 1);
  const { Y } = axes(ink, { x: { low: 0, high: 1, ticks: [] }, y: { low: LEAST, high: 100, log: true, ticks: [1e-6, 1e-4, 1e-2, 1, 100] }, ...box });
  const step = (box.right - box.left) / count;
  let at = 0;
  for (const [title, values, kind] of players) {
    const from = at;
    for (const value of values) {
      const y = Y(Math.min(100, Math.max(LEAST, value)));
      if (Number.isFinite(y)) put(ink, "rect", { x: box.left + step * at + 3, y, width: Math.max(2, step - 6), height: Math.max(0, box.bottom - y), class: `bar ${kind}`, rx: 2 });
      at += 1;
    }
    put(ink, "text", { x: box.left + (step * (from + at)) / 2, y: box.bottom + 20, "text-anchor": "middle", class: `label ${kind}` }, title);
    at += 1;
  }
  if (!players.length) put(ink, "text", { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2, "text-anchor": "middle", class: "quiet" }, "after the first step");
}
