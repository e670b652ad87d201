/* Drag a query among keys in the plane: scores, shares, and the answer, as a softmax gives them.
   Keys can be dragged too. A point is [x, y]. */

import { make, percent } from "./shared/elements.js";
import { softmax } from "./shared/layers.js";

const WIDE = 320;
const REACH = 4.4;  // from the middle to the edge of the picture
const FARTHEST = 4;
const RING = 2;
const ARROWS = { ArrowUp: [0, 0.2], ArrowDown: [0, -0.2], ArrowLeft: [-0.2, 0], ArrowRight: [0.2, 0] };

/* Scores, shares and the weighted mean of the values. */
function attend(query, keys, values, scaled) {
  const scores = keys.map((key) => (query[0] * key[0] + query[1] * key[1]) / (scaled ? Math.SQRT2 : 1));
  const shares = softmax(scores);
  return { scores, shares, answer: shares.reduce((total, share, at) => total + share * values[at], 0) };
}

const at = ([x, y]) => [WIDE / 2 + (x / REACH) * (WIDE / 2), WIDE / 2 - (y / REACH) * (WIDE / 2)];

function render({ model, el }) {
  const values = model.get("values");
  const start = { query: [...model.get("query")], keys: model.get("keys").map((key) => [...key]) };
  const points = [start.query, ...start.keys].map((point) => [...point]);
  const names = points.map((_, place) => (place ? `Key ${place - 1}` : "Query"));

  const arrow = make("line", { class: "query-arrow" });
  const rays = start.keys.map(() => make("line", { class: "query-ray" }));
  const dots = points.map((_, place) => {
    const mark = make("circle", { class: place ? "query-key" : "query-head" });
    const label = make("text", { class: "query-label", text: place ? `k${place - 1}` : "q" });
    return make("g", { class: "query-point", tabindex: 0, role: "application", "aria-roledescription": "point", "data-place": place }, mark, label);
  });
  const plane = make("svg", { class: "query-plane", viewBox: `0 0 ${WIDE} ${WIDE}` },
    make("circle", { class: "query-ring", cx: WIDE / 2, cy: WIDE / 2, r: (RING / REACH) * (WIDE / 2) }), ...rays, arrow, ...dots.slice(1), dots[0]);
  const bars = values.map((value, place) => {
    const bar = make("span", { class: "query-bar" });
    const share = make("span", { class: "query-share" });
    return { bar, share, row: make("div", { class: "query-row" }, make("span", { text: `k${place}, v\u00a0=\u00a0${value}` }), make("span", { class: "query-track" }, bar), share) };
  });
  const answer = make("p", { class: "query-answer" });
  const length = make("p", { class: "query-small" });
  const reset = make("button", { type: "button", text: "As at the start" });
  const spoken = make("p", { class: "query-spoken", role: "status" });
  el.classList.add("query-demo");
  el.append(make("div", { class: "query-left" }, plane, length), make("div", { class: "query-right" }, ...bars.map(({ row }) => row), answer, reset), spoken);

  let speaking;
  function refresh() {
    const [query, ...keys] = points;
    const found = attend(query, keys, values, true);
    const [x, y] = at(query);
    Object.entries({ x1: WIDE / 2, y1: WIDE / 2, x2: x, y2: y }).forEach(([name, value]) => arrow.setAttribute(name, value));
    keys.forEach((key, place) => {
      const [right, down] = at(key);
      Object.entries({ x1: WIDE / 2, y1: WIDE / 2, x2: right, y2: down }).forEach(([name, value]) => rays[place].setAttribute(name, value));
    });
    points.forEach((point, place) => {
      const [right, down] = at(point);
      dots[place].setAttribute("transform", `translate(${right} ${down})`);
      dots[place].firstChild.setAttribute("r", place ? 7 + 14 * Math.sqrt(found.shares[place - 1]) : 8);
      dots[place].lastChild.setAttribute("x", place ? 0 : right > WIDE - 30 ? -14 : 14);
      dots[place].lastChild.setAttribute("y", place ? 4 : -10);
      dots[place].setAttribute("aria-label", `${names[place]} at ${point.map((value) => value.toFixed(1)).join(", ")}${place ? `, share ${percent(found.shares[place - 1])}` : ""}. The arrow keys move it.`);
    });
    bars.forEach(({ bar, share }, place) => {
      bar.style.width = `${100 * found.shares[place]}%`;
      share.textContent = percent(found.shares[place]);
    });
    answer.textContent = `The answer: ${found.answer.toFixed(2)}`;
    length.textContent = `Query (${query.map((value) => value.toFixed(1)).join(", ")}), of length ${Math.hypot(...query).toFixed(1)}`;
    el.dataset.answer = found.answer;
    clearTimeout(speaking);
    speaking = setTimeout(() => { spoken.textContent = `Shares ${found.shares.map((share, place) => `k${place} ${percent(share)}`).join(", ")}. ${answer.textContent}.`; }, 500);
  }
  function move(place, [x, y]) {
    const clamp = (value) => Math.round(100 * Math.max(-FARTHEST, Math.min(FARTHEST, value))) / 100;
    points[place] = [clamp(x), clamp(y)];
    refresh();
  }

  let held = null;
  const point = (event) => {
    const box = plane.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * 2 * REACH - REACH, REACH - ((event.clientY - box.top) / box.height) * 2 * REACH];
  };
  plane.addEventListener("pointerdown", (event) => {
    held = Number(event.target.closest(".query-point")?.dataset.place ?? 0);
    plane.setPointerCapture(event.pointerId);
    move(held, point(event));
  });
  plane.addEventListener("pointermove", (event) => { if (held !== null) move(held, point(event)); });
  ["pointerup", "pointercancel"].forEach((name) => plane.addEventListener(name, () => { held = null; }));
  dots.forEach((dot, place) => dot.addEventListener("keydown", (event) => {
    const step = ARROWS[event.key];
    if (!step) return;
    event.preventDefault();
    move(place, points[place].map((value, axis) => value + step[axis]));
  }));
  reset.addEventListener("click", () => {
    [start.query, ...start.keys].forEach((value, place) => { points[place] = [...value]; });
    refresh();
  });
  refresh();
  return () => clearTimeout(speaking);
}

export default { render, attend };
