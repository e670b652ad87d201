/* Train a small fully connected net in the page, and watch its decision boundary as units and layers are added.
   Forward pass, gradients and Adam run here; tests compare them with torch's.
   A net is a list of layers {W, b, inputs, outputs}: W is (output, input) and points are (batch, 2), both row by row. */

import { chooser, make, onTheme } from "./shared/elements.js";

// ---- the net ----

/* Numbers from a seed: uniform in [0, 1), by mulberry32. */
function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/* A net with He's weights, normal with variance 2 / inputs, and biases 0. */
function build(sizes, seed) {
  const random = uniform(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return sizes.slice(1).map((outputs, at) => {
    const inputs = sizes[at];
    const W = Float64Array.from({ length: inputs * outputs }, () => normal() * Math.sqrt(2 / inputs));
    return { W, b: new Float64Array(outputs), inputs, outputs };
  });
}

function countParameters(net) {
  return net.reduce((total, { W, b }) => total + W.length + b.length, 0);
}

/* What comes out of every layer before its ReLU, for a batch of points: one array (batch, output) a layer. */
function forward(net, points, relu) {
  let x = points;
  return net.map(({ W, b, inputs, outputs }, at) => {
    const batch = x.length / inputs;
    const out = new Float64Array(batch * outputs);
    for (let example = 0; example < batch; example += 1) {
      for (let output = 0; output < outputs; output += 1) {
        let sum = b[output];
        for (let input = 0; input < inputs; input += 1) sum += W[output * inputs + input] * x[example * inputs + input];
        out[example * outputs + output] = sum;
      }
    }
    x = relu && at < net.length - 1 ? out.map((value) => (value > 0 ? value : 0)) : out;
    return out;
  });
}

/* Mean cross-entropy in nats, share of right answers, and the gradient of the loss with respect to scores (batch, class). */
function judge(scores, target) {
  const classes = scores.length / target.length;
  const grad = new Float64Array(scores.length);
  let [loss, right] = [0, 0];
  target.forEach((label, example) => {
    const row = scores.subarray(example * classes, (example + 1) * classes);
    const most = Math.max(...row);
    const sum = row.reduce((total, score) => total + Math.exp(score - most), 0);
    loss += (Math.log(sum) + most - row[label]) / target.length;
    right += row[label] === most ? 1 : 0;
    row.forEach((score, at) => {
      const share = Math.exp(score - most) / sum;
      grad[example * classes + at] = (share - (at === label ? 1 : 0)) / target.length;
    });
  });
  return { loss, accuracy: right / target.length, grad };
}

/* The gradients of the mean cross-entropy, {W, b} a layer, with loss and accuracy. */
function backward(net, points, target, relu) {
  const before = forward(net, points, relu);
  const judged = judge(before[net.length - 1], target);
  const grads = [];
  let { grad } = judged;
  for (let at = net.length - 1; at >= 0; at -= 1) {
    const { W, inputs, outputs } = net[at];
    const given = at === 0 ? points : relu ? before[at - 1].map((value) => (value > 0 ? value : 0)) : before[at - 1];
    const [dW, db, dx] = [new Float64Array(W.length), new Float64Array(outputs), new Float64Array(given.length)];
    for (let example = 0; example < target.length; example += 1) {
      for (let output = 0; output < outputs; output += 1) {
        const g = grad[example * outputs + output];
        if (g === 0) continue;
        db[output] += g;
        for (let input = 0; input < inputs; input += 1) {
          dW[output * inputs + input] += g * given[example * inputs + input];
          dx[example * inputs + input] += g * W[output * inputs + input];
        }
      }
    }
    grads.unshift({ W: dW, b: db });
    grad = relu && at > 0 ? dx.map((value, place) => (before[at - 1][place] > 0 ? value : 0)) : dx;
  }
  return { ...judged, grads };
}

/* Adam, which keeps a mean and a mean square of every gradient. */
function adam(net, rate) {
  const zeros = () => net.map(({ W, b }) => ({ W: new Float64Array(W.length), b: new Float64Array(b.length) }));
  const [first, second] = [zeros(), zeros()];
  let t = 0;
  const step = (grads) => {
    t += 1;
    const [c1, c2] = [1 - 0.9 ** t, 1 - 0.999 ** t];
    net.forEach((layer, at) => ["W", "b"].forEach((name) => {
      const [m, v, g, p] = [first[at][name], second[at][name], grads[at][name], layer[name]];
      for (let i = 0; i < p.length; i += 1) {
        m[i] = 0.9 * m[i] + 0.1 * g[i];
        v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
        p[i] -= (step.rate * (m[i] / c1)) / (Math.sqrt(v[i] / c2) + 1e-8);
      }
    }));
  };
  step.rate = rate;
  return step;
}

// ---- what is seen ----

const [GRID, REACH, LAST] = [72, 1.25, 4000];
const UNITS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32];
const RATES = [0.001, 0.003, 0.01, 0.03, 0.1];

function slider(label, last, value) {
  const input = make("input", { type: "range", min: 0, max: last, value });
  const output = make("output");
  const element = make("label", { class: "train-field" }, make("span", { text: label }), make("span", { class: "train-slider" }, input, output));
  return { input, output, element };
}

function tick(label, checked) {
  const input = make("input", { type: "checkbox" });
  input.checked = checked;
  return { input, element: make("label", { class: "train-tick" }, input, make("span", { text: label })) };
}

/* The line where values on a square grid are 0, as pairs of points in grid steps: marching squares. */
function level(values, side) {
  const lines = [];
  for (let row = 0; row < side - 1; row += 1) {
    for (let column = 0; column < side - 1; column += 1) {
      const corner = [[row, column], [row, column + 1], [row + 1, column + 1], [row + 1, column]];
      const v = corner.map(([y, x]) => values[y * side + x]);
      const cuts = [];
      for (let edge = 0; edge < 4; edge += 1) {
        const [a, b] = [v[edge], v[(edge + 1) % 4]];
        if (a > 0 === b > 0) continue;
        const [[y0, x0], [y1, x1]] = [corner[edge], corner[(edge + 1) % 4]];
        cuts.push([x0 + (a / (a - b)) * (x1 - x0), y0 + (a / (a - b)) * (y1 - y0)]);
      }
      for (let cut = 0; cut + 1 < cuts.length; cut += 2) lines.push([cuts[cut], cuts[cut + 1]]);
    }
  }
  return lines;
}

/* The points at which the belief is painted, (GRID * GRID, 2), from the top left, row by row. */
function lattice() {
  const at = (step) => -REACH + (2 * REACH * step) / (GRID - 1);
  return Float64Array.from({ length: 2 * GRID * GRID }, (_, place) => {
    const pixel = place >> 1;
    return place % 2 ? -at(Math.floor(pixel / GRID)) : at(pixel % GRID);
  });
}

function render({ model, el }) {
  const sets = model.get("sets");
  const start = model.get("start");
  const data = chooser("train-field", "Points", Object.keys(sets), start.set);
  const rate = chooser("train-field", "Learning rate", RATES.map(String), String(start.rate));
  const layers = slider("Hidden layers", 4, start.layers);
  const units = slider("Units in each", UNITS.length - 1, UNITS.indexOf(start.units));
  const relu = tick("ReLU after each hidden layer", true);
  const folds = tick("Show where the first layer folds", false);
  const run = make("button", { type: "button", class: "train-run", text: "Train" });
  const one = make("button", { type: "button", text: "One step" });
  const again = make("button", { type: "button", text: "New weights" });
  const sheet = make("canvas", { class: "train-sheet", width: 576, height: 576, role: "img" });
  const curve = make("canvas", { class: "train-curve", width: 520, height: 240, role: "img" });
  const facts = Object.fromEntries(["net", "parameters", "step", "loss", "right"].map((name) => [name, make("dd")]));
  const words = { net: "Widths", parameters: "Parameters", step: "Steps", loss: "Loss", right: "Points right" };
  const list = make("dl", { class: "train-facts" },
    ...Object.entries(facts).map(([name, value]) => make("div", {}, make("dt", { text: words[name] }), value)));
  const title = make("p", { class: "train-small" });
  const spoken = make("p", { class: "train-spoken", role: "status" });
  el.classList.add("train-demo");
  el.append(
    make("div", { class: "train-fields" }, data.element, layers.element, units.element, rate.element),
    make("div", { class: "train-ticks" }, relu.element, folds.element),
    make("div", { class: "train-buttons" }, run, one, again),
    make("div", { class: "train-panels" }, sheet,
      make("div", { class: "train-side" }, list, title, curve)),
    spoken);

  const places = lattice();
  const picture = make("canvas", { width: GRID, height: GRID });
  let seed = start.seed;
  let [net, step, history, state, running, frame] = [null, null, [], null, false, 0];

  const number = (value, digits) => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const colour = (name) => getComputedStyle(el).getPropertyValue(name).trim();

  /* A colour of the style sheet as red, green and blue. */
  function channels(name) {
    const context = picture.getContext("2d");
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour(name);
    context.fillRect(0, 0, 1, 1);
    return context.getImageData(0, 0, 1, 1).data;
  }

  function points() {
    const { shape, data: values } = sets[data.select.value].points;
    return { x: Float64Array.from(values), n: shape[0], target: sets[data.select.value].labels.data };
  }

  function reset() {
    const hidden = Array.from({ length: Number(layers.input.value) }, () => UNITS[units.input.value]);
    net = build([2, ...hidden, 2], seed);
    step = adam(net, Number(rate.select.value));
    history = [];
    const { x, target } = points();
    state = judge(forward(net, x, relu.input.checked).pop(), target);
    history.push(state.loss);
    facts.net.textContent = [2, ...hidden, 2].join(" → ");
    facts.parameters.textContent = number(countParameters(net), 0);
    layers.output.textContent = layers.input.value;
    units.output.textContent = UNITS[units.input.value];
    layers.input.setAttribute("aria-valuetext", `${hidden.length} hidden layers`);
    units.input.setAttribute("aria-valuetext", `${UNITS[units.input.value]} units`);
    units.input.disabled = hidden.length === 0;
    paint();
  }

  function learn(steps, milliseconds) {
    const { x, target } = points();
    const end = performance.now() + milliseconds;
    for (let done = 0; done < steps && history.length <= LAST && (done === 0 || performance.now() < end); done += 1) {
      step(backward(net, x, target, relu.input.checked).grads);
      state = judge(forward(net, x, relu.input.checked).pop(), target);
      history.push(state.loss);
    }
  }

  function paintBelief(context) {
    const scores = forward(net, places, relu.input.checked).pop();
    const gap = Float64Array.from({ length: GRID * GRID }, (_, at) => scores[2 * at + 1] - scores[2 * at]);
    const [first, second, paper] = ["--train-first", "--train-second", "--train-paper"].map(channels);
    const small = picture.getContext("2d");
    const image = small.createImageData(GRID, GRID);
    gap.forEach((value, at) => {
      const belief = Math.tanh(value / 2);
      const strong = belief > 0 ? second : first;
      const share = 0.62 * Math.abs(belief);
      for (let part = 0; part < 3; part += 1) image.data[4 * at + part] = paper[part] + share * (strong[part] - paper[part]);
      image.data[4 * at + 3] = 255;
    });
    small.putImageData(image, 0, 0);
    const cell = sheet.width / GRID;
    context.imageSmoothingEnabled = true;
    context.drawImage(picture, 0, 0, sheet.width, sheet.height);
    context.strokeStyle = colour("--train-text");
    context.lineWidth = 3;
    context.beginPath();
    level(gap, GRID).forEach(([[x0, y0], [x1, y1]]) => {
      context.moveTo((x0 + 0.5) * cell, (y0 + 0.5) * cell);
      context.lineTo((x1 + 0.5) * cell, (y1 + 0.5) * cell);
    });
    context.stroke();
  }

  const pixel = (value) => ((value / REACH) * (1 - 1 / GRID) + 1) * (sheet.width / 2);

  /* Where a unit of the first layer is 0: the straight line W x + b = 0. */
  function paintFolds(context) {
    const { W, b, outputs } = net[0];
    context.strokeStyle = colour("--train-fold");
    context.lineWidth = 2;
    context.setLineDash([8, 6]);
    for (let unit = 0; unit < outputs; unit += 1) {
      const [u, v] = [W[2 * unit], W[2 * unit + 1]];
      const long = Math.hypot(u, v) || 1;
      const [x, y] = [(-b[unit] * u) / long ** 2, (-b[unit] * v) / long ** 2];
      context.beginPath();
      context.moveTo(pixel(x - (4 * v) / long), pixel(-(y + (4 * u) / long)));
      context.lineTo(pixel(x + (4 * v) / long), pixel(-(y - (4 * u) / long)));
      context.stroke();
    }
    context.setLineDash([]);
  }

  function paintPoints(context) {
    const { x, n, target } = points();
    context.lineWidth = 1.5;
    context.strokeStyle = colour("--train-page");
    for (let at = 0; at < n; at += 1) {
      const [left, top] = [pixel(x[2 * at]), pixel(-x[2 * at + 1])];
      context.fillStyle = colour(target[at] ? "--train-second" : "--train-first");
      context.beginPath();
      if (target[at]) context.rect(left - 5, top - 5, 10, 10);
      else context.arc(left, top, 5.5, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
  }

  function paintCurve() {
    const context = curve.getContext("2d");
    const [left, right, top, bottom] = [64, curve.width - 12, 14, curve.height - 40];
    const most = Math.max(0.8, history.reduce((high, loss) => Math.max(high, Math.min(loss, 2)), 0));
    const [across, up] = [(at) => left + (at / Math.max(200, history.length - 1)) * (right - left), (loss) => bottom - (Math.min(loss, most) / most) * (bottom - top)];
    context.clearRect(0, 0, curve.width, curve.height);
    context.font = "22px system-ui, sans-serif";
    context.fillStyle = colour("--train-quiet");
    context.strokeStyle = colour("--train-line");
    context.lineWidth = 2;
    context.textAlign = "right";
    [[0, "0"], [Math.LN2, "ln 2"]].forEach(([loss, text]) => {
      context.beginPath();
      context.moveTo(left, up(loss));
      context.lineTo(right, up(loss));
      context.stroke();
      context.fillText(text, left - 8, up(loss) + 8);
    });
    context.fillText(String(Math.max(200, history.length - 1)), right, curve.height - 10);
    context.textAlign = "left";
    context.fillText("0", left, curve.height - 10);
    context.strokeStyle = colour("--train-accent");
    context.lineWidth = 4;
    context.beginPath();
    history.forEach((loss, at) => context.lineTo(across(at), up(loss)));
    context.stroke();
  }

  function paint() {
    const context = sheet.getContext("2d");
    paintBelief(context);
    if (folds.input.checked) paintFolds(context);
    paintPoints(context);
    paintCurve();
    title.textContent = `Loss against steps, learning rate ${step.rate}`;
    facts.step.textContent = number(history.length - 1, 0);
    facts.loss.textContent = `${number(state.loss, 3)} nats`;
    facts.right.textContent = `${number(100 * state.accuracy, 0)}\u00a0%`;
    sheet.setAttribute("aria-label", `Decision boundary. ${told()}`);
    curve.setAttribute("aria-label", `Loss against steps. ${told()}`);
    el.dataset.step = history.length - 1;
    el.dataset.loss = state.loss;
    el.dataset.accuracy = state.accuracy;
  }

  function told() {
    return `${facts.net.textContent}, ${relu.input.checked ? "with" : "without"} ReLU. After ${history.length - 1} steps: loss ${number(state.loss, 3)} nats, ${number(100 * state.accuracy, 0)} % of the points right.`;
  }

  function turn(on) {
    running = on;
    run.textContent = on ? "Pause" : "Train";
    cancelAnimationFrame(frame);
    if (on) {
      if (history.length > LAST) reset();
      frame = requestAnimationFrame(go);
    } else spoken.textContent = told();
  }

  function go() {
    if (!el.isConnected) return;
    learn(8, 14);
    paint();
    if (history.length > LAST) turn(false);
    else frame = requestAnimationFrame(go);
  }

  run.addEventListener("click", () => turn(!running));
  one.addEventListener("click", () => {
    turn(false);
    if (history.length > LAST) reset();
    learn(1, 1e9);
    paint();
    spoken.textContent = told();
  });
  again.addEventListener("click", () => { seed += 1; reset(); });
  [data.select, relu.input].forEach((field) => field.addEventListener("change", reset));
  [layers.input, units.input].forEach((field) => field.addEventListener("input", reset));
  rate.select.addEventListener("change", () => { step.rate = Number(rate.select.value); paint(); });
  folds.input.addEventListener("change", paint);
  const forget = onTheme(paint);
  reset();
  return () => { turn(false); forget(); };
}

export default { render, build, forward, backward, adam };
