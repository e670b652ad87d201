/* The bill of the book as a table: choose the nets, order them by any column. */

import { make } from "./shared/elements.js";

const COLUMNS = [
  ["accuracy", "accuracy / %", -1],
  ["saved", "examples saved", -1],
  ["examples", "examples", 1],
  ["parameters", "parameters", 1],
  ["flops", "FLOPs", 1],
];

/* Rows that belong to `group` (all when it is empty) and hold every word of `search`. */
function chosen(rows, group, search) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (row) => `${row.net} ${row.told} ${row.task}`.toLowerCase();
  return rows.filter((row) => (!group || row.task === group) && words.every((word) => text(row).includes(word)));
}

/* Rows by a column, or as the book has them; 1 from small to large, -1 the other way; rows without a number come last, equals stay. */
function ordered(rows, column, direction) {
  if (!column) return direction > 0 ? [...rows] : [...rows].reverse();
  const [known, unknown] = [rows.filter((row) => row[column] !== null), rows.filter((row) => row[column] === null)];
  return [...known.sort((a, b) => direction * (a[column] - b[column])), ...unknown];
}

const whole = (value) => Math.round(value).toLocaleString("en-US");

function shown(row, column) {
  const value = row[column];
  if (value === null) return "–";
  if (column === "accuracy") return `${(100 * value).toFixed(1)} ± ${(100 * row.spread).toFixed(1)}`;
  if (column === "saved") return `${row.at_least ? "≥ " : ""}${value < 10 ? value.toFixed(1) : whole(value)} ×`;
  return whole(value);
}

function render({ model, el }) {
  const rows = model.get("rows");
  const groups = [...new Set(rows.map((row) => row.task))];
  const state = { group: model.get("start"), search: "", column: "accuracy", direction: -1 };

  const group = make("select", { "aria-label": "Task" }, make("option", { value: "", text: "all tasks" }),
    ...groups.map((name) => make("option", { value: name, text: name })));
  group.value = state.group;
  const order = make("select", { "aria-label": "Order by" }, make("option", { value: "", text: "in the order of the book" }),
    ...COLUMNS.map(([name, label]) => make("option", { value: name, text: `by ${label}` })));
  order.value = state.column;
  const turn = make("button", { type: "button" });
  const search = make("input", { type: "search", placeholder: "search", "aria-label": "Search in the table" });

  const heads = COLUMNS.map(([name, label]) => {
    const button = make("button", { type: "button", text: label });
    button.addEventListener("click", () => {
      state.direction = state.column === name ? -state.direction : COLUMNS.find(([each]) => each === name)[2];
      state.column = name;
      refresh();
    });
    return make("th", { scope: "col" }, button);
  });
  const body = make("tbody");
  const count = make("p", { class: "bill-count", role: "status" });
  const table = make("table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col", text: "net, and what it was told" }), ...heads)), body);
  el.classList.add("bill-demo");
  el.append(make("div", { class: "bill-tools" }, group, order, turn, search), count, table);

  const line = (row) => make("tr", {},
    make("th", { scope: "row" },
      make("span", { class: "bill-net", text: row.net }),
      make("span", { class: "bill-told", text: row.told }),
      make("span", { class: "bill-where" }, make("a", { href: row.page, text: row.short }), ` · ${row.task}`)),
    ...COLUMNS.map(([name, label]) => {
      const cell = make("td", { "data-label": label, text: shown(row, name) });
      if (name === "accuracy" && row.accuracy !== null) cell.style.setProperty("--share", row.accuracy);
      return cell;
    }));

  function refresh() {
    const found = ordered(chosen(rows, state.group, state.search), state.column, state.direction);
    order.value = state.column;
    turn.textContent = (state.column ? ["largest first", "smallest first"] : ["from the last", "from the first"])[state.direction > 0 ? 1 : 0];
    heads.forEach((head, place) => {
      const mine = COLUMNS[place][0] === state.column;
      head.setAttribute("aria-sort", mine ? (state.direction > 0 ? "ascending" : "descending") : "none");
    });
    body.replaceChildren(...found.map(line));
    count.textContent = `${found.length} of ${rows.length} nets`;
  }

  group.addEventListener("change", () => { state.group = group.value; refresh(); });
  order.addEventListener("change", () => {
    state.column = order.value;
    state.direction = COLUMNS.find(([name]) => name === state.column)?.[2] ?? 1;
    refresh();
  });
  turn.addEventListener("click", () => { state.direction = -state.direction; refresh(); });
  search.addEventListener("input", () => { state.search = search.value; refresh(); });
  refresh();
}

export default { render, chosen, ordered, shown };
