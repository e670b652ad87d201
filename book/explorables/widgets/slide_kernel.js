/* Drag a kernel over a picture and watch its output fill a second picture; move the picture and the output moves along. */

import { chooser, make, onTheme } from "./shared/elements.js";

/* The valid cross-correlation of a picture with a 3x3 kernel, both as rows of numbers. */
function correlate(picture, kernel) {
  const [high, wide] = [picture.length - kernel.length + 1, picture[0].length - kernel[0].length + 1];
  return Array.from({ length: high }, (_, row) => Array.from({ length: wide }, (__, column) =>
    kernel.reduce((total, weights, down) =>
      total + weights.reduce((sum, weight, right) => sum + weight * picture[row + down][column + right], 0), 0)));
}

/* The picture moved to the right; what leaves is lost, empty columns come in. */
function moved(picture, right) {
  return picture.map((row) => row.map((_, column) => row[column - right] ?? 0));
}

function rowsOf({ shape: [high, wide], data }) {
  return Array.from({ length: high }, (_, row) => Array.from(data.subarray(row * wide, (row + 1) * wide)));
}

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

const written = (value) => (Math.round(10 * value) / 10).toString().replace("-", "−");

function table(label) {
  const cells = Array.from({ length: 9 }, () => make("td"));
  const rows = [0, 3, 6].map((from) => make("tr", {}, ...cells.slice(from, from + 3)));
  const element = make("table", {}, make("caption", { text: label }), make("tbody", {}, ...rows));
  return { element, show: (values) => values.flat().forEach((value, at) => { cells[at].textContent = written(value); }) };
}

function render({ model, el }) {
  const pictures = Object.fromEntries(Object.entries(model.get("pictures")).map(([name, array]) => [name, rowsOf(array)]));
  const kernels = model.get("kernels");
  const which = chooser("kernel-choice", "Picture", Object.keys(pictures));
  const kind = chooser("kernel-choice", "Kernel", Object.keys(kernels));
  const size = Object.values(pictures)[0].length;
  const slider = make("input", { type: "range", min: 0, max: 5, value: 0 });
  const far = make("output", { text: "0 px" });
  const sheet = make("canvas", { width: 20 * size, height: 20 * size, tabindex: 0, role: "application",
    "aria-roledescription": "picture", "aria-label": "Input. The arrow keys move the kernel." });
  const result = make("canvas", { width: 20 * (size - 2), height: 20 * (size - 2), role: "img", "aria-label": "Output" });
  const weights = table("kernel w");
  const window_ = table("input under it");
  const sum = make("p", { class: "kernel-sum" });
  const spoken = make("p", { class: "kernel-spoken", role: "status" });
  el.classList.add("kernel-demo");
  el.append(
    make("div", { class: "kernel-choices" }, which.element, kind.element,
      make("label", { class: "kernel-choice" }, make("span", { text: "Move the picture right" }),
        make("span", { class: "kernel-slider" }, slider, far))),
    make("div", { class: "kernel-pictures" },
      make("div", {}, make("p", { class: "kernel-name", text: "Input: drag the frame" }), sheet),
      make("div", {}, make("p", { class: "kernel-name", text: "Output" }), result)),
    make("div", { class: "kernel-tables" }, weights.element, make("span", { class: "kernel-sign", text: "⊙", "aria-hidden": "true" }), window_.element, sum),
    spoken);
  const place = { row: model.get("start")[0], column: model.get("start")[1] };

  const colour = (name) => getComputedStyle(el).getPropertyValue(name).trim();
  function paint(canvas, rows, most, frame, span) {
    const context = canvas.getContext("2d");
    const step = canvas.width / rows[0].length;
    context.globalAlpha = 1;
    context.fillStyle = colour("--kernel-paper");
    context.fillRect(0, 0, canvas.width, canvas.height);
    rows.forEach((row, y) => row.forEach((value, x) => {
      context.globalAlpha = Math.min(1, Math.abs(value) / most);
      context.fillStyle = canvas === sheet ? colour("--kernel-text") : colour(value < 0 ? "--kernel-negative" : "--kernel-positive");
      context.fillRect(x * step, y * step, step, step);
    }));
    context.globalAlpha = 1;
    context.lineWidth = 4;
    context.strokeStyle = colour("--kernel-frame");
    context.strokeRect(frame.column * step + 2, frame.row * step + 2, span * step - 4, span * step - 4);
  }

  let speaking;
  function show() {
    const picture = moved(pictures[which.select.value], Number(slider.value));
    const kernel = kernels[kind.select.value];
    const output = correlate(picture, kernel);
    const most = kernel.flat().reduce((total, weight) => total + Math.max(0, weight), 0);
    const under = kernel.map((row, down) => row.map((_, right) => picture[place.row + down][place.column + right]));
    const value = output[place.row][place.column];
    paint(sheet, picture, 1, place, 3);
    paint(result, output, most, place, 1);
    weights.show(kernel);
    window_.show(under);
    sum.textContent = `sum of the nine products: ${written(value)}`;
    far.textContent = `${slider.value} px`;
    const words = `Output at row ${place.row}, column ${place.column}: ${written(value)}`;
    result.setAttribute("aria-label", `Output of the kernel. ${words}`);
    el.dataset.value = value;
    clearTimeout(speaking);
    speaking = setTimeout(() => { spoken.textContent = words; }, 500);
  }

  function go(row, column) {
    const clamp = (value) => Math.min(size - 3, Math.max(0, value));
    [place.row, place.column] = [clamp(row), clamp(column)];
    show();
  }
  function follow(canvas, middle) {
    let held = false;
    const point = (event) => {
      const box = canvas.getBoundingClientRect();
      const at = (far_, long) => Math.floor((far_ / long) * (canvas === sheet ? size : size - 2)) - middle;
      go(at(event.clientY - box.top, box.height), at(event.clientX - box.left, box.width));
    };
    canvas.addEventListener("pointerdown", (event) => { held = true; canvas.setPointerCapture(event.pointerId); point(event); });
    canvas.addEventListener("pointermove", (event) => held && point(event));
    ["pointerup", "pointercancel"].forEach((name) => canvas.addEventListener(name, () => { held = false; }));
  }
  follow(sheet, 1);
  follow(result, 0);
  sheet.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    go(place.row + step[0], place.column + step[1]);
  });
  [which.select, kind.select].forEach((select) => select.addEventListener("change", show));
  slider.addEventListener("input", show);
  const forget = onTheme(show);
  show();
  return forget;
}

export default { render, correlate, moved };
