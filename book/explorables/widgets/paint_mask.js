/* Paint a mask: a click forbids or allows a query to look at a key, before the softmax or, as a mistake, after it. */

import { make } from "./shared/elements.js";

/* Shares [query][key] of scores under a mask (true: may look), and what each row adds up to. */
function masked(scores, mask, early) {
  const shares = scores.map((row, query) => {
    const seen = row.map((score, key) => (early && !mask[query][key] ? -Infinity : score));
    const most = Math.max(...seen);
    const powers = seen.map((score) => Math.exp(score - most));
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.map((power, key) => (mask[query][key] || (early && !Number.isFinite(most)) ? power / sum : 0));
  });
  return { shares, sums: shares.map((row) => row.reduce((total, share) => total + share, 0)) };
}

const percent = (share) => (Number.isNaN(share) ? "nan" : `${Math.round(100 * share)}`);

function render({ model, el }) {
  const scores = model.get("scores");
  const presets = model.get("masks");
  const n = scores.length;
  const state = { mask: presets[model.get("start")].map((row) => [...row]), early: true };

  const choose = make("select", { "aria-label": "Ready masks" },
    make("option", { value: "", text: "painted" }), ...Object.keys(presets).map((name) => make("option", { value: name, text: name })));
  const whens = [["before the softmax", true], ["after it (a mistake)", false]].map(([text, early]) => {
    const button = make("button", { type: "button", text });
    button.addEventListener("click", () => { state.early = early; refresh(); });
    return [button, early];
  });
  const cells = scores.map((row, query) => row.map((_, key) => {
    const button = make("button", { type: "button", class: "mask-cell" });
    button.addEventListener("click", () => { state.mask[query][key] = !state.mask[query][key]; choose.value = ""; refresh(); });
    button.addEventListener("keydown", (event) => {
      const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [0, 0];
      if (!down && !right) return;
      event.preventDefault();
      cells[(query + down + n) % n][(key + right + n) % n].focus();
    });
    return button;
  }));
  const sums = scores.map(() => make("span", { class: "mask-sum" }));
  const grid = make("div", { class: "mask-grid", style: `--columns: ${n}` },
    make("span", { class: "mask-head", text: "query \\ key" }), ...scores.map((_, key) => make("span", { class: "mask-key", text: key })), make("span", { class: "mask-sum", text: "sum / %" }),
    ...cells.flatMap((row, query) => [make("span", { class: "mask-query", text: query }), ...row, sums[query]]));
  const spoken = make("p", { class: "mask-spoken", role: "status" });
  el.classList.add("mask-demo");
  el.append(make("div", { class: "mask-tools" }, choose, ...whens.map(([button]) => button)), grid, spoken);

  let speaking;
  function refresh() {
    const found = masked(scores, state.mask, state.early);
    cells.forEach((row, query) => row.forEach((cell, key) => {
      const [share, may] = [found.shares[query][key], state.mask[query][key]];
      cell.setAttribute("aria-pressed", String(may));
      cell.setAttribute("aria-label", `Query ${query}, key ${key}: ${may ? "allowed" : "forbidden"}, share ${percent(share)} percent`);
      cell.style.setProperty("--share", Number.isNaN(share) ? 0 : share.toFixed(3));
      cell.textContent = may || Number.isNaN(share) ? percent(share) : "✕";
    }));
    sums.forEach((sum, query) => {
      sum.textContent = percent(found.sums[query]);
      sum.classList.toggle("is-wrong", !(Math.abs(found.sums[query] - 1) < 1e-6));
    });
    whens.forEach(([button, early]) => button.setAttribute("aria-pressed", String(early === state.early)));
    el.dataset.sums = JSON.stringify(found.sums.map((sum) => (Number.isNaN(sum) ? null : sum)));
    clearTimeout(speaking);
    speaking = setTimeout(() => { spoken.textContent = `Rows add up to ${found.sums.map(percent).join(", ")} percent.`; }, 500);
  }
  choose.addEventListener("change", () => {
    if (!choose.value) return;
    state.mask = presets[choose.value].map((row) => [...row]);
    refresh();
  });
  choose.value = model.get("start");
  refresh();
  return () => clearTimeout(speaking);
}

export default { render, masked };
