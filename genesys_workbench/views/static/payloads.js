/* The payload browser. */

const nothing = (text) => h("p", { class: "gw-muted" }, text);

/** Tabs: click, or arrow keys; only the chosen one is drawn, and only where it changed. */
function tabs(label, sheets) {
  const list = h("div", { class: "gw-tabs", role: "tablist", "aria-label": label });
  const sheet = h("div", { class: "gw-sheet", role: "tabpanel", tabindex: "0", id: newId() });
  let chosen = 0, state = null, shown = "";
  const draw = () => {
    buttons.forEach((button, place) => {
      button.setAttribute("aria-selected", String(place === chosen));
      button.tabIndex = place === chosen ? 0 : -1;
    });
    if (!state) return;
    const { of, draw: drawn } = sheets[chosen], told = `${chosen} ${state.key} ${JSON.stringify(of(state))}`;
    if (told === shown) return;
    shown = told;
    sheet.replaceChildren(drawn(of(state), state));
    sheet.setAttribute("aria-label", sheets[chosen].name);
  };
  const choose = (place) => { chosen = (place + sheets.length) % sheets.length; draw(); buttons[chosen].focus(); };
  const buttons = sheets.map(({ name }, place) => h("button", {
    role: "tab", "aria-controls": sheet.id, class: "gw-tab", onclick: () => choose(place),
    onkeydown: (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) { event.preventDefault(); choose(chosen + step); }
    },
  }, name));
  list.append(...buttons);
  draw();
  return { element: h("div", {}, list, sheet), update: (wanted) => { state = wanted; draw(); } };
}

const pairs = (items) => h("table", {}, h("tbody", {}, items.map(([name, value]) =>
  h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "gw-mono gw-whole" }, String(value ?? "–"))))));
const KINDS = { processed: "good", replayed: "good", duplicate: "good", retry: "warn", dead: "bad" };
const tries = (attempts) => h("ol", { class: "gw-tries" }, attempts.map((each) => h("li", {},
  h("div", {}, mark(KINDS[each.outcome] ?? "busy", `attempt ${each.attempt}: ${each.outcome}`),
    h("span", { class: "gw-muted" }, clockTime(each.at),
      each.runtimeS === null || each.runtimeS === undefined ? "" : `, took ${Math.round(1000 * each.runtimeS)} ms`)),
  each.reason || each.error ? h("p", {}, [each.reason, each.error].filter(Boolean).join(" · ")) : null)));

const SHEETS = [
  { name: "Payload", of: (d) => [d.payload, d.sentence], draw: ([payload, sentence]) => h("div", {},
    sentence ? h("p", { class: "gw-problem" }, sentence) : null,
    payload === null || payload === undefined ? nothing("The body is not kept: the event waits in a queue, or the body was too large or too long ago.")
      : typeof payload === "string" ? h("pre", { class: "gw-mono gw-whole" }, payload) : tree(payload, { open: 4 })) },
  { name: "Message", of: (d) => d.message, draw: (m) => m ? tree(m, { open: 4 }) : nothing("It did not become a message.") },
  { name: "Record", of: (d) => d.record, draw: (r) => r ? pairs(Object.entries(r)) : nothing("There is no record.") },
  { name: "Headers", of: (d) => d.headers, draw: (all) => all ? pairs(Object.entries(all)) : nothing("Headers are kept in this session only.") },
  { name: "Attempts", of: (d) => d.attempts, draw: (all) => all.length ? tries(all) : nothing("The worker has not tried it.") },
  { name: "curl", of: (d) => d.curl, draw: (text) => text ? h("pre", { class: "gw-mono gw-whole", tabindex: "0" }, text) : nothing("There is nothing to send.") },
];

function searchRow(act) {
  const text = h("input", { type: "search", placeholder: "id, type, text of the body …", "aria-label": "Search" });
  const source = h("select", { "aria-label": "Where to search" });
  const back = h("button", { class: "gw-small", onclick: () => send(page - 1) }, "Newer");
  const on = h("button", { class: "gw-small", onclick: () => send(page + 1) }, "Older");
  const told = h("span", { class: "gw-muted" });
  let page = 0, waiting = null;
  const send = (wanted) => act("search", { text: text.value, source: source.value, page: wanted });
  text.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => send(0), 250); });
  source.addEventListener("change", () => send(0));
  const update = ({ query, sources, rows, more }) => {
    choices(source, Object.entries(sources));
    page = query.page;
    back.disabled = page === 0;
    on.disabled = !more;
    setText(told, rows.length ? `${100 * page + 1} to ${100 * page + rows.length}${more ? ", and more" : ""}` : "none");
  };
  return { element: h("div", { class: "gw-row" }, text, source, h("span", { class: "gw-row gw-end" }, told, back, on)), update };
}

function detailSide(act, say) {
  const title = h("h4", {}, "Choose a row to look into it");
  const replay = h("button", { class: "gw-small", hidden: true, onclick: () => act("replay", { event: detail.event }) });
  const curl = h("button", { class: "gw-small", hidden: true, onclick: async () => {
    const done = await copy(detail.curl);
    say(done ? "good" : "bad", done ? `Copied.${personal ? "" : " Personal data is masked in it."}` : "The browser does not let us copy: take it from the tab curl.");
  } }, "Copy as curl");
  const sheets = tabs("Of the chosen row", SHEETS);
  const element = h("section", { class: "gw-payload", "aria-label": "The chosen row" },
    h("div", { class: "gw-row" }, title, h("span", { class: "gw-row gw-end" }, replay, curl)), sheets.element);
  let detail = null, personal = false;
  sheets.element.hidden = true;
  const update = (state) => {
    detail = state.detail;
    personal = state.personal;
    sheets.element.hidden = !detail;
    curl.hidden = !detail?.curl;
    replay.hidden = !["processed", "dead"].includes(detail?.status);
    if (!detail) return;
    setText(title, detail.event ? `Event ${detail.event.length > 24 ? `${detail.event.slice(0, 8)}…` : detail.event}` : "Refused delivery");
    title.title = detail.event ?? "";
    setText(replay, detail.status === "dead" ? "Send the dead letter back" : "Replay");
    sheets.update(detail);
  };
  return { element, update };
}

const COLUMNS = [
  { name: "at", label: "Received", cell: (row) => clockTime(row.at) },
  { name: "type", label: "Event" },
  { name: "media", label: "Media" },
  { name: "envelope", label: "Envelope" },
  { name: "state", label: "State", cell: (row) => mark(row.kind, row.state) },
  { name: "bytes", label: "Bytes", number: true, cell: (row) => row.bytes?.toLocaleString() },
];

export default {
  render(context) {
    return mount(context, "Payloads", (act, say) => {
      const personal = h("span", { class: "gw-end" });
      const search = searchRow(act), side = detailSide(act, say);
      const rows = table({ label: "What came in, the newest first", columns: COLUMNS, key: "key",
        onSelect: (row) => act("open", { key: row.key }), empty: "Nothing is found." });
      const element = h("div", { class: "gw-stack gw-payloads" },
        h("div", { class: "gw-row" }, h("h3", {}, "Payloads"), personal), search.element,
        h("div", { class: "gw-columns" }, rows.element, side.element));
      const update = (state) => {
        if (!state.query) return;
        const words = state.personal ? ["warn", "personal data is shown"] : ["good", "personal data is masked"];
        if (personal.textContent !== words[1]) personal.replaceChildren(mark(...words));
        search.update(state);
        side.update(state);
        rows.update(state.rows);
      };
      return { element, update };
    });
  },
};
