// Gives the flaws of a page as a list of sentences. The argument: whether it is held in a hand.
const phone = arguments[0];
const flaws = new Set();
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const name = (element) => {
  const words = (element.textContent || element.value || "").trim().replace(/\s+/g, " ").slice(0, 40);
  const kind = [element.tagName.toLowerCase(), ...element.classList].join(".");
  return `<${kind}> "${words}"`;
};
const is = (truth, flaw) => { if (!truth) flaws.add(flaw); };

// Nobody else's script ran.
is(window.pwned === undefined, `a foreign script ran: ${window.pwned}`);

// The page as a whole.
is(all("h1").length === 1, `${all("h1").length} headings of the first level`);
is(all("main").length === 1, `${all("main").length} main parts`);
is(all("nav").length >= 1, "no navigation");
is(all("header").length === 1 && all("footer").length === 1, "no header or no footer");
is(document.documentElement.lang === "en", "no language");
is(document.title.endsWith("Resque"), `the title is ${document.title}`);
is(all('.tabs a[aria-current="page"]').length <= 1, "more than one current page");
const ids = all("[id]").map((element) => element.id);
is(new Set(ids).size === ids.length, `an id twice: ${ids.filter((id, at) => ids.indexOf(id) !== at)}`);
for (const element of all("[aria-labelledby]")) {
  is(document.getElementById(element.getAttribute("aria-labelledby")), `${name(element)} is labelled by nothing`);
}
let level = 0;
for (const heading of all("main h1, main h2, main h3, main h4")) {
  const next = Number(heading.tagName[1]);
  is(next <= level + 1, `${name(heading)} skips a level`);
  level = next;
}
is(all("[style], style").length === 0, "inline style");
is(all("script:not([src])").length === 0, "inline script");
for (const element of all("*")) {
  for (const attribute of element.attributes) {
    is(!/^on/i.test(attribute.name), `${name(element)} has ${attribute.name}`);
    is(!/^\s*javascript:/i.test(attribute.value) || !["href", "src", "action", "formaction"].includes(attribute.name),
      `${name(element)} leads to a script`);
  }
}

// What can be used has a name.
const controls = all("a[href], button, summary, select, textarea, input:not([type=hidden])");
for (const control of controls) {
  const labels = [...(control.labels || [])].map((label) => label.textContent).join("");
  const by = control.getAttribute("aria-labelledby");
  const text = control.matches("select, textarea, input") ? labels : control.textContent;
  const known = control.getAttribute("aria-label") || (by && document.getElementById(by)?.textContent) || text;
  is((known || "").trim(), `${name(control)} has no name`);
}
for (const table of all("table")) is(all("th[scope]", table).length > 0, "a table without headings");
for (const image of all("img")) is(image.alt, "an image without a text");

// What is seen fits and can be read.
const visible = (element) => element.checkVisibility({ visibilityProperty: true })
  && !element.closest(".sr, .skip, title, svg");
const root = document.documentElement;
is(root.scrollWidth <= root.clientWidth, `${root.scrollWidth} wide on a screen of ${root.clientWidth}`);
const colours = new Map();
const colour = (text) => {
  if (!colours.has(text)) {
    const parts = text.match(/-?[\d.]+(e-?\d+)?%?/g).map((part) => part.endsWith("%") ? parseFloat(part) / 100 : Number(part));
    const scale = text.startsWith("color(") ? 255 : 1;
    colours.set(text, [parts[0] * scale, parts[1] * scale, parts[2] * scale, parts[3] === undefined ? 1 : parts[3]]);
  }
  return colours.get(text);
};
const over = (upper, lower, alpha) => upper.slice(0, 3).map((part, at) => part * alpha + lower[at] * (1 - alpha));
const ground = (element) => {
  if (!element) return [255, 255, 255];
  const own = colour(getComputedStyle(element).backgroundColor);
  return own[3] === 1 ? own.slice(0, 3) : over(own, ground(element.parentElement), own[3]);
};
const opacity = (element) => element ? Number(getComputedStyle(element).opacity) * opacity(element.parentElement) : 1;
const light = (parts) => {
  const [r, g, b] = parts.map((part) => part / 255).map((c) => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
  return .2126 * r + .7152 * g + .0722 * b;
};
const contrast = (one, other) => {
  const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
  return (a + .05) / (b + .05);
};
const looked = new Set();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (looked.has(element) || !walker.currentNode.data.trim()) continue;
  looked.add(element);
  if (!visible(element) || element.matches(":disabled")) continue;
  const paper = ground(element);
  const own = colour(getComputedStyle(element).color);
  const ink = over(own, paper, own[3] * opacity(element));
  const found = contrast(ink, paper);
  is(found >= 4.5, `${name(element)} has a contrast of ${found.toFixed(2)}`);
}

// What a thumb has to hit.
if (phone) {
  for (const target of all("button, summary, select, input:not([type=hidden]), .tabs a, a.button").filter(visible)) {
    const box = (target.matches("input[type=checkbox]") && target.closest("label") || target).getBoundingClientRect();
    is(Math.min(box.width, box.height) >= 24, `${name(target)} is ${Math.round(box.width)} by ${Math.round(box.height)}`);
  }
}
return [...flaws];
