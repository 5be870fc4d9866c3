// Without this script the page shows the last picture and every chart; the script adds the slider and the copy button.
const slider = document.getElementById("slider");
if (slider) {
  const pictures = [...document.querySelectorAll("#pictures img")];
  const said = document.getElementById("shown");
  const play = document.getElementById("play");
  let timer = 0;
  const show = () => {
    pictures.forEach((picture, i) => { picture.hidden = i !== Number(slider.value); });
    const step = "step " + Number(pictures[slider.value].dataset.step).toLocaleString("en");
    said.textContent = step;
    slider.setAttribute("aria-valuetext", step);
  };
  const stop = () => { clearInterval(timer); timer = 0; play.textContent = "Play"; };
  slider.addEventListener("input", () => { stop(); show(); });
  play.addEventListener("click", () => {
    if (timer) return stop();
    if (Number(slider.value) === pictures.length - 1) slider.value = 0;
    play.textContent = "Pause";
    show();
    timer = setInterval(() => {
      if (Number(slider.value) === pictures.length - 1) return stop();
      slider.value = Number(slider.value) + 1;
      show();
    }, 350);
  });
  document.getElementById("control").hidden = false;
  show();
}
const copy = document.getElementById("copy");
if (copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById("command").textContent);
    copy.textContent = "Copied";
    setTimeout(() => { copy.textContent = "Copy"; }, 1500);
  });
}
// A number stays on one line with its percent sign or its error, and so does a flag.
const whole = /[\d.,]+ ± [\d.,]+(?: %)?|[\d.,]+ %|--[a-z][a-z-]+/g;
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT, (node) =>
  node.parentElement.closest("pre, svg, script, style, output") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
const found = [];
while (texts.nextNode()) if (texts.currentNode.data.search(whole) >= 0) found.push(texts.currentNode);
for (const node of found) {
  const parts = [];
  let from = 0;
  for (const match of node.data.matchAll(whole)) {
    const made = document.createElement("span");
    made.className = "whole";
    made.textContent = match[0];
    parts.push(node.data.slice(from, match.index), made);
    from = match.index + match[0].length;
  }
  node.replaceWith(...parts, node.data.slice(from));
}
