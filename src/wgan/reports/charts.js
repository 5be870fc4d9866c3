// The charts without this script show every line; it adds the value under the pointer or the arrow keys, and zoom in steps.
// A chart holds its numbers once, as the points of its lines; data-frame says how points become steps and values.
const shortest = (value) => {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size >= 1000 && size < 1e7) return Math.round(value).toLocaleString("en");
  return size >= 1e-3 && size < 1000 ? value.toPrecision(3) : value.toExponential(2).replace("e+", "e");
};
for (const figure of document.querySelectorAll("figure.chart")) {
  const plot = figure.querySelector("svg.plot");
  if (!plot) continue;
  const frame = JSON.parse(plot.dataset.frame);
  const area = plot.querySelector("svg.area");
  const whole = area.getAttribute("viewBox").split(" ").map(Number);
  const [left, top, width, height] = whole;
  const ticks = plot.querySelector("g.ticks");
  const first = ticks.innerHTML;
  let view = [left, width];
  const stepAt = (x) => {
    const step = frame.first + (x - left) / width * (frame.last - frame.first);
    return Math.round(step / frame.each) * frame.each;
  };
  const valueAt = (y) => {
    const share = (top + height - y) / height;
    if (!frame.logarithmic) return frame.low + share * (frame.high - frame.low);
    return 10 ** (Math.log10(frame.low) + share * (Math.log10(frame.high) - Math.log10(frame.low)));
  };
  const lines = [...area.querySelectorAll("polyline[data-name]")].map((line) => ({
    name: line.dataset.name,
    points: line.getAttribute("points").split(" ").map((pair) => pair.split(",").map(Number)),
  }));
  const steps = [...new Set(lines.flatMap((line) => line.points.map((point) => point[0])))].sort((a, b) => a - b);
  const cursor = document.createElementNS(plot.namespaceURI, "line");
  cursor.setAttribute("class", "cursor");
  cursor.setAttribute("y1", top);
  cursor.setAttribute("y2", top + height);
  cursor.setAttribute("visibility", "hidden");
  area.append(cursor);
  const said = document.createElement("output");
  said.className = "reading";
  const rest = "Point at the chart, or use the arrow keys, to read its values; + and - zoom.";
  said.textContent = rest;
  plot.after(said);
  let at = -1;
  const show = (index) => {
    at = Math.max(0, Math.min(steps.length - 1, index));
    const x = steps[at];
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    cursor.setAttribute("visibility", "visible");
    const parts = lines.map((line) => {
      const point = line.points.find((one) => one[0] === x);
      return point ? line.name + " " + shortest(valueAt(point[1])) : "";
    });
    said.textContent = "step " + stepAt(x).toLocaleString("en") + ": " + parts.filter(Boolean).join(", ");
  };
  const hide = () => { cursor.setAttribute("visibility", "hidden"); said.textContent = rest; at = -1; };
  const nearest = (x) => steps.reduce((best, one, i) => Math.abs(one - x) < Math.abs(steps[best] - x) ? i : best, 0);
  const place = (event) => {
    const box = area.getBoundingClientRect();
    const shown = plot.getBoundingClientRect();
    const scale = plot.viewBox.baseVal.width / shown.width;
    const inside = (event.clientX - shown.left) * scale - left;
    return box.width ? view[0] + inside / width * view[1] : left;
  };
  const look = (from, size) => {
    size = Math.max(width / 64, Math.min(width, size));
    view = [Math.max(left, Math.min(left + width - size, from)), size];
    area.setAttribute("viewBox", [view[0], top, size, height].join(" "));
    area.setAttribute("preserveAspectRatio", "none");
    back.hidden = size === width;
    if (size === width) { ticks.innerHTML = first; return; }
    const shown = [0, 0.5, 1].map((share) => {
      const text = document.createElementNS(plot.namespaceURI, "text");
      text.setAttribute("x", left + share * width);
      text.setAttribute("y", top + height + 18);
      text.setAttribute("text-anchor", ["start", "middle", "end"][2 * share]);
      text.textContent = stepAt(view[0] + share * size).toLocaleString("en");
      return text;
    });
    ticks.replaceChildren(...shown);
  };
  const zoom = (factor, x) => look(x - (x - view[0]) / factor, view[1] / factor);
  const back = document.createElement("button");
  back.type = "button";
  back.className = "whole";
  back.textContent = "Show all steps";
  back.hidden = true;
  back.addEventListener("click", () => { look(left, width); plot.focus(); });
  said.after(back);
  plot.setAttribute("tabindex", "0");
  plot.addEventListener("pointermove", (event) => show(nearest(place(event))));
  plot.addEventListener("pointerleave", hide);
  plot.addEventListener("blur", hide);
  plot.addEventListener("dblclick", (event) => zoom(2, place(event)));
  plot.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;  // the wheel alone scrolls the page
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.5 : 1 / 1.5, place(event));
  }, { passive: false });
  plot.addEventListener("keydown", (event) => {
    const middle = at < 0 ? view[0] + view[1] / 2 : steps[at];
    const move = { ArrowLeft: -1, ArrowRight: 1, Home: -steps.length, End: steps.length }[event.key];
    const factor = { "+": 2, "=": 2, "-": 0.5 }[event.key];
    if (move) show(at < 0 ? (move < 0 ? steps.length - 1 : 0) : at + move);
    else if (factor) zoom(factor, middle);
    else if (event.key === "Escape") { look(left, width); hide(); }
    else return;
    if (move && (steps[at] < view[0] || steps[at] > view[0] + view[1])) look(steps[at] - view[1] / 2, view[1]);
    event.preventDefault();
  });
}
