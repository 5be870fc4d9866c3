// The shell: five rooms, the link that holds a room's state, and the buttons below.
import { button } from "../drawing/controls.js";
import { html } from "../drawing/svg.js";
import { read, starts, write } from "./fragment.js";
import { savePng, saveSvg } from "./picture.js";
import studies from "./studies.json";

const at = (id) => document.getElementById(id);

export function begin(rooms) {
  const built = new Map(); // room -> {section, stage, view}
  let now = null; // {room, state}
  let later = 0;

  const say = (sentence) => { at("message").textContent = sentence; };
  const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  function writeLink() {
    clearTimeout(later);
    try {
      history.replaceState(null, "", write(now.room, now.state));
    } catch {
      // a browser may refuse a change of the address of a file; the page works without
    }
  }

  function show() {
    const { view } = built.get(now.room);
    view.show(now.state);
    at("rooms").querySelector("[aria-current]").href = write(now.room, now.state);
  }

  function change(part) {
    say(""); // what was said held for the state before
    Object.assign(now.state, part);
    show();
    clearTimeout(later);
    later = setTimeout(writeLink, 200);
  }

  const leave = () => { if (now) built.get(now.room).view.leave?.(); };

  function enter(room, state, complaint) {
    leave();
    now = { room, state: { ...state } };
    for (const { section } of built.values()) section.hidden = true;
    if (!built.has(room)) built.set(room, build(room, { change, say, still, state: now.state }));
    built.get(room).section.hidden = false;
    for (const link of at("rooms").querySelectorAll("a")) {
      if (link.dataset.room === room.name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.title = `${room.title} · wgan lab`;
    say(complaint);
    show();
  }

  function build(room, page) {
    const stage = html("div", { class: "stage" });
    const section = html("section", { class: "room", "aria-labelledby": `title-${room.name}` },
      html("h2", { id: `title-${room.name}`, tabindex: -1 }, room.question),
      html("p", { class: "lead" }, room.lead.join(" ")), html("p", { class: "act" }, room.act), stage);
    at("room").append(section);
    const view = room.build(stage, page);
    if (room.asked?.length) section.append(asked(room.asked));
    section.append(study(room.study));
    return { section, stage, view };
  }

  function open(focus) {
    const { room, state, complaint } = read(location.hash, rooms);
    enter(room, state, complaint);
    if (focus) {
      at(`title-${room.name}`).focus({ preventScroll: true });
      scrollTo({ top: 0, behavior: "instant" });
    }
  }

  rooms.forEach((room, i) => {
    at("rooms").append(html("li", {}, html("a", { href: write(room, starts(room)), "data-room": room.name },
      html("span", { class: "number", "aria-hidden": "true" }, i + 1), room.title)));
  });
  tools(at("tools"), {
    link: async () => {
      writeLink();
      try {
        await navigator.clipboard.writeText(location.href);
        say("The link to this state is on the clipboard.");
      } catch {
        say("The browser did not let the page copy; the address bar holds the link to this state.");
      }
    },
    save: async (how) => {
      try {
        await how(built.get(now.room).stage, now.room.question, `wgan-lab-${now.room.name}`);
        say("");
      } catch (error) {
        say(`The picture could not be made: ${error.message}.`);
      }
    },
    anew: () => change(starts(now.room)),
  });
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // the fragment is the link of the room
    at("room").focus();
  });
  at("rooms").addEventListener("click", writeLink); // before another room is entered
  addEventListener("hashchange", () => open(true));
  document.addEventListener("visibilitychange", () => { if (document.hidden) leave(); });
  open(false);
}

function tools(host, { link, save, anew }) {
  button(host, "Copy a link to this state", link);
  button(host, "Save the picture as PNG", () => save(savePng));
  button(host, "Save it as SVG", () => save(saveSvg));
  button(host, "Back to the start of this room", anew);
}

function asked(list) {
  return html("div", { class: "asked" }, html("h3", {}, "You may ask"),
    list.map(([question, ...answer]) => html("details", {}, html("summary", {}, question), answer.map((one) => html("p", {}, one)))));
}

// What the study of the same claim measured at full size. A page of the documentation also links its figure.
function study(name) {
  const found = studies[name];
  const online = location.protocol === "https:" || location.protocol === "http:";
  return html("aside", { class: "study", "aria-label": "The study" }, html("h3", {}, "At full size"),
    html("p", {}, "The study ", html("code", {}, name), ` tests this claim: ${found.claim}`),
    html("details", {}, html("summary", {}, `What it measured. ${found.held}`), html("p", {}, found.measured),
      html("p", { class: "small" }, `Source of the claim: ${found.source}`)),
    html("p", {}, "Run it with ", html("code", {}, found.command.replace(/ --scale .*/, "")),
      online ? [", or see ", html("a", { href: `../gallery/#${name}` }, "its figure in the gallery")] : [", or open the gallery in the documentation"], "."));
}
