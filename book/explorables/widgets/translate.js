/* A trained Transformer translates the reader's sentence, word by word, and shows what each of its heads looks at.
   Encoder and decoder run here, with the weights that Python trained; tests compare them with Python's.
   A sequence is a list of rows, (position, d_model). */

import { make, percent } from "./shared/elements.js";
import { added, attended, linear, normalized, positions, softmax, unpacked } from "./shared/layers.js";

// ---- the model ----

const [BEGIN, STOP] = [1, 2];

/* Words times the root of d_model, plus sinusoidal positions. */
function embed(tokens, table) {
  const d = table.shape[1];
  const words = tokens.map((token) => Float64Array.from(table.data.subarray(token * d, (token + 1) * d), (value) => Math.sqrt(d) * value));
  return added(words, positions(tokens.length, d));
}

/* Multi-head attention of rows to source: the new rows, and the shares [head][query][key]. */
function attend(rows, source, part, heads, causal) {
  const map = (name, given) => linear(given, part(`${name}.weight`), part(`${name}.bias`));
  const found = attended(map("query", rows), map("key", source), map("value", source), heads, causal);
  return { rows: map("out", found.rows), shares: found.shares };
}

/* A layer of the encoder, or, with a memory, of the decoder; as published: normalized after each sum. */
function layer(rows, part, heads, memory) {
  const norm = (x, place) => normalized(x, part(`norms.${place}.weight`), part(`norms.${place}.bias`));
  const own = attend(rows, rows, (name) => part(`attend.${name}`), heads, Boolean(memory));
  let x = norm(added(rows, own.rows), 0);
  let look = null;
  if (memory) {
    look = attend(x, memory, (name) => part(`look.${name}`), heads, false);
    x = norm(added(x, look.rows), 1);
  }
  const wide = linear(x, part("wide.weight"), part("wide.bias")).map((row) => row.map((value) => Math.max(0, value)));
  x = norm(added(x, linear(wide, part("narrow.weight"), part("narrow.bias"))), memory ? 2 : 1);
  return { rows: x, shares: own.shares, looked: look?.shares };
}

/* What the decoder may look at, and the shares [layer][head][query][key]. */
function encode(tokens, tensors, { layers, heads }) {
  let x = embed(tokens, tensors["words.weight"]);
  const shares = [];
  for (let at = 0; at < layers; at += 1) {
    const found = layer(x, (name) => tensors[`encoder.${at}.${name}`], heads, null);
    x = found.rows;
    shares.push(found.shares);
  }
  return { memory: x, shares };
}

/* Scores of the word after each written word, and the shares of both attentions of the decoder. */
function decode(written, memory, tensors, { layers, heads }) {
  let y = embed(written, tensors["words.weight"]);
  const [shares, looked] = [[], []];
  for (let at = 0; at < layers; at += 1) {
    const found = layer(y, (name) => tensors[`decoder.${at}.${name}`], heads, memory);
    y = found.rows;
    shares.push(found.shares);
    looked.push(found.looked);
  }
  return { scores: linear(y, tensors["words.weight"], null), shares, looked };
}

/* Greedy decoding: the words with the end mark, their probabilities (word by word, all of the vocabulary), all shares. */
function translate(tokens, tensors, sizes) {
  const encoded = encode(tokens, tensors, sizes);
  const written = [BEGIN];
  let found = null;
  while (written.length <= sizes.longest && written[written.length - 1] !== STOP) {
    found = decode(written, encoded.memory, tensors, sizes);
    const scores = found.scores[written.length - 1];
    written.push(scores.indexOf(Math.max(...scores)));
  }
  return { words: written.slice(1), likely: found.scores.map(softmax), encoder: encoded.shares, decoder: found.shares, between: found.looked };
}

/* What a reader typed, as words. */
function split(text, longest) {
  const plain = text.toLowerCase().replace(/\b(do|does)n['’]?t\b/g, "$1 not");
  return plain.split(/[^\p{L}\p{N}]+/u).filter(Boolean).slice(0, longest);
}

// ---- what is seen ----

const PLACES = { encoder: "in the encoder", decoder: "in the decoder", between: "from decoder to encoder" };

function render({ model, el }) {
  const words = model.get("words");
  const tensors = unpacked(model.get("tensors"));
  const sizes = model.get("sizes");
  const examples = model.get("examples");
  const numbers = new Map(words.map((word, number) => [word, number]));
  const state = { english: split(examples[0], sizes.longest), at: 0, place: "between", layer: sizes.layers - 1, head: 0, ...model.get("start") };
  let found = null;

  // -- the controls --
  const typed = make("input", { type: "text", "aria-label": "Your English sentence", maxlength: 100, spellcheck: "false", autocapitalize: "off", lang: "en" });
  const choose = make("select", { "aria-label": "Example sentences" },
    make("option", { value: "", text: "examples" }), ...examples.map((text) => make("option", { value: text, text })));
  const play = make("button", { type: "button", text: "▶ Word by word" });
  const places = Object.entries(PLACES).map(([name, text]) => {
    const button = make("button", { type: "button", "data-place": name, text });
    button.addEventListener("click", () => { state.place = name; refresh(); });
    return button;
  });
  const french = make("div", { class: "translate-words", lang: "fr", role: "group", "aria-label": "The French words" });
  const next = make("p", { class: "translate-next" });
  const heads = make("div", { class: "translate-heads", role: "group", "aria-label": "All heads" });
  const title = make("p", { class: "translate-small" });
  const matrix = make("div", { class: "translate-matrix" });
  const note = make("p", { class: "translate-small translate-unknown" });
  const english = model.get("english");
  const known = make("details", { class: "translate-small" },
    make("summary", { text: `The ${english.length} English words that it knows` }), make("p", { lang: "en", text: english.join(", ") }));
  const spoken = make("p", { class: "translate-spoken", role: "status" });
  el.classList.add("translate-demo");
  el.append(make("div", { class: "translate-top" }, typed, choose), known, note, french, next,
    make("div", { class: "translate-top" }, play, make("div", { class: "translate-group", role: "group", "aria-label": "Which attention" }, ...places)),
    heads, title, matrix, spoken);

  // -- what is done --
  function read() {
    const tokens = state.english.map((word) => numbers.get(word) ?? numbers.get("?"));
    found = translate(tokens, tensors, sizes);
    state.at = found.words.length - 1;
  }
  function take(text) {
    stop();
    state.english = split(text, sizes.longest);
    state.cut = split(text, Infinity).length > sizes.longest;
    if (state.english.length) read();
    refresh();
  }
  const spell = (word) => (word === STOP ? "end" : words[word]);
  const sentence = () => found.words.filter((word) => word !== STOP).map((word) => words[word]).join(" ").replaceAll("' ", "'");
  /* Rows and columns of the chosen attention, by their words. */
  function axes() {
    const said = found.words.map(spell);
    if (state.place === "encoder") return { rows: state.english, columns: state.english };
    const written = said.slice(0, state.at + 1);
    return { rows: written, columns: state.place === "between" ? state.english : ["begin", ...said].slice(0, state.at + 1) };
  }

  // -- word by word --
  let timer = null;
  function stop() { clearInterval(timer); timer = null; play.textContent = "▶ Word by word"; }
  play.addEventListener("click", () => {
    if (timer) { stop(); return; }
    if (!state.english.length) return;
    state.at = 0;
    play.textContent = "■ Stop";
    timer = setInterval(() => { if (state.at >= found.words.length - 1) stop(); else { state.at += 1; refresh(); } }, 800);
    refresh();
  });

  // -- how it is drawn --
  let speaking;
  function refresh() {
    const empty = !state.english.length;
    [french, next, heads, title, matrix].forEach((part) => { part.hidden = empty; });
    places.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.place === state.place)));
    const unknown = [...new Set(state.english.filter((word) => !numbers.has(word)))];
    const remarks = [unknown.length ? `Not in its vocabulary: ${unknown.join(", ")}.` : "", state.cut ? `It reads the first ${sizes.longest} words only.` : ""];
    note.textContent = empty ? "Type an English sentence." : remarks.filter(Boolean).join(" ");
    if (empty) return;
    french.replaceChildren(...found.words.map(chip));
    drawNext();
    drawHeads();
    drawMatrix();
    el.dataset.french = sentence();
    clearTimeout(speaking);
    speaking = setTimeout(() => { spoken.textContent = `In French: ${sentence()}.`; }, 600);
  }
  function chip(word, place) {
    const sure = found.likely[place][word];
    const button = make("button", { type: "button", class: `translate-word${place > state.at ? " is-later" : ""}`, "aria-pressed": place === state.at, "aria-label": `${spell(word)}, probability ${percent(sure)}` },
      make("span", { class: word === STOP ? "translate-end" : "translate-text", text: spell(word) }), make("span", { class: "translate-share", text: percent(sure) }));
    button.addEventListener("click", () => { stop(); state.at = place; refresh(); french.children[place].focus(); });
    return button;
  }
  function drawNext() {
    const before = found.words.slice(0, state.at).map(spell).join(" ").replaceAll("' ", "'");
    const likely = found.likely[state.at].map((share, word) => [share, word]).sort((a, b) => b[0] - a[0]).slice(0, 3);
    next.replaceChildren(before ? "After " : "First: ", ...(before ? [make("em", { lang: "fr", text: before }), ": "] : []),
      likely.map(([share, word]) => `${spell(word)} ${percent(share)}`).join(", "), ".");
  }
  function drawHeads() {
    const { rows, columns } = axes();
    heads.style.setProperty("--columns", sizes.heads);
    heads.replaceChildren(...found[state.place].flatMap((layerShares, layerAt) => layerShares.map((shares, head) => {
      const picture = make("canvas", { width: columns.length, height: rows.length, "aria-hidden": "true" });
      const context = picture.getContext("2d");
      const pixels = context.createImageData(columns.length, rows.length);
      rows.forEach((_, query) => columns.forEach((__, key) => pixels.data.set([16, 140, 210, Math.round(20 + 235 * (shares[query][key] ?? 0))], 4 * (query * columns.length + key))));
      context.putImageData(pixels, 0, 0);
      const chosen = state.layer === layerAt && state.head === head;
      const button = make("button", { type: "button", "aria-pressed": chosen, "aria-label": `Layer ${layerAt + 1}, head ${head + 1}` }, picture, make("span", { text: `${layerAt + 1}.${head + 1}` }));
      button.addEventListener("click", () => { state.layer = layerAt; state.head = head; refresh(); heads.children[layerAt * sizes.heads + head].focus(); });
      return button;
    })));
  }
  function drawMatrix() {
    const { rows, columns } = axes();
    const shares = found[state.place][state.layer][state.head];
    const asked = state.place === "encoder" ? -1 : state.at;
    title.textContent = `Layer ${state.layer + 1}, head ${state.head + 1}, ${PLACES[state.place]}. Rows ask, columns are asked`
      + (state.place === "encoder" ? "." : "; a row is a French word while it is being found.");
    matrix.style.setProperty("--columns", columns.length);
    const cells = [make("span"), ...columns.map((word) => make("span", { class: "translate-column", text: word }))];
    rows.forEach((row, query) => {
      const mark = query === asked ? " is-asked" : "";
      cells.push(make("span", { class: `translate-row${mark}`, text: row }));
      columns.forEach((column, key) => {
        const share = shares[query][key] ?? 0;
        cells.push(make("span", { class: `translate-cell${mark}`, style: `--share: ${share.toFixed(3)}`, title: `${row} → ${column}: ${percent(share)}` }));
      });
    });
    matrix.replaceChildren(...cells);
    matrix.setAttribute("role", "img");
    matrix.setAttribute("aria-label", rows.map((row, query) => {
      const best = shares[query].indexOf(Math.max(...shares[query]));
      return `${row}: most to ${columns[best]}, ${percent(shares[query][best])}`;
    }).join("; "));
  }

  typed.addEventListener("input", () => take(typed.value));
  choose.addEventListener("change", () => {
    if (!choose.value) return;
    typed.value = choose.value;
    choose.value = "";
    take(typed.value);
  });
  typed.value = state.english.join(" ");
  read();
  refresh();
  return () => { stop(); clearTimeout(speaking); };
}

export default { render, translate, encode, decode, unpacked, split };
