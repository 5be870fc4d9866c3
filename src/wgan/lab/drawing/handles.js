// A thing to drag in a figure, which is also a slider for the keyboard and for a screen reader.
import { make } from "./svg.js";

// The value after a key, or undefined for a key that means nothing here.
export function afterKey(key, value, { low, high, step, leap = 10 * step }) {
  const to = {
    ArrowRight: value + step, ArrowUp: value + step, ArrowLeft: value - step, ArrowDown: value - step,
    PageUp: value + leap, PageDown: value - leap, Home: low, End: high,
  }[key];
  return to === undefined ? undefined : rounded(to, { low, high, step });
}

// The nearest value that the handle can have.
export function rounded(value, { low, high, step }) {
  const inside = Math.min(high, Math.max(low, value));
  return Number((low + Math.round((inside - low) / step) * step).toFixed(6));
}

// `place(value)` gives {x, y} in the figure and `at(x, y)` the value of a place. `axis` says which arrows the grip shows.
export function handle(figure, { name, low, high, step, leap, axis, value, place, at, set, text = String, began = () => {}, kind = "" }) {
  const range = { low, high, step, leap };
  const grip = make("g", {
    class: `handle ${axis} ${kind}`, role: "slider", tabindex: 0, "aria-label": name, "aria-valuemin": low,
    "aria-valuemax": high, "aria-orientation": axis === "y" ? "vertical" : "horizontal",
  }, make("circle", { r: 22, class: "reach" }), make("circle", { r: 11, class: "knob" }),
  make("path", { class: "mark", d: axis === "y" ? "M-3.5 -2.5L0 -6L3.5 -2.5M-3.5 2.5L0 6L3.5 2.5" : "M-2.5 -3.5L-6 0L-2.5 3.5M2.5 -3.5L6 0L2.5 3.5" }));
  figure.top.append(grip);
  const show = () => {
    const now = value();
    const { x, y } = place(now);
    grip.setAttribute("transform", `translate(${x} ${y})`);
    grip.setAttribute("aria-valuenow", now);
    grip.setAttribute("aria-valuetext", text(now));
  };
  const point = (event) => {
    const box = figure.svg.getBoundingClientRect();
    return rounded(at((event.clientX - box.left) / figure.scale, (event.clientY - box.top) / figure.scale), range);
  };
  grip.addEventListener("keydown", (event) => {
    const to = event.altKey || event.ctrlKey || event.metaKey ? undefined : afterKey(event.key, value(), range);
    if (to === undefined) return;
    event.preventDefault();
    began();
    set(to);
  });
  grip.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    grip.setPointerCapture(event.pointerId);
    grip.classList.add("held");
    grip.focus({ preventScroll: true });
    event.preventDefault();
    began();
  });
  grip.addEventListener("pointermove", (event) => {
    if (!grip.hasPointerCapture(event.pointerId)) return;
    const to = point(event);
    if (to !== value()) set(to);
  });
  for (const end of ["pointerup", "pointercancel"]) grip.addEventListener(end, () => grip.classList.remove("held"));
  figure.after.push(show);
  return { show, remove: () => { grip.remove(); figure.after.splice(figure.after.indexOf(show), 1); } };
}
