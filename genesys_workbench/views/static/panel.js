/* What all panels share. Each panel's own file follows in the same module and exports `render`. */

/** Make an element: h("button", {class: "x", onclick: f}, "text", child, …); null children are left out. */
function h(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "disabled") made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

let unique = 0;
const newId = () => `gw-${++unique}`;

/** A word with a mark whose colour and shape both tell its kind: good, busy, warn, bad. */
const mark = (kind, word) => h("span", { class: "gw-state", "data-kind": kind }, word);

/** A labelled control. */
const labelled = (text, control) => h("label", {}, text, control);

/** Set text only where it changed, so that selections and screen readers are left in peace. */
function setText(element, text) {
  const wanted = String(text ?? "");
  if (element.textContent !== wanted) element.textContent = wanted;
}

/** Figures: {key: [label, value, unit]} → a list that is updated in place. */
function figures() {
  // No `dl`: JupyterLab lets the terms of all lists in outputs float.
  const list = h("div", { class: "gw-figures", role: "list" });
  const shown = new Map();
  const update = (wanted) => {
    for (const [key, [label, value, unit]] of Object.entries(wanted)) {
      if (!shown.has(key)) {
        const number = h("span"), small = h("small");
        list.append(h("div", { class: "gw-figure", role: "listitem" },
          h("div", { class: "gw-term" }, label), h("div", { class: "gw-value" }, number, " ", small)));
        shown.set(key, [number, small]);
      }
      const [number, small] = shown.get(key);
      setText(number, value ?? "–");
      setText(small, value === null || value === undefined ? "" : unit ?? "");
    }
  };
  return { element: list, update };
}

/**
 * A table whose rows are kept by key: only what changed is touched.
 * columns: [{name, label, number, cell(row) → node or text}]; onSelect(row) makes the rows selectable by
 * click, Enter and the arrow keys.
 */
function table({ label, columns, key, onSelect, empty = "Nothing yet." }) {
  const body = h("tbody");
  const head = h("tr", {}, columns.map((c) => h("th", { scope: "col", class: c.number ? "gw-number" : null }, c.label)));
  const none = h("p", { class: "gw-muted", style: "margin: 6px 8px" }, empty);
  const grid = h("table", { "aria-label": label }, h("thead", {}, head), body);
  const element = h("div", { class: "gw-scroll", tabindex: "0", role: "region", "aria-label": label }, grid, none);
  const kept = new Map();
  let selected = null, current = null;
  /** One row is reached by Tab, the others from it by the arrow keys. */
  const reach = (id) => {
    current = id;
    for (const [each, { tr }] of kept) tr.tabIndex = each === id ? 0 : -1;
  };
  const select = (id) => {
    selected = id;
    for (const [each, { tr }] of kept) tr.setAttribute("aria-selected", String(each === id));
    const found = kept.get(id);
    if (found) onSelect(found.row);
  };
  const onkeydown = (event) => {
    const tr = event.currentTarget;
    const next = { ArrowDown: tr.nextElementSibling, ArrowUp: tr.previousElementSibling }[event.key];
    if (next) { event.preventDefault(); next.focus(); }
    if ((event.key === "Enter" || event.key === " ") && event.target === tr) { event.preventDefault(); select(tr.dataset.key); }
  };
  const make = (id) => {
    const tr = h("tr", { "data-key": id, class: "gw-new" });
    if (onSelect) {
      tr.tabIndex = -1;
      tr.addEventListener("focus", () => reach(id));
      tr.setAttribute("aria-selected", String(id === selected));
      tr.addEventListener("click", () => select(id));
      tr.addEventListener("keydown", onkeydown);
    }
    return tr;
  };
  const fill = (tr, row) => {
    tr.replaceChildren(...columns.map((c) => {
      const cell = c.cell ? c.cell(row) : row[c.name];
      const td = h("td", { class: c.number ? "gw-number" : null }, cell ?? "–");
      if (typeof cell === "string" && cell.length > 30) td.title = cell;
      return td;
    }));
  };
  const update = (rows) => {
    none.hidden = rows.length > 0;
    const ids = new Set(rows.map((row) => String(row[key])));
    for (const [id, { tr }] of kept) if (!ids.has(id)) { tr.remove(); kept.delete(id); }
    rows.forEach((row, place) => {
      const id = String(row[key]), text = JSON.stringify(row);
      let found = kept.get(id);
      if (!found) { found = { tr: make(id), text: "", row }; kept.set(id, found); }
      if (found.text !== text) { fill(found.tr, row); found.text = text; found.row = row; }
      if (body.children[place] !== found.tr) body.insertBefore(found.tr, body.children[place] ?? null);
    });
    if (onSelect && !kept.has(current) && rows.length) reach(String(rows[0][key]));
  };
  return { element, update, select };
}

/** A JSON value as a tree that opens and closes; `open` levels are open at first. */
function tree(value, { open = 2 } = {}) {
  const branch = (name, item, depth) => {
    const title = name === null ? [] : [h("b", {}, name), ": "];
    if (item === null || typeof item !== "object") {
      const isText = typeof item === "string";
      return h("div", {}, title, h("span", { class: isText ? "gw-text" : "gw-other" }, isText ? `"${item}"` : String(item)));
    }
    const entries = Object.entries(item);
    const size = Array.isArray(item) ? `[ ${entries.length} ]` : `{ ${entries.length} }`;
    if (!entries.length) return h("div", {}, title, size);
    const list = h("ul");
    const details = h("details", { open: depth < open }, h("summary", {}, title, h("span", { class: "gw-muted" }, size)), list);
    const grow = () => { if (!list.children.length) list.append(...entries.map(([k, v]) => h("li", {}, branch(k, v, depth + 1)))); };
    if (depth < open) grow(); else details.addEventListener("toggle", grow, { once: true });
    return details;
  };
  return h("div", { class: "gw-tree" }, branch(null, value, 0));
}

const CLOCK = { hour12: false, hour: "2-digit", minute: "2-digit", second: "2-digit" };

/** The time of day, with so many digits of the second's fraction. */
const clockTime = (iso, digits = 1) =>
  iso ? new Date(iso).toLocaleTimeString([], { ...CLOCK, fractionalSecondDigits: digits || undefined }) : "–";

/** The beginning of an id, the whole of it as the title. */
const shortId = (id) => id ? h("span", { class: "gw-mono", title: id }, id.length > 13 ? `${id.slice(0, 8)}…` : id) : "–";

/** Milliseconds for people; null stays null. */
const milliseconds = (value) => value === null || value === undefined ? null
  : value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString();

/** Fill a select once: [[value, words], …]. */
const choices = (select, wanted) => {
  if (!select.options.length) select.append(...wanted.map(([value, words]) => h("option", { value }, words)));
};

async function copy(text) {
  try { await navigator.clipboard.writeText(text); return true; } catch { return false; }
}

/**
 * Mount a panel: `build(act)` returns {element, update(state)}; `act(name, arguments)` sends a click to Python
 * and promises its answer {ok, text}, which is also said in the status line.
 */
function mount({ model, el }, title, build) {
  let number = 0;
  const waiting = new Map();
  const said = h("div", { class: "gw-say", role: "status", "aria-live": "polite" });
  const problem = h("div", { class: "gw-problem", role: "alert" });
  const say = (kind, text) => { said.dataset.kind = kind; setText(said, text); };
  const act = (action, args = {}) => new Promise((resolve) => {
    waiting.set(++number, resolve);
    model.send({ action, arguments: args, number });
  });
  const onAnswer = (answer) => {
    const resolve = waiting.get(answer.number);
    if (!resolve) return;
    waiting.delete(answer.number);
    if (answer.text) say(answer.ok ? "good" : "bad", answer.text);
    resolve(answer);
  };
  const { element, update } = build(act, say);
  const root = h("section", { class: "gw", "aria-label": title }, element, problem, said);
  const onState = () => {
    const state = model.get("state");
    setText(problem, state.problem ?? "");
    update(state);
  };
  model.on("msg:custom", onAnswer);
  model.on("change:state", onState);
  el.append(root);
  onState();
  model.send({ view: 1 });
  return () => {
    model.send({ view: -1 });
    model.off("msg:custom", onAnswer);
    model.off("change:state", onState);
  };
}
