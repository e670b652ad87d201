/* A ball on a loss surface: gradient descent, momentum and Adam, step by step, from wherever the reader puts it. */

import { chooser, make, onTheme } from "./shared/elements.js";

/* Each surface: the loss at (x, y), its gradient, its lowest value, and where the ball starts. */
const SURFACES = {
  "a long valley": {
    loss: (x, y) => (x * x + 20 * y * y) / 2,
    gradient: (x, y) => [x, 20 * y],
    lowest: 0, start: [-2.6, 1.2],
  },
  "a bent valley": {
    loss: (x, y) => ((1 - x) ** 2 + 5 * (y + 1 - x * x) ** 2) / 4,
    gradient: (x, y) => [(x - 1) / 2 - 5 * x * (y + 1 - x * x), 2.5 * (y + 1 - x * x)],
    lowest: 0, start: [-1.6, 1.2],
  },
  "two hollows": {
    loss: (x, y) => (x * x - 2) ** 2 / 4 + 0.4 * x + y * y + 0.6,
    gradient: (x, y) => [x * (x * x - 2) + 0.4, 2 * y],
    lowest: 0, start: [2.3, 1.4],
  },
  "a saddle": {
    loss: (x, y) => x * x / 2 - y * y / 2 + y ** 4 / 4 + 0.25,
    gradient: (x, y) => [x, y ** 3 - y],
    lowest: 0, start: [-2.4, 0.01],
  },
};

const METHODS = ["gradient descent", "momentum", "Adam"];

/* A ball at rest: where it is, its running means, and how many steps it has taken. */
const atRest = (point) => ({ point: [...point], m: [0, 0], v: [0, 0], t: 0 });

/* One step, as torch.optim takes it: SGD with (or without) momentum, or Adam with betas (momentum, 0.999), eps 1e-8. */
function step(ball, gradient, { method, rate, momentum }) {
  const t = ball.t + 1;
  if (method !== "Adam") {
    const keep = method === "momentum" ? momentum : 0;
    const m = ball.m.map((old, i) => keep * old + gradient[i]);
    return { point: ball.point.map((at, i) => at - rate * m[i]), m, v: ball.v, t };
  }
  const m = ball.m.map((old, i) => momentum * old + (1 - momentum) * gradient[i]);
  const v = ball.v.map((old, i) => 0.999 * old + 0.001 * gradient[i] ** 2);
  const point = ball.point.map((at, i) =>
    at - rate * (m[i] / (1 - momentum ** t)) / (Math.sqrt(v[i] / (1 - 0.999 ** t)) + 1e-8));
  return { point, m, v, t };
}

/* The places of the ball from `start` on, `steps` steps long. */
function path(name, start, settings, steps) {
  const { gradient } = SURFACES[name];
  let ball = atRest(start);
  const places = [ball.point];
  for (let i = 0; i < steps; i += 1) {
    ball = step(ball, gradient(...ball.point), settings);
    places.push(ball.point);
  }
  return places;
}

const WIDE = 3, HIGH = 2, UNIT = 100, LEVELS = 16, FAR = 1e3, LONGEST = 500;
const STEPS = { ArrowUp: [0, 0.1], ArrowDown: [0, -0.1], ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0] };

const sign = (text) => text.replaceAll("-", "−");
function written(value) {
  if (!Number.isFinite(value) || Math.abs(value) >= 1e6) return "beyond all bounds";
  return sign(Math.abs(value) < 1e-3 && value !== 0 ? value.toExponential(1) : value.toPrecision(3));
}

function slider(label, { min, max, by, start }, value, text) {
  const input = make("input", { type: "range", min, max, step: by, value: start });
  const output = make("output");
  const element = make("label", { class: "ball-field" }, make("span", { text: label }),
    make("span", { class: "ball-slider" }, input, output));
  const read = () => value(Number(input.value));
  return { input, element, read, show: () => { output.textContent = text(read()); } };
}

function render({ model, el }) {
  const surface = chooser("ball-field", "Surface", Object.keys(SURFACES), model.get("surface"));
  const method = chooser("ball-field", "Method", METHODS, model.get("method"));
  const rate = slider("Learning rate η", { min: -30, max: 0, by: 1, start: model.get("rate") },
    (at) => 10 ** (at / 10), (value) => value.toPrecision(2));
  const momentum = slider("Momentum μ, or β₁", { min: 0, max: 99, by: 1, start: model.get("momentum") },
    (at) => at / 100, (value) => value.toFixed(2));
  const run = make("button", { type: "button", class: "ball-run", text: "Roll" });
  const once = make("button", { type: "button", text: "One step" });
  const back = make("button", { type: "button", text: "Back to the start" });
  const sheet = make("canvas", { class: "ball-sheet", width: 2 * WIDE * UNIT, height: 2 * HIGH * UNIT, tabindex: 0,
    role: "application", "aria-roledescription": "loss surface",
    "aria-label": "Loss surface seen from above. Drag the ball, or move it with the arrow keys." });
  const facts = Object.fromEntries(["Steps", "Loss", "Place"].map((name) => [name, make("dd")]));
  const list = make("dl", { class: "ball-facts" },
    ...Object.entries(facts).map(([name, value]) => make("div", {}, make("dt", { text: name }), value)));
  const spoken = make("p", { class: "ball-spoken", role: "status" });
  el.classList.add("ball-demo");
  el.append(make("div", { class: "ball-fields" }, surface.element, method.element, rate.element, momentum.element),
    sheet, make("div", { class: "ball-buttons" }, run, once, back), list, spoken);

  let start = [...SURFACES[surface.select.value].start];
  let ball = atRest(start);
  let trail = [ball.point];
  let rolling = 0;
  let ground = null;

  const colour = (name) => getComputedStyle(el).getPropertyValue(name).trim();
  const across = (x) => (x + WIDE) * UNIT;
  const down = (y) => (HIGH - y) * UNIT;

  /* The surface from above, in bands of equal ratio of loss: the higher, the darker. */
  function terrain() {
    const image = document.createElement("canvas");
    [image.width, image.height] = [sheet.width, sheet.height];
    const context = image.getContext("2d");
    context.fillStyle = colour("--ball-high");
    context.fillRect(0, 0, 1, 1);
    const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
    const pixels = context.createImageData(image.width, image.height);
    const { loss, lowest } = SURFACES[surface.select.value];
    for (let row = 0; row < image.height; row += 1) {
      for (let column = 0; column < image.width; column += 1) {
        const height = Math.log2(1 + 8 * (loss(column / UNIT - WIDE, HIGH - row / UNIT) - lowest)) / 10;
        const band = Math.min(LEVELS, Math.floor(LEVELS * height)) / LEVELS;
        pixels.data.set([red, green, blue, Math.round(8 + 190 * band)], 4 * (row * image.width + column));
      }
    }
    context.putImageData(pixels, 0, 0);
    return image;
  }

  function paint() {
    const context = sheet.getContext("2d");
    ground = ground ?? terrain();
    context.fillStyle = colour("--ball-page");
    context.fillRect(0, 0, sheet.width, sheet.height);
    context.drawImage(ground, 0, 0);
    context.lineWidth = 2.5;
    context.strokeStyle = context.fillStyle = colour("--ball-trail");
    context.beginPath();
    trail.forEach(([x, y], i) => (i ? context.lineTo(across(x), down(y)) : context.moveTo(across(x), down(y))));
    context.stroke();
    trail.forEach(([x, y]) => { context.beginPath(); context.arc(across(x), down(y), 3, 0, 7); context.fill(); });
    context.beginPath();
    context.arc(across(ball.point[0]), down(ball.point[1]), 11, 0, 7);
    context.fill();
    context.lineWidth = 3;
    context.strokeStyle = colour("--ball-text");
    context.stroke();
  }

  const lost = () => !ball.point.every((at) => Math.abs(at) < FAR);
  let speaking;
  function show() {
    paint();
    const height = SURFACES[surface.select.value].loss(...ball.point);
    facts.Steps.textContent = ball.t;
    facts.Loss.textContent = written(height);
    facts.Place.textContent = lost() ? "off the map" : sign(`(${ball.point.map((at) => at.toFixed(2)).join(", ")})`);
    Object.assign(el.dataset, { steps: ball.t, loss: height, x: ball.point[0], y: ball.point[1] });
    clearTimeout(speaking);
    speaking = setTimeout(() => { spoken.textContent = `After ${ball.t} steps: loss ${written(height)}`; }, 500);
  }
  const settings = () => ({ method: method.select.value, rate: rate.read(), momentum: momentum.read() });
  function advance() {
    if (lost()) return;
    ball = step(ball, SURFACES[surface.select.value].gradient(...ball.point), settings());
    trail = [...trail, ball.point];
  }
  function pause() {
    cancelAnimationFrame(rolling);
    rolling = 0;
    run.textContent = "Roll";
  }
  function roll() {
    const size = Math.hypot(...SURFACES[surface.select.value].gradient(...ball.point));
    if (lost() || ball.t >= LONGEST || (size < 1e-6 && Math.hypot(...ball.m) < 1e-6)) { pause(); return; }
    advance();
    show();
    rolling = requestAnimationFrame(() => { rolling = requestAnimationFrame(roll); });
  }
  function place(point) {
    pause();
    start = [Math.max(-WIDE, Math.min(WIDE, point[0])), Math.max(-HIGH, Math.min(HIGH, point[1]))];
    ball = atRest(start);
    trail = [ball.point];
    show();
  }
  function changed() {
    rate.show();
    momentum.show();
    momentum.input.disabled = method.select.value === "gradient descent";
    place(start);
  }

  let held = false;
  const point = (event) => {
    const box = sheet.getBoundingClientRect();
    place([((event.clientX - box.left) / box.width) * 2 * WIDE - WIDE, HIGH - ((event.clientY - box.top) / box.height) * 2 * HIGH]);
  };
  sheet.addEventListener("pointerdown", (event) => { held = true; sheet.setPointerCapture(event.pointerId); point(event); });
  sheet.addEventListener("pointermove", (event) => held && point(event));
  ["pointerup", "pointercancel"].forEach((name) => sheet.addEventListener(name, () => { held = false; }));
  sheet.addEventListener("keydown", (event) => {
    const by = STEPS[event.key];
    if (!by) return;
    event.preventDefault();
    place([start[0] + by[0], start[1] + by[1]]);
  });
  run.addEventListener("click", () => {
    if (rolling) { pause(); return; }
    if (lost() || ball.t >= LONGEST) place(start);
    run.textContent = "Pause";
    roll();
  });
  once.addEventListener("click", () => { pause(); advance(); show(); });
  back.addEventListener("click", () => place(SURFACES[surface.select.value].start));
  surface.select.addEventListener("change", () => { ground = null; place(SURFACES[surface.select.value].start); });
  method.select.addEventListener("change", changed);
  [rate.input, momentum.input].forEach((input) => input.addEventListener("input", changed));
  const forget = onTheme(() => { ground = null; paint(); });
  changed();
  return () => { pause(); clearTimeout(speaking); forget(); };
}

export default { render, SURFACES, step, path };
