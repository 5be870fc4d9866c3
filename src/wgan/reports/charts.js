// The charts without this script show every line; it adds the value under the pointer or the arrow keys, and zoom in steps.
// A chart holds its numbers once, as the points of its lines; data-frame says how points become steps and values.
const inWords = (value, percent) => {
  if (percent) return Math.round(100 * value) + " %";
  const size = Math.abs(value);
  if (size < 1e-12) return "0";
  if (size >= 1000 && size < 1e7) return Math.round(value).toLocaleString("en");
  return size >= 1e-3 && size < 1000 ? value.toPrecision(3) : value.toExponential(1).replace("e+", "e");
};
const atStep = (step) => step.toLocaleString("en");

// The axes of one chart: what a point means, and which part of the steps is shown.
function axes(plot) {
  const frame = JSON.parse(plot.dataset.frame);
  const area = plot.querySelector("svg.area");
  const [left, top, width, height] = area.getAttribute("viewBox").split(" ").map(Number);
  const low = frame.logarithmic ? Math.log10(frame.low) : frame.low;
  const high = frame.logarithmic ? Math.log10(frame.high) : frame.high;
  const valueAt = (y) => {
    const value = low + (top + height - y) / height * (high - low);
    return frame.logarithmic ? 10 ** value : value;
  };
  const stepAt = (x) => frame.first + (x - left) / width * (frame.last - frame.first);
  const recordAt = (x) => frame.each ? Math.round(stepAt(x) / frame.each) * frame.each : stepAt(x);
  const across = (step) => frame.each ? atStep(Math.round(step)) : inWords(step, false);
  return { frame, area, left, top, width, height, valueAt, stepAt, recordAt, across, view: [left, width] };
}

function drawn(plot, name, attributes, text = "") {
  const made = document.createElementNS(plot.namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

// Shows the steps from x = `from` on, `size` wide; returns whether these are all steps.
function look(plot, chart, whole, from, size) {
  const { area, left, top, width, height } = chart;
  size = Math.max(width / 64, Math.min(width, size));
  from = Math.max(left, Math.min(left + width - size, from));
  chart.view = [from, size];
  area.setAttribute("viewBox", [from, top, size, height].join(" "));
  area.setAttribute("preserveAspectRatio", "none");
  for (const mark of plot.querySelectorAll("circle.mark")) {
    mark.dataset.at ??= mark.getAttribute("cx");
    const share = (mark.dataset.at - from) / size;
    mark.setAttribute("cx", left + share * width);
    mark.setAttribute("visibility", share < -1e-6 || share > 1 + 1e-6 ? "hidden" : "visible");
  }
  const ticks = plot.querySelector("g.ticks");
  if (size === width) ticks.replaceChildren(...whole.map((one) => one.cloneNode(true)));
  else ticks.replaceChildren(...[0, 0.5, 1].map((share) => drawn(plot, "text", {
    x: left + share * width, y: top + height + 18, "text-anchor": ["start", "middle", "end"][2 * share],
  }, chart.across(chart.stepAt(from + share * size)))), whole.at(-1).cloneNode(true));
  return size === width;
}

function begin(figure, plot) {
  const chart = axes(plot);
  const { area, left, top, width, height, frame } = chart;
  const whole = [...plot.querySelectorAll("g.ticks > *")];
  const lines = [...area.querySelectorAll("polyline[data-name]")].map((line) => ({
    name: line.dataset.name,
    points: line.getAttribute("points").split(" ").map((pair) => pair.split(",").map(Number)),
  }));
  const steps = [...new Set(lines.flatMap((line) => line.points.map((point) => point[0])))].sort((a, b) => a - b);
  const cursor = drawn(plot, "line", { class: "cursor", y1: top, y2: top + height, visibility: "hidden" });
  area.append(cursor);
  const said = document.createElement("output");
  said.className = "reading";
  const zoomed = document.createElement("div");
  zoomed.className = "zoom";
  const buttons = ["Zoom in", "Zoom out", frame.before === "step" ? "Show all steps" : "Show all"].map((text) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    zoomed.append(made);
    return made;
  });
  plot.after(said);
  figure.append(zoomed);

  let at = -1;
  const show = (index) => {
    at = Math.max(0, Math.min(steps.length - 1, index));
    for (const end of ["x1", "x2"]) cursor.setAttribute(end, steps[at]);
    cursor.setAttribute("visibility", "visible");
    const parts = lines.flatMap((line) => {
      const point = line.points.find((one) => one[0] === steps[at]);
      return point ? [`${line.name} ${inWords(chart.valueAt(point[1]), frame.percent)}`] : [];
    });
    said.textContent = `${frame.before} ${chart.across(chart.recordAt(steps[at]))}: ${parts.join(", ")}`;
  };
  const hide = () => { cursor.setAttribute("visibility", "hidden"); said.textContent = ""; at = -1; };
  const nearest = (x) => steps.reduce((best, one, i) => Math.abs(one - x) < Math.abs(steps[best] - x) ? i : best, 0);
  const place = (event) => {
    const shown = plot.getBoundingClientRect();
    const x = (event.clientX - shown.left) * plot.viewBox.baseVal.width / shown.width;
    return chart.view[0] + (x - left) / width * chart.view[1];
  };
  const move = (from, size) => {
    const all = look(plot, chart, whole, from, size);
    buttons[1].disabled = buttons[2].disabled = all;
    figure.classList.toggle("zoomed", !all);
  };
  const zoom = (factor, x) => move(x - (x - chart.view[0]) / factor, chart.view[1] / factor);
  const middle = () => at < 0 ? chart.view[0] + chart.view[1] / 2 : steps[at];

  buttons[0].addEventListener("click", () => zoom(2, middle()));
  buttons[1].addEventListener("click", () => zoom(0.5, middle()));
  buttons[2].addEventListener("click", () => { move(left, width); plot.focus(); });
  let held = null;
  plot.addEventListener("pointerdown", (event) => { held = place(event); plot.setPointerCapture(event.pointerId); });
  for (const end of ["pointerup", "pointercancel"]) plot.addEventListener(end, () => { held = null; });
  plot.addEventListener("pointermove", (event) => {
    if (held !== null && chart.view[1] < width) move(chart.view[0] + held - place(event), chart.view[1]);
    show(nearest(place(event)));
  });
  plot.addEventListener("pointerleave", hide);
  plot.addEventListener("blur", hide);
  plot.addEventListener("dblclick", (event) => zoom(2, place(event)));
  plot.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;  // the wheel alone scrolls the page
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.5 : 1 / 1.5, place(event));
  }, { passive: false });
  plot.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, Home: -steps.length, End: steps.length }[event.key];
    const factor = { "+": 2, "=": 2, "-": 0.5 }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (by) {
      show(at >= 0 ? at + by : by < 0 && event.key !== "Home" ? steps.length - 1 : event.key === "End" ? steps.length : 0);
      const [from, size] = chart.view;
      if (steps[at] < from || steps[at] > from + size) move(steps[at] - size / 2, size);
    } else if (factor) zoom(factor, middle());
    else if (event.key === "Escape") { move(left, width); hide(); } else return;
    event.preventDefault();
  });
  plot.setAttribute("tabindex", "0");
  move(left, width);
}

for (const figure of document.querySelectorAll("figure.chart")) {
  const plot = figure.querySelector("svg.plot");
  if (plot) begin(figure, plot);
}
for (const how of document.querySelectorAll(".how")) how.hidden = false;
