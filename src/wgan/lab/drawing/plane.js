// A square of the plane on a canvas: the critic's surface, arrows, points, and lines between pairs of points.
import { html } from "./svg.js";

const DARKEST = 0.62; // the share of colour where the score is highest
const GRID = 40; // cells of the surface along a side
const ARROWS = 11; // along a side

// Colours as [r, g, b] of a custom property of the page.
function colour(element, name) {
  const hex = getComputedStyle(element).getPropertyValue(name).trim();
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

const mixed = (from, to, share) => `rgb(${from.map((one, k) => Math.round(one + share * (to[k] - one))).join(" ")})`;

// The middles of the cells of a grid over [-reach, reach]^2, as [x0, y0, x1, y1, ...], row by row from the top.
export function gridOf(count, reach) {
  const points = new Float64Array(2 * count * count);
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < count; column++) {
      points[2 * (row * count + column)] = reach * ((2 * column + 1) / count - 1);
      points[2 * (row * count + column) + 1] = reach * (1 - (2 * row + 1) / count);
    }
  }
  return points;
}

export const SURFACE = GRID, FIELD = ARROWS;

// `draw({reach, surface, slopes, real, fake, pairs, cross})` draws what is given: scores on the grid of SURFACE cells,
// gradients on that of FIELD cells, points [x, y, ...], pairs of points [x, y, x, y, ...], and the place of the keyboard's cross.
export function plane(host, { label }) {
  const canvas = html("canvas", { class: "plane", role: "img", "aria-label": label });
  host.append(canvas);
  let shown = null, side = 0;
  const context = canvas.getContext("2d"), small = html("canvas");
  if (!context) canvas.replaceWith(html("p", { class: "small" }, "This browser draws on no canvas, so points and surfaces are not shown. The charts and the numbers work without it."));
  const redraw = () => { if (shown) draw(shown); };

  function draw(picture) {
    shown = picture;
    const size = canvas.getBoundingClientRect().width;
    if (!size || !context || context.isContextLost?.()) return;
    const sharp = Math.min(2, devicePixelRatio || 1);
    side = size;
    if (canvas.width !== Math.round(size * sharp)) canvas.width = canvas.height = Math.round(size * sharp);
    context.setTransform(sharp, 0, 0, sharp, 0, 0);
    const { reach, surface, slopes, real, fake, pairs, cross } = picture;
    const at = (value) => ((value + reach) / (2 * reach)) * size;
    const looks = { card: colour(canvas, "--card"), ink: colour(canvas, "--ink"), real: colour(canvas, "--real"), fake: colour(canvas, "--fake"), hill: colour(canvas, "--c2") };
    context.fillStyle = mixed(looks.card, looks.card, 0);
    context.fillRect(0, 0, size, size);
    if (surface) drawSurface(context, surface, size, looks, small);
    if (slopes) drawSlopes(context, slopes, size, looks);
    if (pairs) drawPairs(context, pairs, at, size, looks);
    drawPoints(context, real, at, size, mixed(looks.real, looks.real, 0), false);
    drawPoints(context, fake, at, size, mixed(looks.fake, looks.fake, 0), true);
    if (cross) drawCross(context, at(cross[0]), size - at(cross[1]), mixed(looks.ink, looks.ink, 0));
  }

  new ResizeObserver(redraw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  canvas.addEventListener("contextrestored", redraw);
  return { canvas, draw, describe: (text) => canvas.setAttribute("aria-label", text),
    place: (event, reach) => {
      const box = canvas.getBoundingClientRect();
      return [((event.clientX - box.left) / side) * 2 * reach - reach, reach - ((event.clientY - box.top) / side) * 2 * reach];
    } };
}

// The scores as shades, stronger where a point is more real to the critic, smoothed between the cells.
function drawSurface(context, surface, size, { card, hill }, small) {
  let low = Infinity, high = -Infinity;
  for (const value of surface) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const count = Math.round(Math.sqrt(surface.length));
  small.width = small.height = count;
  const inner = small.getContext("2d"), cells = inner.createImageData(count, count);
  for (let k = 0; k < surface.length; k++) {
    const share = DARKEST * (high > low ? (surface[k] - low) / (high - low) : 0);
    for (let part = 0; part < 3; part++) cells.data[4 * k + part] = card[part] + share * (hill[part] - card[part]);
    cells.data[4 * k + 3] = 255;
  }
  inner.putImageData(cells, 0, 0);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0, size, size);
}

// Arrows along the gradient; one of slope 1 is as long as the space between two arrows, and none is longer.
function drawSlopes(context, slopes, size, { ink }) {
  const count = Math.round(Math.sqrt(slopes.length / 2)), space = size / count;
  context.strokeStyle = context.fillStyle = `rgb(${ink.join(" ")} / 0.62)`;
  context.lineWidth = 1.4;
  for (let k = 0; k < count * count; k++) {
    const [x, y] = [((k % count) + 0.5) * space, (Math.floor(k / count) + 0.5) * space];
    const norm = Math.hypot(slopes[2 * k], slopes[2 * k + 1]);
    const length = Math.min(1, norm) * space * 0.86;
    if (!(length > 1.5)) { context.fillRect(x - 1, y - 1, 2, 2); continue; }
    const [ux, uy] = [slopes[2 * k] / norm, -slopes[2 * k + 1] / norm];
    const [ex, ey] = [x + (ux * length) / 2, y + (uy * length) / 2];
    context.beginPath();
    context.moveTo(x - (ux * length) / 2, y - (uy * length) / 2);
    context.lineTo(ex, ey);
    const head = Math.min(5, length / 2);
    context.moveTo(ex - head * (ux + 0.6 * uy), ey - head * (uy - 0.6 * ux));
    context.lineTo(ex, ey);
    context.lineTo(ex - head * (ux - 0.6 * uy), ey - head * (uy + 0.6 * ux));
    context.stroke();
  }
}

function drawPairs(context, pairs, at, size, { ink }) {
  context.strokeStyle = `rgb(${ink.join(" ")} / 0.45)`;
  context.lineWidth = 1;
  context.beginPath();
  for (let k = 0; k < pairs.length; k += 4) {
    context.moveTo(at(pairs[k]), size - at(pairs[k + 1]));
    context.lineTo(at(pairs[k + 2]), size - at(pairs[k + 3]));
  }
  context.stroke();
}

// Circles for data, crosses for samples.
function drawPoints(context, points, at, size, ink, crosses) {
  if (!points) return;
  context.strokeStyle = ink;
  context.lineWidth = crosses ? 1.8 : 1.3;
  context.beginPath();
  for (let k = 0; k < points.length; k += 2) {
    const [x, y] = [at(points[k]), size - at(points[k + 1])];
    if (crosses) {
      context.moveTo(x - 3, y - 3);
      context.lineTo(x + 3, y + 3);
      context.moveTo(x + 3, y - 3);
      context.lineTo(x - 3, y + 3);
    } else {
      context.moveTo(x + 2.8, y);
      context.arc(x, y, 2.8, 0, 2 * Math.PI);
    }
  }
  context.stroke();
}

function drawCross(context, x, y, ink) {
  context.strokeStyle = ink;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(x - 12, y);
  context.lineTo(x + 12, y);
  context.moveTo(x, y - 12);
  context.lineTo(x, y + 12);
  context.stroke();
}
