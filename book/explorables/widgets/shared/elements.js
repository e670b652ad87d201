/* What several widgets show with. */

const SPACE = "http://www.w3.org/2000/svg";
const DRAWN = ["svg", "g", "path", "line", "circle", "text"];

/* An element of HTML or SVG with attributes, children, and, as `text`, its text. */
export function make(kind, properties = {}, ...children) {
  const { text, ...attributes } = properties;
  const element = DRAWN.includes(kind) ? document.createElementNS(SPACE, kind) : document.createElement(kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
}

/* A choice among names, with its label; `field` is the class of both together. */
export function chooser(field, label, names, start = names[0]) {
  const select = make("select", {}, ...names.map((name) => make("option", { value: name, text: name })));
  select.value = start;
  return { select, element: make("label", { class: field }, make("span", { text: label }), select) };
}

export const percent = (share) => `${Math.round(100 * share)}\u00a0%`;

/* Calls `paint` when the page turns light or dark; returns what ends that. */
export function onTheme(paint) {
  const observer = new MutationObserver(paint);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  const scheme = window.matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", paint);
  return () => { observer.disconnect(); scheme.removeEventListener("change", paint); };
}
