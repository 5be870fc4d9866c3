// The state of a room as the fragment of a link: v=1&room=earth&p=3,2,1,4. Nothing of it is ever used as markup.

const VERSION = "1";

export const COMPLAINT = "This link was damaged or is of another version, so the page shows its usual start.";

export function starts(room) {
  return Object.fromEntries(Object.entries(room.fields).map(([name, field]) => [name, field.start]));
}

// The room and its state that a fragment names, or the first room and a complaint.
export function read(fragment, rooms) {
  const text = fragment.replace(/^#/, "");
  const begin = { room: rooms[0], state: starts(rooms[0]), complaint: "" };
  if (text === "") return begin;
  const damaged = { ...begin, complaint: COMPLAINT };
  const given = new Map();
  for (const part of text.split("&")) {
    const at = part.indexOf("=");
    const name = part.slice(0, at);
    if (at < 1 || given.has(name)) return damaged;
    given.set(name, part.slice(at + 1));
  }
  const room = rooms.find((one) => one.name === given.get("room"));
  if (given.get("v") !== VERSION || !room) return damaged;
  given.delete("v");
  given.delete("room");
  const state = starts(room);
  for (const [name, value] of given) {
    const field = Object.hasOwn(room.fields, name) ? room.fields[name] : undefined;
    const found = field?.read(value);
    if (found === undefined) return { ...damaged, room, state: starts(room) };
    state[name] = found;
  }
  if (room.check && !room.check(state)) return { ...damaged, room, state: starts(room) };
  return { room, state, complaint: "" };
}

// The fragment of a state; fields at their start are left out.
export function write(room, state) {
  const parts = [`v=${VERSION}`, `room=${room.name}`];
  for (const [name, field] of Object.entries(room.fields)) {
    const text = field.write(state[name]);
    if (text !== field.write(field.start)) parts.push(`${name}=${text}`);
  }
  return `#${parts.join("&")}`;
}
