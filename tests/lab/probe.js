// What the tests of the page ask it, evaluated in the page by the browser's protocol.
window.probe = (() => {
  const here = () => document.querySelector(".room:not([hidden])");
  const shown = (one) => one.getClientRects().length > 0 && getComputedStyle(one).visibility !== "hidden";
  const all = (selector) => [...here().querySelectorAll(selector)];
  const text = (selector) => here().querySelector(selector).textContent;
  const valueOf = (one) => one.value ?? one.getAttribute("aria-valuenow");
  const ACTING = "button, input, select, textarea, a[href], summary, [role=slider]";
  const saved = [];
  const made = URL.createObjectURL;
  URL.createObjectURL = (blob) => { saved.push(blob); return made(blob); };
  return {
    rooms: () => [...document.querySelectorAll("nav a")].map((one) => one.dataset.room),
    room: () => document.querySelector("nav [aria-current]").dataset.room,
    message: () => document.getElementById("message").textContent,
    all, text, saved,
    // what a visitor can act on; of a group of radio buttons Tab reaches the chosen one, or the first
    controls: () => all(ACTING).filter((one) => {
      if (one.disabled || !shown(one)) return false;
      if (one.type !== "radio") return true;
      const group = all(`input[name="${one.name}"]`);
      return one === (group.find((other) => other.checked) ?? group[0]);
    }),
    sliders: () => all("[role=slider], input[type=range]").filter(shown),
    valueOf,
    state: () => all("[role=slider], input").map((one) => [valueOf(one), one.checked ?? null]),
    button: (words) => [...document.querySelectorAll("button")].find((one) => shown(one) && one.textContent === words),
    textsOutside: () => all("svg text").filter((one) => {
      const box = one.getBoundingClientRect();
      return box.width && (box.left < -1 || box.right > innerWidth + 1);
    }).map((one) => one.textContent),
    smallest: () => Math.min(...all("svg text").map((one) => parseFloat(getComputedStyle(one).fontSize))),
    brightness: () => getComputedStyle(document.body).backgroundColor.match(/\d+/g).slice(0, 3).reduce((sum, one) => sum + Number(one), 0),
    verdicts: () => all(".verdict").map((one) => [one.className.split(" ")[1], one.querySelector("h3").textContent,
      ...[...one.querySelectorAll("p:not(.kind)")].map((p) => p.textContent)]),
    until: (holds) => new Promise((done, fail) => { // an error after a minute, so that a fault does not hang the tests
      const begun = Date.now();
      const t = setInterval(() => {
        if (holds()) { clearInterval(t); done(1); }
        if (Date.now() - begun > 60_000) { clearInterval(t); fail(new Error(`it never held: ${holds}`)); }
      }, 40);
    }),
    base64: async (kind) => {
      const bytes = new Uint8Array(await saved.find((one) => one.type === kind).arrayBuffer());
      return btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join(""));
    },
    read: (svg) => {
      const read = new DOMParser().parseFromString(svg, "image/svg+xml");
      return { whole: read.querySelector("parsererror") === null, drawn: read.querySelectorAll("path, rect, circle, line, text, image").length,
        styled: read.querySelectorAll("[class], style, script").length };
    },
  };
})();
1;
