/* Drag the joints of a one-dimensional ReLU net. Its weights follow from the joints, one unit a joint: the construction
   by which every continuous function is approximated. Tests compare the net with torch's. */

import { make } from "./shared/elements.js";

/* The net through the joints [x, y], in order of x: y(x) = bias + slopes[0] relu(x - knots[0]) + …
   It is flat to the left of the first joint and straight between joints; after the last joint it goes on as it came. */
function netThrough(joints) {
  const knots = joints.slice(0, -1).map(([x]) => x);
  const rise = knots.map((_, at) => (joints[at + 1][1] - joints[at][1]) / (joints[at + 1][0] - joints[at][0]));
  return { bias: joints[0][1], knots, slopes: rise.map((slope, at) => slope - (at ? rise[at - 1] : 0)) };
}

function value({ bias, knots, slopes }, x) {
  return knots.reduce((sum, knot, at) => sum + slopes[at] * Math.max(0, x - knot), bias);
}

/* The largest distance from the target, which is given at points [x, y]. */
function worst(net, target) {
  return target.reduce((most, [x, y]) => Math.max(most, Math.abs(value(net, x) - y)), 0);
}

const [WIDE, HIGH, EDGE, LEAST, MOST] = [560, 330, 26, 0.02, 17];

const written = (number, digits = 2) => number.toFixed(digits).replace("-", "−");

function render({ model, el }) {
  const targets = Object.fromEntries(Object.entries(model.get("targets")).map(([name, { shape, data }]) =>
    [name, Array.from({ length: shape[0] }, (_, at) => [data[2 * at], data[2 * at + 1]])]));
  const which = make("select", {}, ...Object.keys(targets).map((name) => make("option", { value: name, text: name })));
  const fewer = make("button", { type: "button", text: "Fewer joints" });
  const more = make("button", { type: "button", text: "More joints" });
  const fit = make("button", { type: "button", text: "On the curve, evenly" });
  const parts = make("input", { type: "checkbox" });
  const picture = make("svg", { class: "joints-sheet", viewBox: `0 0 ${WIDE} ${HIGH}`, role: "group", "aria-label": "A curve, and the function of a ReLU net with joints that can be moved" });
  const error = make("p", { class: "joints-error" });
  const formula = make("p", { class: "joints-formula" });
  const spoken = make("p", { class: "joints-spoken", role: "status" });
  el.classList.add("joints-demo");
  el.append(
    make("div", { class: "joints-tools" },
      make("label", { class: "joints-choice" }, make("span", { text: "Curve" }), which), fewer, more, fit,
      make("label", { class: "joints-choice" }, parts, make("span", { text: "Show each unit" }))),
    picture, error, formula, spoken);
  let joints = model.get("start").map((joint) => [...joint]);

  const across = (x) => EDGE + x * (WIDE - 2 * EDGE);
  const up = (y) => HIGH / 2 - (y / 1.3) * (HIGH / 2 - 8);
  const line = (points) => `M${points.map(([x, y]) => `${across(x).toFixed(1)} ${up(y).toFixed(1)}`).join("L")}`;
  const ends = (net) => [0, ...net.knots, 1].filter((x) => x >= 0 && x <= 1).map((x) => [x, value(net, x)]);

  const target = make("path", { class: "joints-target" });
  const units = make("g", { class: "joints-units" });
  const drawn = make("path", { class: "joints-net" });
  const knobs = make("g");
  picture.append(make("line", { class: "joints-zero", x1: EDGE, x2: WIDE - EDGE, y1: up(0), y2: up(0) }), units, target, drawn, knobs);
  for (const [x, text] of [[0, "x = 0"], [1, "x = 1"]]) {
    picture.append(make("text", { x: across(x), y: HIGH - 4, "text-anchor": x ? "end" : "start", text }));
  }

  function knob(at) {
    const circle = make("circle", { r: 11, tabindex: 0, role: "slider", "aria-valuemin": -1.2, "aria-valuemax": 1.2 });
    circle.addEventListener("keydown", (event) => {
      const move = { ArrowUp: [0, 0.05], ArrowDown: [0, -0.05], ArrowLeft: [-0.02, 0], ArrowRight: [0.02, 0] }[event.key];
      if (!move) return;
      event.preventDefault();
      put(at, joints[at][0] + move[0], joints[at][1] + move[1]);
    });
    return circle;
  }

  /* A joint stays between its neighbours; the first stays at 0 and the last at 1. */
  function put(at, x, y) {
    const last = joints.length - 1;
    const [low, high] = [at ? joints[at - 1][0] + LEAST : 0, at < last ? joints[at + 1][0] - LEAST : 1];
    const place = at === 0 ? 0 : at === last ? 1 : Math.min(high, Math.max(low, x));
    joints[at] = [place, Math.min(1.2, Math.max(-1.2, y))];
    show();
  }

  /* The nearest joint is the one that is meant: fingers are wider than circles. */
  let held = null;
  const point = (event) => {
    const box = picture.getBoundingClientRect();
    const [x, y] = [((event.clientX - box.left) / box.width) * WIDE, ((event.clientY - box.top) / box.height) * HIGH];
    return { x, y };
  };
  picture.addEventListener("pointerdown", (event) => {
    const { x, y } = point(event);
    const far = joints.map((joint) => Math.hypot(across(joint[0]) - x, up(joint[1]) - y));
    const at = far.indexOf(Math.min(...far));
    if (far[at] > 60) return;
    held = at;
    picture.setPointerCapture(event.pointerId);
  });
  picture.addEventListener("pointermove", (event) => {
    if (held === null) return;
    const { x, y } = point(event);
    put(held, (x - EDGE) / (WIDE - 2 * EDGE), ((HIGH / 2 - y) / (HIGH / 2 - 8)) * 1.3);
  });
  ["pointerup", "pointercancel"].forEach((name) => picture.addEventListener(name, () => { held = null; }));

  let speaking;
  function show() {
    const net = netThrough(joints);
    const points = targets[which.value];
    const far = worst(net, points);
    target.setAttribute("d", line(points));
    drawn.setAttribute("d", line(ends(net)));
    units.replaceChildren(...(parts.checked ? net.knots.map((knot, at) =>
      make("path", { d: line([[0, 0], [knot, 0], [1, net.slopes[at] * (1 - knot)]]) })) : []));
    [...knobs.children].forEach((circle, at) => {
      const [x, y] = joints[at];
      circle.setAttribute("cx", across(x));
      circle.setAttribute("cy", up(y));
      circle.setAttribute("aria-label", `Joint ${at + 1}`);
      circle.setAttribute("aria-valuenow", y.toFixed(2));
      circle.setAttribute("aria-valuetext", `x ${written(x)}, y ${written(y)}`);
    });
    error.textContent = `Units: ${net.knots.length}. Largest distance from the curve: ${written(far, 3)}`;
    const terms = net.slopes.map((slope, at) =>
      `${slope < 0 ? "−" : "+"} ${Math.abs(slope).toFixed(2)} relu(x${net.knots[at] ? ` − ${net.knots[at].toFixed(2)}` : ""})`);
    formula.textContent = `f(x) = ${written(net.bias)} ${terms.join(" ")}`;
    fewer.disabled = joints.length <= 2;
    more.disabled = joints.length >= MOST;
    el.dataset.worst = far;
    el.dataset.net = JSON.stringify(net);
    clearTimeout(speaking);
    speaking = setTimeout(() => { spoken.textContent = error.textContent; }, 500);
  }

  const near = (x) => targets[which.value].reduce((best, point) => (Math.abs(point[0] - x) < Math.abs(best[0] - x) ? point : best));
  function set(next) {
    joints = next;
    knobs.replaceChildren(...joints.map((_, at) => knob(at)));
    show();
  }
  const evenly = (many) => set(Array.from({ length: many }, (_, at) => [at / (many - 1), near(at / (many - 1))[1]]));
  /* Away with the joint at which the line bends least; a new one on the curve, in the widest gap. */
  function drop() {
    const bends = netThrough(joints).slopes.map(Math.abs);
    const least = bends.indexOf(Math.min(...bends.slice(1)), 1);
    set(joints.filter((_, at) => at !== least));
  }
  function add() {
    const gaps = joints.slice(1).map(([x], at) => x - joints[at][0]);
    const widest = gaps.indexOf(Math.max(...gaps));
    const joint = near(joints[widest][0] + gaps[widest] / 2);
    set([...joints.slice(0, widest + 1), [...joint], ...joints.slice(widest + 1)]);
  }
  fewer.addEventListener("click", drop);
  more.addEventListener("click", add);
  fit.addEventListener("click", () => evenly(joints.length));
  which.addEventListener("change", show);
  parts.addEventListener("change", show);
  set(joints);
}

export default { render, netThrough, value, worst };
