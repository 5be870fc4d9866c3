// A figure: an SVG as wide as its place, drawn again at every change of its width, so that its text keeps its size.
import { make, html } from "./svg.js";

// `draw(ink, size)` draws into an empty group. `height` is a number or a function of the width. What is dragged lies in
// `figure.top`, which is kept, so that it keeps the focus.
export function figure(host, { label, caption = "", height, kind = "" }, draw) {
  const ink = make("g", { "aria-hidden": "true" });
  const top = make("g");
  const svg = make("svg", { role: "group", "aria-label": label }, ink, top);
  const place = html("figure", { class: `figure ${kind}` }, svg);
  if (caption) place.append(html("figcaption", {}, caption));
  host.append(place);
  const made = { svg, top, place, width: 0, height: 0, after: [] };
  made.redraw = () => {
    const width = Math.round(svg.getBoundingClientRect().width);
    if (!width) return;
    made.width = width;
    made.height = typeof height === "function" ? height(width) : height;
    svg.setAttribute("viewBox", `0 0 ${made.width} ${made.height}`);
    svg.style.height = `${made.height}px`;
    ink.replaceChildren();
    draw(ink, made);
    for (const follow of made.after) follow();
  };
  made.describe = (text) => svg.setAttribute("aria-label", text);
  new ResizeObserver(() => {
    if (Math.round(svg.getBoundingClientRect().width) !== made.width) made.redraw();
  }).observe(place);
  return made;
}
