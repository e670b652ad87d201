/* Draw or drag a digit: nets that were trained on digits in the middle read it as it moves. Where `tile` is given, the
   tiles of the picture can be shuffled too. The forward passes run here, with the weights that Python trained; tests
   compare them with Python's. A picture is (height, width) row by row, a tensor of a layer is (channel, height, width)
   or (tile, feature). */

import { make, onTheme, percent } from "./shared/elements.js";
import { attended, linear, softmax, unpacked } from "./shared/layers.js";

// ---- the nets ----

const LAYERS = {
  conv2d: (layer, x, tensors) => conv2d(x, tensors[layer.weight], tensors[layer.bias], layer),
  linear: (layer, x, tensors) => of(layer, x, tensors),
  relu: (layer, x) => ({ ...x, data: x.data.map((value) => Math.max(0, value)) }),
  flatten: (layer, x) => ({ shape: [x.data.length], data: x.data }),
  global_max_pool: (layer, x) => globalMaxPool(x),
  tiles: ({ size }, x) => tilesOf(x, size),
  attend: (layer, x, tensors) => added(x, attend(layer, x, tensors)),
  feed_forward: ({ first, second }, x, tensors) => added(x, of(second, LAYERS.relu(null, of(first, x, tensors)), tensors)),
  mean: (layer, x) => meanOfRows(x),
};

const added = (x, y) => ({ shape: x.shape, data: x.data.map((value, at) => value + y.data[at]) });

/* Of each row of features by itself: (inputs) -> (outputs), (tile, inputs) -> (tile, outputs). */
function of({ weight, bias }, x, tensors) {
  return joined(linear(rowsOf(x, tensors[weight].shape[1]), tensors[weight], tensors[bias]));
}

function rowsOf({ data }, wide) {
  return Array.from({ length: data.length / wide }, (_, row) => data.subarray(row * wide, (row + 1) * wide));
}

function joined(rows) {
  const wide = rows[0].length;
  const data = new Float64Array(rows.length * wide);
  rows.forEach((row, at) => data.set(row, at * wide));
  return { shape: rows.length > 1 ? [rows.length, wide] : [wide], data };
}

/* (1, height, width) -> (tile, pixel) */
function tilesOf({ shape: [, height, width], data }, size) {
  const wide = width / size;
  const tiles = (height / size) * wide;
  const cut = Float64Array.from(data, (_, at) => {
    const [tile, pixel] = [Math.floor(at / size ** 2), at % size ** 2];
    return data[(Math.floor(tile / wide) * size + Math.floor(pixel / size)) * width + (tile % wide) * size + (pixel % size)];
  });
  return { shape: [tiles, size ** 2], data: cut };
}

/* Each tile asks all tiles, head by head, and is given the mean of their values by how well their keys match. */
function attend(layer, x, tensors) {
  const rows = ["query", "key", "value"].map((part) => rowsOf(of(layer[part], x, tensors), x.shape[1]));
  return of(layer.out, joined(attended(...rows, layer.heads).rows), tensors);
}

function meanOfRows({ shape: [rows, width], data }) {
  const mean = new Float64Array(width);
  data.forEach((value, at) => { mean[at % width] += value / rows; });
  return { shape: [width], data: mean };
}

/* Every weight is one number times one shifted picture: that is all a convolution is. */
function conv2d(x, weight, bias, { stride, padding, dilation }) {
  const [inputs, height, width] = x.shape;
  const [outputs, , kernelHeight, kernelWidth] = weight.shape;
  const size = (length, kernel) => Math.floor((length + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
  const [high, wide] = [size(height, kernelHeight), size(width, kernelWidth)];
  const data = new Float64Array(outputs * high * wide);
  const read = x.data;
  let place = 0;
  for (let output = 0; output < outputs; output += 1) {
    data.fill(bias.data[output], output * high * wide, (output + 1) * high * wide);
    for (let input = 0; input < inputs; input += 1) {
      for (let down = 0; down < kernelHeight; down += 1) {
        for (let right = 0; right < kernelWidth; right += 1) {
          const value = weight.data[place];
          place += 1;
          const rows = inside(down * dilation - padding, stride, height, high);
          const columns = inside(right * dilation - padding, stride, width, wide);
          const [first, end] = [columns.first, columns.end];
          for (let row = rows.first; row < rows.end; row += 1) {
            const from = (input * height + row * stride + rows.offset) * width + columns.offset;
            const to = (output * high + row) * wide;
            for (let column = first; column < end; column += 1) data[to + column] += value * read[from + column * stride];
          }
        }
      }
    }
  }
  return { shape: [outputs, high, wide], data };
}

/* The outputs first .. end - 1 whose input, at output * stride + offset, is inside the picture. */
function inside(offset, stride, length, outputs) {
  const first = Math.max(0, Math.ceil(-offset / stride));
  const end = Math.min(outputs, Math.floor((length - 1 - offset) / stride) + 1);
  return { offset, first, end };
}

function globalMaxPool(x) {
  const area = x.data.length / x.shape[0];
  const data = Float64Array.from({ length: x.shape[0] }, (_, channel) =>
    x.data.subarray(channel * area, (channel + 1) * area).reduce((most, value) => Math.max(most, value), -Infinity));
  return { shape: [x.shape[0]], data };
}

function logits(layers, tensors, picture, shape) {
  let x = { shape, data: Float64Array.from(picture) };
  for (const layer of layers) x = LAYERS[layer.kind](layer, x, tensors);
  return [...x.data];
}

/* ---- the paper: ink on a sheet three times the canvas, so that what leaves the canvas comes back ---- */

class Paper {
  constructor(size) {
    this.size = size;
    this.side = 3 * size;
    this.clear();
  }

  clear() {
    this.ink = new Float32Array(this.side * this.side);
    this.down = 0;
    this.right = 0;
  }

  /* A sample, in the middle of the canvas. */
  put({ shape, data }, number) {
    this.clear();
    const [, height, width] = shape;
    const top = this.size + Math.floor((this.size - height) / 2);
    const left = this.size + Math.floor((this.size - width) / 2);
    for (let row = 0; row < height; row += 1) {
      for (let column = 0; column < width; column += 1) {
        this.ink[(top + row) * this.side + left + column] = data[(number * height + row) * width + column];
      }
    }
  }

  /* What stands on the canvas: the picture that both nets are given. */
  picture() {
    const picture = new Float32Array(this.size * this.size);
    for (let row = 0; row < this.size; row += 1) {
      const from = (row + this.size - this.down) * this.side + this.size - this.right;
      picture.set(this.ink.subarray(from, from + this.size), row * this.size);
    }
    return picture;
  }

  /* A stroke of a round pen from one point to another, in pixels of the canvas. */
  stroke(from, to, radius = 1.15) {
    const [y0, x0, y1, x1] = [from.y - this.down, from.x - this.right, to.y - this.down, to.x - this.right];
    const long = (y1 - y0) ** 2 + (x1 - x0) ** 2;
    const reach = radius + 1;
    const range = (a, b) => [Math.floor(Math.min(a, b) - reach) + this.size, Math.ceil(Math.max(a, b) + reach) + this.size];
    const [top, bottom] = range(y0, y1).map((row) => Math.min(this.side - 1, Math.max(0, row)));
    const [left, right] = range(x0, x1).map((column) => Math.min(this.side - 1, Math.max(0, column)));
    for (let row = top; row <= bottom; row += 1) {
      for (let column = left; column <= right; column += 1) {
        const [y, x] = [row - this.size + 0.5, column - this.size + 0.5];
        const along = long ? Math.min(1, Math.max(0, ((y - y0) * (y1 - y0) + (x - x0) * (x1 - x0)) / long)) : 0;
        const far = Math.hypot(y - y0 - along * (y1 - y0), x - x0 - along * (x1 - x0));
        const ink = Math.min(1, Math.max(0, radius + 0.5 - far));
        const at = row * this.side + column;
        this.ink[at] = Math.max(this.ink[at], ink);
      }
    }
  }

  /* Top, bottom, left and right of the ink on the sheet and its centre of mass, in pixels of the canvas; null without ink. */
  extent() {
    const edges = { top: Infinity, bottom: -Infinity, left: Infinity, right: -Infinity };
    let [mass, y, x] = [0, 0, 0];
    this.ink.forEach((ink, at) => {
      if (ink < 0.05) return;
      const [row, column] = [Math.floor(at / this.side) - this.size, (at % this.side) - this.size];
      edges.top = Math.min(edges.top, row);
      edges.bottom = Math.max(edges.bottom, row);
      edges.left = Math.min(edges.left, column);
      edges.right = Math.max(edges.right, column);
      [mass, y, x] = [mass + ink, y + ink * row, x + ink * column];
    });
    return mass ? { ...edges, y: y / mass, x: x / mass } : null;
  }

  /* Moves the sheet, but no ink off the canvas. */
  moveTo(down, right) {
    const edges = this.extent();
    if (!edges) return;
    const last = this.size - 1;
    const clamp = (value, first, end, now) => (end - first > last ? now : Math.min(last - end, Math.max(-first, value)));
    this.down = clamp(down, edges.top, edges.bottom, this.down);
    this.right = clamp(right, edges.left, edges.right, this.right);
  }

  /* The centre of mass to the middle of the canvas, as every training digit had it. */
  centre() {
    const edges = this.extent();
    const middle = (this.size - 1) / 2;
    if (edges) this.moveTo(Math.round(middle - edges.y), Math.round(middle - edges.x));
  }
}

/* ---- what is seen ---- */

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const NAMES = { mlp: "Fully connected", cnn: "Convolutional", attention: "Attention" };

/* Orders of so many things, one after another, the same for every reader; never the one they are in. */
function shuffler(many) {
  let state = 1;
  const random = () => { state = (state * 16807) % 2147483647; return state / 2147483647; };
  return () => {
    const order = Array.from({ length: many }, (_, at) => at);
    while (order.every((from, at) => from === at)) {
      for (let at = many - 1; at > 0; at -= 1) {
        const other = Math.floor(random() * (at + 1));
        [order[at], order[other]] = [order[other], order[at]];
      }
    }
    return order;
  };
}

/* A picture (size, size) with its tiles in another order: at place k stands the tile order[k]. */
function reordered(picture, size, tile, order) {
  const wide = size / tile;
  return picture.map((_, at) => {
    const [row, column] = [Math.floor(at / size), at % size];
    const from = order[Math.floor(row / tile) * wide + Math.floor(column / tile)];
    return picture[(Math.floor(from / wide) * tile + (row % tile)) * size + (from % wide) * tile + (column % tile)];
  });
}

/* Ten bars and an answer, for one net. */
function panel(name, { parameters, told }) {
  const answer = make("strong", { class: "digit-answer" });
  const sure = make("span", { class: "digit-sure" });
  const bars = Array.from({ length: 10 }, () => make("span", { class: "digit-bar" }));
  const shares = Array.from({ length: 10 }, () => make("span", { class: "digit-share" }));
  const rows = bars.map((bar, digit) => make("div", { class: "digit-row" },
    make("span", { class: "digit-class", text: digit }), make("span", { class: "digit-track" }, bar), shares[digit]));
  const chart = make("div", { class: "digit-chart", role: "img" }, ...rows);
  const head = make("div", { class: "digit-says" }, answer, sure);
  const title = make("p", { class: "digit-name", text: NAMES[name] });
  const small = make("p", { class: "digit-small", text: told || `${parameters.toLocaleString("en")} parameters` });
  const element = make("div", { class: `digit-panel digit-${name}` }, title, small, head, chart);
  const show = (probabilities, label) => {
    const best = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : -1;
    const verdict = label === null || best < 0 ? "" : best === label ? "right" : "wrong";
    element.dataset.verdict = verdict;
    answer.textContent = best < 0 ? "–" : best;
    sure.textContent = best < 0 ? "nothing to read" : `${percent(probabilities[best])}${verdict && `, ${verdict}`}`;
    rows.forEach((row, digit) => {
      const share = probabilities ? probabilities[digit] : 0;
      row.classList.toggle("is-best", digit === best);
      bars[digit].style.width = `${100 * share}%`;
      shares[digit].textContent = probabilities ? percent(share) : "";
    });
    const words = probabilities ? probabilities.map((share, digit) => `${digit}: ${percent(share)}`).join(", ") : "no answer";
    chart.setAttribute("aria-label", `Probabilities of the ${NAMES[name].toLowerCase()} net. ${words}`);
    return best < 0 ? "" : `${NAMES[name]} net: ${best}, ${percent(probabilities[best])}${verdict && `, ${verdict}`}.`;
  };
  return { element, show };
}

function render({ model, el }) {
  const nets = model.get("models");
  const tensors = unpacked(model.get("tensors"));
  const given = model.get("samples");
  const ink = given.data instanceof Uint8Array ? Float32Array.from(given.data, (grey) => grey / 255) : given.data;
  const samples = { shape: given.shape, data: ink };
  const labels = model.get("labels");
  const size = model.get("canvas");
  const tile = model.get("tile");
  const paper = new Paper(size);
  let label = model.get("start");
  let tool = "move";
  let order = null;

  const sheet = make("canvas", {
    class: "digit-sheet", width: 10 * size, height: 10 * size, tabindex: 0, role: "application",
    "aria-roledescription": "picture", "aria-label": "Picture. The arrow keys move the digit, Home puts it in the middle.",
  });
  const choose = make("select", { "aria-label": "Digit" },
    ...labels.map((digit) => make("option", { value: digit, text: `digit ${digit}` })),
    make("option", { value: "own", text: "drawing" }));
  const tools = ["move", "draw"].map((name) =>
    make("button", { type: "button", "aria-pressed": name === tool, text: name === "move" ? "Drag" : "Draw" }));
  const centre = make("button", { type: "button", text: "To the middle" });
  const clear = make("button", { type: "button", text: "Clear" });
  const next = tile ? shuffler((size / tile) ** 2) : null;
  const shuffle = make("button", { type: "button", class: "digit-shuffle", "aria-pressed": "false", text: "Shuffle the tiles" });
  const where = make("p", { class: "digit-small digit-where" });
  const spoken = make("p", { class: "digit-spoken", role: "status" });
  const panels = Object.fromEntries(Object.keys(NAMES).filter((name) => nets[name]).map((name) => [name, panel(name, nets[name])]));
  const arrows = Object.entries({ ArrowLeft: "←", ArrowUp: "↑", ArrowDown: "↓", ArrowRight: "→" }).map(([key, sign]) => {
    const button = make("button", { type: "button", class: "digit-arrow", "aria-label": `Move ${key.slice(5).toLowerCase()}`, text: sign });
    button.addEventListener("click", () => move(...ARROWS[key]));
    return button;
  });
  el.classList.add("digit-demo");
  if (tile) el.classList.add("digit-three");
  el.append(
    make("div", { class: "digit-left" },
      make("div", { class: "digit-tools" }, choose, ...tools),
      sheet, where,
      make("div", { class: "digit-tools" }, ...arrows, centre, clear, ...(tile ? [shuffle] : []))),
    make("div", { class: "digit-panels" }, ...Object.values(panels).map(({ element }) => element)),
    spoken);

  const context = sheet.getContext("2d");
  const colour = (name) => getComputedStyle(sheet).getPropertyValue(name).trim();
  function paint(picture) {
    const step = sheet.width / size;
    const marks = paper.extent();
    context.globalAlpha = 1;
    context.fillStyle = colour("--digit-paper");
    context.fillRect(0, 0, sheet.width, sheet.height);
    context.fillStyle = colour("--digit-ink");
    picture.forEach((ink, at) => {
      if (ink < 0.02) return;
      context.globalAlpha = Math.min(1, ink);
      context.fillRect((at % size) * step, Math.floor(at / size) * step, step, step);
    });
    context.globalAlpha = 1;
    context.strokeStyle = colour("--digit-mark");
    context.lineWidth = 2;
    context.setLineDash([2, 8]);
    const middle = sheet.width / 2;
    context.beginPath();
    context.moveTo(middle, 0);
    context.lineTo(middle, sheet.height);
    context.moveTo(0, middle);
    context.lineTo(sheet.width, middle);
    for (let line = tile; order && line < size; line += tile) {
      context.moveTo(line * step, 0);
      context.lineTo(line * step, sheet.height);
      context.moveTo(0, line * step);
      context.lineTo(sheet.width, line * step);
    }
    context.stroke();
    context.setLineDash([]);
    if (!marks && tool === "draw") {
      context.fillStyle = colour("--digit-mark");
      context.font = "26px system-ui, sans-serif";
      context.textAlign = "center";
      context.fillText("draw a digit here", middle, middle - 14);
    }
    where.textContent = place();
  }

  function place() {
    const side = (value, less, more) => (value ? `${Math.abs(value)} px ${value < 0 ? less : more}` : "");
    const words = [side(paper.down, "up", "down"), side(paper.right, "left", "right")].filter(Boolean).join(", ");
    return (words ? `Moved ${words}` : "Not moved") + (order ? ", tiles shuffled" : "");
  }

  let speaking;
  function answer() {
    const sheetAsIs = paper.picture();
    const picture = order ? reordered(sheetAsIs, size, tile, order) : sheetAsIs;
    const empty = picture.every((ink) => ink < 0.05);
    const told = Object.keys(panels).map((name) => {
      const found = empty ? null : softmax(logits(nets[name].layers, tensors, picture, [1, size, size]));
      return panels[name].show(found, label);
    });
    paint(picture);
    el.dataset.down = paper.down;
    el.dataset.right = paper.right;
    shuffle.setAttribute("aria-pressed", String(order !== null));
    clearTimeout(speaking);
    speaking = setTimeout(() => { spoken.textContent = `${place()}. ${told.join(" ")}`; }, 600);
  }

  let waiting = false;
  function refresh() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; answer(); });
  }
  function move(down, right) {
    paper.moveTo(paper.down + down, paper.right + right);
    refresh();
  }
  function take(name) {
    tool = name;
    if (name === "draw") order = null; // one draws on a sheet that is in order
    tools.forEach((button, at) => button.setAttribute("aria-pressed", String((at === 0) === (name === "move"))));
    sheet.dataset.tool = name;
    refresh();
  }
  function sample(digit) {
    label = digit;
    choose.value = digit;
    paper.put(samples, labels.indexOf(digit));
    order = null;
    take("move");
  }
  function own() {
    label = null;
    choose.value = "own";
  }
  function blank() {
    own();
    paper.clear();
    take("draw");
  }

  choose.addEventListener("change", () => (choose.value === "own" ? blank() : sample(Number(choose.value))));
  tools[0].addEventListener("click", () => take("move"));
  tools[1].addEventListener("click", () => (label === null ? take("draw") : blank()));
  shuffle.addEventListener("click", () => { take("move"); order = next(); refresh(); });
  centre.addEventListener("click", () => { paper.centre(); order = null; refresh(); });
  clear.addEventListener("click", blank);
  sheet.addEventListener("keydown", (event) => {
    if (event.key === "Home") { paper.centre(); order = null; refresh(); } else if (ARROWS[event.key]) move(...ARROWS[event.key]);
    else return;
    event.preventDefault();
  });

  let last = null;
  const point = (event) => {
    const box = sheet.getBoundingClientRect();
    return { y: ((event.clientY - box.top) / box.height) * size, x: ((event.clientX - box.left) / box.width) * size };
  };
  sheet.addEventListener("pointerdown", (event) => {
    sheet.setPointerCapture(event.pointerId);
    last = { ...point(event), down: paper.down, right: paper.right };
    if (tool === "draw") { own(); paper.stroke(last, last); refresh(); }
    sheet.dataset.held = "true";
  });
  sheet.addEventListener("pointermove", (event) => {
    if (!last) return;
    const here = point(event);
    if (tool === "draw") {
      paper.stroke(last, here);
      last = here;
    } else paper.moveTo(last.down + Math.round(here.y - last.y), last.right + Math.round(here.x - last.x));
    refresh();
  });
  ["pointerup", "pointercancel"].forEach((name) => sheet.addEventListener(name, () => { last = null; delete sheet.dataset.held; }));

  const forget = onTheme(refresh);
  sample(label);
  answer();
  return forget;
}

export default { render, logits, softmax, unpacked, reordered, Paper };
