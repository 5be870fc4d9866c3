// Elements of the document. Children that are texts become text nodes, so nothing is ever read as markup.

const SVG = "http://www.w3.org/2000/svg";

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === undefined || value === null) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined).map((child) => (child instanceof Node ? child : String(child))));
  return element;
}

export const make = (tag, attributes = {}, ...children) => filled(document.createElementNS(SVG, tag), attributes, children);

export const html = (tag, attributes = {}, ...children) => filled(document.createElement(tag), attributes, children);

// Put a new SVG element into a parent, and return it.
export function put(parent, tag, attributes = {}, ...children) {
  const made = make(tag, attributes, ...children);
  parent.append(made);
  return made;
}

// An arrow from (x1, y1) to (x2, y2); one shorter than its head is a dot.
export function arrow(parent, x1, y1, x2, y2, kind = "") {
  const length = Math.hypot(x2 - x1, y2 - y1);
  if (length < 3) return put(parent, "circle", { cx: x1, cy: y1, r: 3, class: `arrow-dot ${kind}` });
  const head = Math.min(11, length);
  const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
  const [bx, by] = [x2 - head * ux, y2 - head * uy];
  const half = 0.5 * head;
  const made = put(parent, "g", { class: `arrow ${kind}` });
  put(made, "line", { x1, y1, x2: bx, y2: by });
  put(made, "path", { d: `M${x2} ${y2}L${bx - half * uy} ${by + half * ux}L${bx + half * uy} ${by - half * ux}Z` });
  return made;
}
