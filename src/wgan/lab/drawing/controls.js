// Controls beside a figure. Each is a native one, named by its own label.
import { html } from "./svg.js";

let count = 0;

// A range with its name and its value in words; `show(value)` follows the state.
export function slider(host, { label, low, high, step, text = String, set }) {
  const id = `control-${++count}`;
  const input = html("input", { type: "range", id, min: low, max: high, step });
  const output = html("output", { for: id });
  host.append(html("div", { class: "control" }, html("label", { for: id }, label), output, input));
  input.addEventListener("input", () => set(Number(input.value)));
  return {
    input,
    show(value) {
      input.value = String(value);
      input.setAttribute("aria-valuetext", text(value));
      output.textContent = text(value);
    },
  };
}

// One of several: radio buttons in a row, {value: words}.
export function choice(host, { label, options, set, kind = "" }) {
  const name = `choice-${++count}`;
  const inputs = Object.entries(options).map(([value, words]) => {
    const input = html("input", { type: "radio", name, value });
    input.addEventListener("change", () => set(value));
    return [input, html("label", { class: "option" }, input, html("span", {}, words))];
  });
  host.append(html("fieldset", { class: `choice ${kind}` }, html("legend", {}, label), html("div", { class: "options" }, inputs.map((pair) => pair[1]))));
  return { show(value) { for (const [input] of inputs) input.checked = input.value === value; } };
}

export function button(host, words, act, kind = "") {
  const made = html("button", { type: "button", class: kind }, words);
  made.addEventListener("click", act);
  host.append(made);
  return made;
}

// One of several in a list that opens, {value: words}.
export function select(host, { label, options, set }) {
  const id = `control-${++count}`;
  const list = html("select", { id }, Object.entries(options).map(([value, words]) => html("option", { value }, words)));
  host.append(html("div", { class: "select" }, html("label", { for: id }, label), list));
  list.addEventListener("change", () => set(list.value));
  return { show(value) { list.value = value; } };
}

// A box to tick, in the row of a fieldset.
export function tick(host, words, set) {
  const input = html("input", { type: "checkbox" });
  input.addEventListener("change", () => set(input.checked));
  host.append(html("label", { class: "option" }, input, html("span", {}, words)));
  return input;
}
