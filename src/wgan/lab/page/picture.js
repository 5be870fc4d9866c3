// A room as one picture: every svg and canvas in it with its title, where it stands, with its looks written into it.
import { html, make } from "../drawing/svg.js";

const LOOKS = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "opacity",
  "fill-opacity", "font-size", "font-weight", "font-family", "text-anchor", "paint-order"];
const MARGIN = 24;

// A copy of an svg that needs no style sheet.
function standing(svg) {
  const copy = svg.cloneNode(true);
  const [from, to] = [svg, copy].map((one) => [one, ...one.querySelectorAll("*")]);
  from.forEach((one, i) => {
    const looks = getComputedStyle(one);
    for (const name of LOOKS) to[i].setAttribute(name, looks.getPropertyValue(name));
    for (const name of ["class", "role", "tabindex", "style"]) to[i].removeAttribute(name);
  });
  for (const reach of copy.querySelectorAll("circle[r='22']")) reach.remove();
  return copy;
}

// The picture as an SVG element, in pixels of the page.
export function compose(host, title) {
  const parts = [...host.querySelectorAll("svg, canvas")].filter((one) => one.getBoundingClientRect().width > 0);
  const titles = [...host.querySelectorAll("h3, h4, .sum")].filter((one) => one.getBoundingClientRect().width > 0 && one.closest(".card")?.querySelector("svg, canvas"));
  const boxes = [...parts, ...titles].map((one) => one.getBoundingClientRect());
  const left = Math.min(...boxes.map((box) => box.left)), top = Math.min(...boxes.map((box) => box.top));
  const width = Math.max(...boxes.map((box) => box.right)) - left + 2 * MARGIN;
  const height = Math.max(...boxes.map((box) => box.bottom)) - top + 2 * MARGIN + 34;
  const looks = getComputedStyle(document.body);
  const made = make("svg", { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}` },
    make("title", {}, title), make("rect", { width, height, fill: looks.backgroundColor }),
    make("text", { x: MARGIN, y: MARGIN + 12, fill: looks.color, "font-size": 17, "font-weight": 700, "font-family": looks.fontFamily }, title));
  parts.forEach((one, i) => {
    const at = { x: boxes[i].left - left + MARGIN, y: boxes[i].top - top + MARGIN + 34, width: boxes[i].width, height: boxes[i].height };
    if (one instanceof HTMLCanvasElement) made.append(make("image", { ...at, href: one.toDataURL("image/png") }));
    else {
      const copy = standing(one);
      for (const [name, value] of Object.entries(at)) copy.setAttribute(name, value);
      made.append(copy);
    }
  });
  titles.forEach((one, i) => {
    const box = boxes[parts.length + i], of = getComputedStyle(one), size = parseFloat(of.fontSize);
    made.append(make("text", { x: box.left - left + MARGIN, y: box.bottom - top + MARGIN + 34 - 0.35 * size, fill: of.color, "font-size": size,
      "font-weight": of.fontWeight, "font-family": of.fontFamily }, one.textContent));
  });
  return made;
}

function offer(blob, name) {
  const link = html("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const textOf = (svg) => new XMLSerializer().serializeToString(svg);

export function saveSvg(host, title, name) {
  offer(new Blob([textOf(compose(host, title))], { type: "image/svg+xml" }), `${name}.svg`);
}

// The same as a PNG, with two pixels for each of the page.
export async function savePng(host, title, name) {
  const svg = compose(host, title);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(textOf(svg))}`;
  await image.decode();
  const canvas = html("canvas", { width: 2 * svg.getAttribute("width"), height: 2 * svg.getAttribute("height") });
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser draws on no canvas; save the picture as SVG");
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => { canvas.toBlob(done, "image/png"); });
  if (!blob) throw new Error("the browser gave no picture");
  offer(blob, `${name}.png`);
}
