/* Who attends to whom: a trained attention model reads the reader's sentence, word by word.
   The forward pass runs here, with the weights that Python trained; tests compare it with Python's.
   A sequence is a list of rows, (position, d). */

import { make, percent } from "./shared/elements.js";
import { added, attended, linear, normalized, positions, softmax } from "./shared/layers.js";

// ---- the model ----

/* Multi-head self-attention: the new rows, and the shares [head][query][key]. */
function attend(rows, part, heads) {
  const d = rows[0].length;
  const [weight, bias] = [part("in_proj_weight"), part("in_proj_bias")];
  const [queries, keys, values] = [0, 1, 2].map((third) => linear(rows, weight, bias, third * d, (third + 1) * d));
  const found = attended(queries, keys, values, heads);
  return { rows: linear(found.rows, part("out_proj.weight"), part("out_proj.bias")), shares: found.shares };
}

/* Scores of every word for every position, and the shares [layer][head][query][key]. */
function forward(tokens, tensors, { name, layers, heads, positions: placed }) {
  const tensor = (key) => tensors[`${name}.${key}`];
  const table = tensor("embed.weight");
  const d = table.shape[1];
  let x = tokens.map((token) => Float64Array.from(table.data.subarray(token * d, (token + 1) * d)));
  if (placed) x = added(x, positions(tokens.length, d));
  const shares = [];
  for (let layer = 0; layer < layers; layer += 1) {
    const part = (key) => tensor(`layers.${layer}.${key}`);
    const seen = attend(x, (key) => part(`attend.${key}`), heads);
    shares.push(seen.shares);
    x = normalized(added(x, seen.rows), part("first.weight"), part("first.bias"));
    const wide = linear(x, part("wide.weight"), part("wide.bias")).map((row) => row.map((value) => Math.max(0, value)));
    const narrow = linear(wide, part("narrow.weight"), part("narrow.bias"));
    x = normalized(added(x, narrow), part("second.weight"), part("second.bias"));
  }
  return { scores: linear(x, tensor("answer.weight"), tensor("answer.bias")), shares };
}

/* What a reader typed, as words: small letters, without marks, at most `longest`. */
function split(text, longest) {
  return text.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean).slice(0, longest);
}

// ---- what is seen ----

function render({ model, el }) {
  const words = model.get("words");
  const tensors = model.get("tensors");
  const sizes = model.get("sizes");
  const examples = model.get("examples");
  const numbers = new Map(words.map((word, number) => [word, number]));
  const known = words.filter((word) => /\p{L}/u.test(word)).join(", ");
  const state = { sentence: split(examples[0], sizes.longest), asked: model.get("start"), layer: 0, head: 0, positions: true, more: false };
  let found = null;

  // -- the controls --
  const typed = make("input", { type: "text", "aria-label": "Your sentence", maxlength: 120, spellcheck: "false", autocapitalize: "off" });
  const choose = make("select", { "aria-label": "Example sentences" },
    make("option", { value: "", text: "examples" }), ...examples.map((text) => make("option", { value: text, text })));
  const group = (name, label, texts) => {
    const buttons = texts.map((text, at) => {
      const button = make("button", { type: "button", "data-at": at, text });
      button.addEventListener("click", () => { state[name] = name === "positions" ? at === 1 : at; refresh(); });
      return button;
    });
    return { buttons, element: make("div", { class: "attends-group", role: "group", "aria-label": label }, make("span", { text: label }), ...buttons) };
  };
  const heads = Array.from({ length: sizes.heads }, (_, head) => String(head + 1));
  const groups = {
    layer: group("layer", "Layer", Array.from({ length: sizes.layers }, (_, layer) => String(layer + 1))),
    head: group("head", "Head", [...heads, "mean"]),
    positions: group("positions", "Positions", ["off", "on"]),
  };
  const moves = [["← Move the word", -1], ["Move the word →", 1]].map(([text, step]) => {
    const button = make("button", { type: "button", text });
    button.addEventListener("click", () => { move(state.asked, state.asked + step); refresh(); });
    return button;
  });
  const row = make("div", { class: "attends-words" });
  const answer = make("p", { class: "attends-answer" });
  const matrix = make("div", { class: "attends-matrix" });
  const legend = make("p", { class: "attends-small" });
  const spoken = make("p", { class: "attends-spoken", role: "status" });
  el.classList.add("attends-demo");
  el.append(
    make("div", { class: "attends-top" }, typed, choose),
    row, answer,
    make("div", { class: "attends-tools" }, ...moves),
    make("div", { class: "attends-tools" }, groups.positions.element, groups.layer.element, groups.head.element),
    matrix, legend, spoken);

  // -- what is done --
  function read() {
    const tokens = state.sentence.map((word) => numbers.get(word) ?? numbers.get("?"));
    const name = state.positions ? "placed" : "bare";
    found = { tokens, ...forward(tokens, tensors, { name, layers: sizes.layers, heads: sizes.heads, positions: state.positions }) };
  }
  function share(query, key) {
    const layer = found.shares[state.layer];
    if (state.head < sizes.heads) return layer[state.head][query][key];
    return layer.reduce((sum, head) => sum + head[query][key], 0) / sizes.heads;
  }
  function belongs(place) {
    const shares = softmax(found.scores[place]);
    const best = shares.indexOf(Math.max(...shares));
    return { word: words[best], share: shares[best] };
  }
  function move(from, to) {
    if (to < 0 || to >= state.sentence.length || from === to) return;
    const [word] = state.sentence.splice(from, 1);
    state.sentence.splice(to, 0, word);
    state.asked = to;
    typed.value = state.sentence.join(" ");
    state.more = false;
  }
  function take(text) {
    state.sentence = split(text, sizes.longest);
    state.more = split(text, Infinity).length > sizes.longest;
    state.asked = Math.min(state.asked, Math.max(0, state.sentence.length - 1));
    refresh();
  }

  // -- how it is drawn --
  let speaking;
  function refresh(focus = false) {
    const n = state.sentence.length;
    if (n) read();
    row.replaceChildren(...state.sentence.map((word, place) => chip(word, place)));
    drawMatrix(n);
    Object.entries(groups).forEach(([name, { buttons }]) => buttons.forEach((button, at) =>
      button.setAttribute("aria-pressed", String(Number(state[name]) === at))));
    moves[0].disabled = state.asked <= 0;
    moves[1].disabled = state.asked >= n - 1;
    if (!n) { answer.textContent = "Type a sentence."; legend.textContent = ""; return; }
    const said = belongs(state.asked);
    answer.replaceChildren(make("strong", { text: state.sentence[state.asked] }), " belongs to ",
      make("strong", { text: said.word }), `, says the model (${percent(said.share)}).`);
    const unknown = state.sentence.filter((word) => !numbers.has(word));
    legend.textContent = "Rows ask, columns are asked; a row adds up to 100\u00a0%."
      + (state.more ? ` Only the first ${sizes.longest} words are read.` : "")
      + (unknown.length ? ` Not among the words it knows: ${[...new Set(unknown)].join(", ")}. It knows ${known}.` : "");
    const most = state.sentence.map((word, key) => [share(state.asked, key), word]).sort((a, b) => b[0] - a[0]).slice(0, 3);
    clearTimeout(speaking);
    speaking = setTimeout(() => {
      spoken.textContent = `${answer.textContent} It attends to ${most.map(([part, word]) => `${word} ${percent(part)}`).join(", ")}.`;
    }, 500);
    el.dataset.sentence = state.sentence.join(" ");
    if (focus) row.children[state.asked]?.focus();
  }
  function chip(word, place) {
    const part = share(state.asked, place);
    const known = numbers.has(word);
    const said = belongs(place);
    const button = make("button", {
      type: "button", class: "attends-word", "aria-pressed": place === state.asked, "data-place": place,
      "aria-label": `${word}, belongs to ${said.word}; gets ${percent(part)} of the attention`,
      style: `--share: ${part.toFixed(3)}`,
    }, make("span", { class: "attends-text", text: known ? word : `${word}?` }), make("span", { class: "attends-share", text: percent(part) }),
    make("span", { class: "attends-to", text: `→ ${said.word}` }));
    button.addEventListener("click", () => { state.asked = place; refresh(true); });
    button.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      if (event.shiftKey || event.altKey) move(place, place + step);
      else state.asked = Math.min(state.sentence.length - 1, Math.max(0, place + step));
      refresh(true);
    });
    return button;
  }
  function drawMatrix(n) {
    matrix.style.setProperty("--columns", n);
    const cells = [make("span", { class: "attends-corner" })];
    state.sentence.forEach((word) => cells.push(make("span", { class: "attends-column", text: word })));
    for (let query = 0; query < n; query += 1) {
      cells.push(make("span", { class: `attends-row${query === state.asked ? " is-asked" : ""}`, text: state.sentence[query] }));
      for (let key = 0; key < n; key += 1) {
        const part = share(query, key);
        const cell = make("span", { class: `attends-cell${query === state.asked ? " is-asked" : ""}`, style: `--share: ${part.toFixed(3)}`, title: `${state.sentence[query]} → ${state.sentence[key]}: ${percent(part)}` });
        cell.addEventListener("click", () => { state.asked = query; refresh(); });
        cells.push(cell);
      }
    }
    matrix.replaceChildren(...cells);
    matrix.setAttribute("role", "img");
    matrix.setAttribute("aria-label", n ? `Shares of layer ${state.layer + 1}, ${state.head < sizes.heads ? `head ${state.head + 1}` : "mean of all heads"}. `
      + state.sentence.map((word, query) => {
        const shares = state.sentence.map((_, key) => share(query, key));
        const best = shares.indexOf(Math.max(...shares));
        return `${word}: most to ${state.sentence[best]}, ${percent(shares[best])}`;
      }).join("; ") : "No sentence");
  }

  // -- dragging a word along the row --
  let held = null;
  row.addEventListener("pointerdown", (event) => {
    const word = event.target.closest(".attends-word");
    if (word) held = { place: Number(word.dataset.place), moved: false };
  });
  const drag = (event) => {
    if (held === null) return;
    const under = document.elementFromPoint(event.clientX, event.clientY)?.closest?.(".attends-word");
    if (!under || !row.contains(under)) return;
    const place = Number(under.dataset.place);
    if (place === held.place) return;
    const box = under.getBoundingClientRect();
    const middle = box.left + box.width / 2;
    const sameLine = Math.abs(row.children[held.place].offsetTop - under.offsetTop) < 4;
    if (sameLine && (place > held.place ? event.clientX < middle : event.clientX > middle)) return;
    move(held.place, place);
    held = { place, moved: true };
    refresh();
  };
  const drop = () => { held = null; };
  document.addEventListener("pointermove", drag);
  document.addEventListener("pointerup", drop);
  document.addEventListener("pointercancel", drop);

  typed.addEventListener("input", () => take(typed.value));
  choose.addEventListener("change", () => {
    if (!choose.value) return;
    typed.value = choose.value;
    choose.value = "";
    take(typed.value);
  });
  typed.value = state.sentence.join(" ");
  state.head = model.get("head");
  state.layer = model.get("layer");
  refresh();
  return () => {
    clearTimeout(speaking);
    document.removeEventListener("pointermove", drag);
    document.removeEventListener("pointerup", drop);
    document.removeEventListener("pointercancel", drop);
  };
}

export default { render, forward, split };
