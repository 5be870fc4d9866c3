// Points that a visitor draws in room 4, by pointer or by keyboard.
import { button } from "../drawing/controls.js";
import { html } from "../drawing/svg.js";

const APART = 0.09; // between two points of a stroke
const INSIDE = 2; // coordinates go from -2 to 2
const rounded = (value) => Number(Math.max(-INSIDE, Math.min(INSIDE, value)).toFixed(2));

// Lets the visitor put points on the plane of `side`; `show(on)` says whether that is asked for.
export function drawing(side, page, { reach, most, points, redraw }) {
  const { canvas } = side.plane;
  const help = html("p", { class: "small", id: "how-to-draw" }, "Click or draw in the square. By keyboard: arrows move the cross, Enter puts a point, Backspace takes the last one away.");
  const row = html("div", { class: "row" });
  const tools = html("div", { class: "pencil" }, help, row);
  side.board.after(tools);
  button(row, "Put a point at the cross", () => add(side.cross));
  button(row, "Take the last point away", () => page.change({ points: points().slice(0, -2) }));
  button(row, "Take all away", () => page.change({ points: [] }));
  let on = false, pressed = false;
  side.cross = [0, 0];

  function add([x, y]) {
    if (points().length >= 2 * most) { page.say(`${most} points are the most that a link can hold.`); return; }
    page.change({ points: [...points(), rounded(x), rounded(y)] });
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (!on || event.button) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    canvas.focus({ preventScroll: true });
    pressed = true;
    add(side.plane.place(event, reach));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!on || !pressed) return;
    const [x, y] = side.plane.place(event, reach), [before, above] = points().slice(-2);
    if (Math.hypot(x - before, y - above) >= APART) add([x, y]);
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { pressed = false; });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }[event.key];
    if (!on || !(step || event.key === "Enter" || event.key === "Backspace")) return;
    event.preventDefault();
    if (step) {
      side.cross = [rounded(side.cross[0] + step[0]), rounded(side.cross[1] + step[1])];
      redraw();
    } else if (event.key === "Enter") add(side.cross);
    else page.change({ points: points().slice(0, -2) });
  });

  return {
    show(now) {
      on = now;
      tools.hidden = !on;
      canvas.classList.toggle("drawable", on);
      if (on) canvas.setAttribute("tabindex", 0);
      else canvas.removeAttribute("tabindex");
      canvas.setAttribute("role", on ? "application" : "img");
      if (on) canvas.setAttribute("aria-describedby", "how-to-draw");
      else canvas.removeAttribute("aria-describedby");
    },
  };
}
