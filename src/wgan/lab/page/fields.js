// The fields of a room's state: what a link may hold. A field reads a text strictly and gives undefined for anything else.

const NUMBER = /^-?\d{1,6}(\.\d{1,6})?$/;

function bounded(text, low, high, digits) {
  if (!NUMBER.test(text)) return undefined;
  const value = Number(text);
  return value >= low && value <= high ? Number(value.toFixed(digits)) : undefined;
}

// A number in [low, high] with so many decimals.
export const number = (low, high, start, digits = 2) => ({
  start,
  read: (text) => bounded(text, low, high, digits),
  write: (value) => String(Number(value.toFixed(digits))),
});

export const whole = (low, high, start) => ({
  ...number(low, high, start, 0),
  read: (text) => (/^-?\d{1,6}$/.test(text) ? bounded(text, low, high, 0) : undefined),
});

// One of these words; the first is where a room begins.
export const oneOf = (names, start = names[0]) => ({
  start,
  read: (text) => (names.includes(text) ? text : undefined),
  write: (value) => value,
});

// From `fewest` to `most` numbers, each in [low, high].
export const numbers = (fewest, most, low, high, start, digits = 0) => ({
  start,
  read(text) {
    const parts = text === "" ? [] : text.split(",");
    if (parts.length < fewest || parts.length > most) return undefined;
    const values = parts.map((part) => bounded(part, low, high, digits));
    return values.includes(undefined) ? undefined : values;
  },
  write: (values) => values.map((value) => String(Number(value.toFixed(digits)))).join(","),
});
