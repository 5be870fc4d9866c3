// A figure: an SVG as wide as its place, drawn again at every change of its width, so that its text keeps its size. Where
// the reader has larger letters, all of it is larger by the same factor, as far as its width allows.
import { make, html } from "./svg.js";

const USUAL = 16; // pixels of the letters for which figures are drawn
const NARROWEST = 300; // units of a figure; a narrower one has no place for its labels

// `draw(ink, size)` draws into an empty group. `height` is a number or a function of the width. What is dragged lies in
// `figure.top`, which is kept, so that it keeps the focus.
export function figure(host, { label, caption = "", height, kind = "" }, draw) {
  const ink = make("g", { "aria-hidden": "true" });
  const top = make("g");
  const svg = make("svg", { role: "group", "aria-label": label }, ink, top);
  const place = html("figure", { class: `figure ${kind}` }, svg);
  if (caption) place.append(html("figcaption", {}, caption));
  host.append(place);
  const made = { svg, top, place, width: 0, height: 0, scale: 1, after: [] };
  const seen = () => Math.round(svg.getBoundingClientRect().width);
  const scaled = (pixels) => {
    const letters = parseFloat(getComputedStyle(document.documentElement).fontSize) / USUAL;
    return Math.min(letters, Math.max(1, pixels / NARROWEST)) || 1;
  };
  made.redraw = () => {
    const pixels = seen();
    if (!pixels) return;
    made.scale = scaled(pixels); // pixels of the page for a unit of the figure
    made.width = Math.round(pixels / made.scale);
    made.height = typeof height === "function" ? height(made.width) : height;
    svg.setAttribute("viewBox", `0 0 ${made.width} ${made.height}`);
    svg.style.height = `${made.scale * made.height}px`;
    ink.replaceChildren();
    draw(ink, made);
    for (const follow of made.after) follow();
  };
  made.describe = (text) => svg.setAttribute("aria-label", text);
  new ResizeObserver(() => {
    if (Math.round(seen() / scaled(seen())) !== made.width) made.redraw();
  }).observe(place);
  return made;
}
