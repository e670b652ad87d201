/* Where the parameters of a Transformer are: sliders for its sizes, buttons for the rows of the paper's table. */

import { make } from "./shared/elements.js";

/* Parameters by part, of the model as published: post-norm, biases, one table of words. Tests compare it with Python. */
function parts({ vocabulary, d_model, d_ff, layers, heads, d_key, d_value }) {
  const [keys, values] = [heads * d_key, heads * d_value];
  const attention = 2 * (d_model + 1) * keys + (d_model + 1) * values + (values + 1) * d_model;
  return {
    "table of words": vocabulary * d_model,
    "attention of the encoder": layers * attention,
    "attention of the decoder": layers * attention,
    "attention between the two": layers * attention,
    "feed-forward": 2 * layers * ((d_model + 1) * d_ff + (d_ff + 1) * d_model),
    normalization: layers * 10 * d_model,
  };
}

const grouped = (count) => count.toLocaleString("en-US");

function render({ model, el }) {
  const rows = model.get("rows");
  const sliders = model.get("sliders");
  const state = { ...rows[0].sizes, vocabulary: model.get("vocabulary") };
  let chosen = rows[0].name;
  const table = make("div", { class: "ledger-rows", role: "group", "aria-label": "Rows of the paper's table" });
  const controls = make("div", { class: "ledger-controls" });
  const total = make("p", { class: "ledger-total", role: "status" });
  const bars = make("div", { class: "ledger-bars" });
  const inputs = sliders.map(({ name, label, values }) => {
    const input = make("input", { type: "range", min: 0, max: values.length - 1, "aria-label": label });
    const shown = make("output");
    input.addEventListener("input", () => { state[name] = values[Number(input.value)]; if (name !== "vocabulary") chosen = null; refresh(); });
    controls.append(make("label", {}, make("span", { text: label }), input, shown));
    return { name, values, input, shown };
  });
  const buttons = rows.map((row) => {
    const button = make("button", { type: "button", text: row.name });
    button.addEventListener("click", () => { Object.assign(state, row.sizes); chosen = row.name; refresh(); });
    table.append(button);
    return { row, button };
  });
  el.classList.add("ledger-demo");
  el.append(table, controls, total, bars);

  function refresh() {
    inputs.forEach(({ name, values, input, shown }) => {
      const nearest = values.reduce((best, value, at) => (Math.abs(value - state[name]) < Math.abs(values[best] - state[name]) ? at : best), 0);
      input.value = nearest;
      shown.textContent = grouped(state[name]);
      input.setAttribute("aria-valuetext", grouped(state[name]));
    });
    const found = parts(state);
    const sum = Object.values(found).reduce((one, other) => one + other, 0);
    const row = rows.find(({ name }) => name === chosen);
    total.replaceChildren(make("strong", { text: grouped(sum) }), ` parameters, ${(sum / 1e6).toFixed(2)} million`
      + (row ? `. The paper states ${row.stated} million${Math.round(sum / 1e6) === row.stated ? ": that fits" : ""}.` : "."));
    bars.replaceChildren(...Object.entries(found).flatMap(([name, count]) => [
      make("span", { class: "ledger-name", text: name }),
      make("span", { class: "ledger-bar" }, make("span", { style: `width: ${(100 * count) / sum}%` })),
      make("span", { class: "ledger-count", text: `${(count / 1e6).toFixed(2)} M, ${Math.round((100 * count) / sum)}\u00a0%` })]));
    buttons.forEach(({ row: { name }, button }) => button.setAttribute("aria-pressed", String(name === chosen)));
    el.dataset.total = sum;
  }
  refresh();
}

export default { render, parts };
