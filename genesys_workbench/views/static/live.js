/* The live panel. */

const numeric = (value, most, label) =>
  h("input", { type: "number", min: "1", max: String(most), value: String(value), class: "gw-count", "aria-label": label });
const group = (title, ...children) => h("fieldset", {}, h("legend", {}, title), h("div", { class: "gw-row" }, children));

/** Events a second over the last minute, as bars with one word for those who do not see them. */
function sparkline() {
  const bars = h("div", { class: "gw-spark", role: "img" });
  const words = h("span", { class: "gw-muted" });
  const update = (rates) => {
    const top = Math.max(...rates, 1);
    while (bars.children.length < rates.length) bars.append(h("i"));
    rates.forEach((rate, place) => { bars.children[place].style.height = `${rate ? Math.max(6, (100 * rate) / top) : 0}%`; });
    setText(words, `last minute, highest ${Math.max(...rates, 0)} a second`);
    bars.setAttribute("aria-label", `Events a second, ${words.textContent}`);
  };
  return { element: h("div", { class: "gw-sparkline" }, bars, words), update };
}

function receiverRow(act) {
  const state = h("span"), place = h("code", { class: "gw-mono gw-muted" });
  const button = h("button", { onclick: () => act(button.dataset.action) });
  const broker = h("span", { class: "gw-end" });
  const update = ({ receiver, queue }) => {
    state.replaceChildren(receiver.running ? mark("good", "receiver runs") : mark("bad", "receiver stopped"));
    setText(place, receiver.running ? receiver.url + (receiver.secret ? " (asks for a secret)" : "") : "");
    place.title = receiver.note ?? "";
    button.dataset.action = receiver.running ? "stop" : "start";
    setText(button, receiver.running ? "Stop receiver" : "Start receiver");
    broker.replaceChildren(queue.away ? mark("bad", queue.away) : mark("good", "broker there"));
  };
  return { element: h("div", { class: "gw-row" }, h("h3", {}, "Live events"), state, button, place, broker), update };
}

function triggerGroup(act) {
  const name = h("select", { "aria-label": "Sample event" }), envelope = h("select", { "aria-label": "Envelope" });
  const count = numeric(1, 100, "How many");
  const send = () => act("trigger", { name: name.value, envelope: envelope.value, count: count.value });
  const update = ({ choices: known }) => {
    const fresh = !name.options.length;
    choices(name, known.names.map((each) => [each, each]));
    if (fresh) name.value = "voice-inbound";
    choices(envelope, known.envelopes.map((each) => [each, each]));
  };
  const element = group("Trigger a sample event", name, envelope, count,
    h("button", { class: "gw-main", onclick: send }, "Trigger"));
  return { element, update };
}

function deliverGroup(act) {
  const count = numeric(200, 100000, "How many events"), rate = numeric(20, 500, "Events a second");
  const button = h("button", { onclick: () => act(button.dataset.action, button.dataset.action === "deliver" ? { count: count.value, rate: rate.value } : {}) });
  const told = h("span", { class: "gw-muted" });
  const update = ({ simulator }) => {
    element.hidden = !simulator;
    if (!simulator) return;
    const { running, events, sent, accepted, problem } = simulator.delivering;
    button.dataset.action = running ? "end_deliveries" : "deliver";
    setText(button, running ? "Stop" : "Deliver");
    setText(told, problem || (events ? `${sent} of ${events} sent, ${accepted} accepted` : ""));
  };
  const element = group("Deliver from the simulator", count, h("span", {}, "events,"), rate, h("span", {}, "a second"), button, told);
  return { element, update };
}

function faultGroup(act) {
  const kind = h("select", { "aria-label": "What goes wrong" }), endpoint = h("select", { "aria-label": "Which calls" });
  const count = h("input", { type: "number", min: "1", value: "3", class: "gw-count", "aria-label": "How many calls; empty for all", placeholder: "all" });
  const inForce = h("span");
  const clear = h("button", { class: "gw-small", onclick: () => act("clear_faults") }, "Clear faults");
  const put = () => act("fault", { switch: kind.value, endpoint: endpoint.value, count: count.value });
  const update = ({ simulator, choices: known }) => {
    element.hidden = !simulator;
    if (!simulator) return;
    choices(kind, Object.entries(known.switches));
    choices(endpoint, Object.entries(known.endpoints));
    const wanted = simulator.faults.join("; ");
    if (inForce.dataset.told !== wanted) {
      inForce.dataset.told = wanted;
      inForce.replaceChildren(...(simulator.faults.length ? simulator.faults.map((each) => mark("warn", each)) : [mark("good", "no fault in force")]));
    }
    clear.hidden = !simulator.faults.length;
  };
  const element = group("Break the API on purpose", h("span", {}, "next"), count, endpoint, h("span", {}, "get"), kind,
    h("button", { onclick: put }, "Break"), inForce, clear);
  return { element, update };
}

function filterRow(act, onPause) {
  const text = h("input", { type: "search", placeholder: "id, type, text of the body …", "aria-label": "Filter the events" });
  const state = h("select", { "aria-label": "State" });
  const told = h("span", { class: "gw-muted gw-end" });
  let waiting = null;
  const send = () => act("filter", { text: text.value, state: state.value });
  text.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(send, 250); });
  state.addEventListener("change", send);
  const pause = h("button", { "aria-pressed": "false", onclick: () => {
    const paused = pause.getAttribute("aria-pressed") === "false";
    pause.setAttribute("aria-pressed", String(paused));
    setText(pause, paused ? "Go on" : "Hold the list");
    onPause(paused);
  } }, "Hold the list");
  const update = ({ choices: known, rows, kept, filter }) => {
    choices(state, known.states.map((each) => [each, each === "all" ? "all states" : each]));
    setText(told, filter.text || filter.state !== "all"
      ? `${rows.length} shown by the filter` : `newest ${rows.length} of ${kept.toLocaleString()} deliveries`);
  };
  return { element: h("div", { class: "gw-row" }, text, state, pause, told), update };
}

function detailBox(act) {
  const title = h("h4", {}, "Choose an event to see its way"), ids = h("p", { class: "gw-mono gw-ids" });
  const list = h("ol", { class: "gw-steps" });
  let event = null;
  const replay = h("button", { class: "gw-main gw-small", hidden: true, onclick: () => act("replay", { event }) });
  const step = ({ at, kind, what, note }) =>
    h("li", {}, h("div", {}, mark(kind, what), h("time", { class: "gw-muted", datetime: at }, clockTime(at, 3))), note ? h("p", {}, note) : null);
  let shown = "";
  const update = ({ detail }) => {
    const told = JSON.stringify(detail);
    if (told === shown) return;
    shown = told;
    event = detail?.event ?? null;
    if (!detail) return;
    setText(title, detail.type ?? "refused delivery");
    ids.replaceChildren(...[["event", detail.event], ["conversation", detail.conversation]]
      .filter(([, id]) => id).map(([name, id]) => h("span", {}, `${name} ${id}`)));
    list.replaceChildren(...detail.steps.map(step));
    replay.hidden = !["processed", "dead"].includes(detail.status);
    setText(replay, detail.status === "dead" ? "Send the dead letter back" : "Replay");
  };
  return { element: h("section", { class: "gw-detail", "aria-label": "The chosen event" },
    h("div", { class: "gw-row" }, title, h("span", { class: "gw-end" }, replay)), ids, list), update };
}

const COLUMNS = [
  { name: "at", label: "Received", cell: (row) => clockTime(row.at) },
  { name: "type", label: "Event" },
  { name: "media", label: "Media" },
  { name: "state", label: "State", cell: (row) => mark(row.kind, row.state) },
  { name: "tries", label: "Tries", number: true, cell: (row) => row.tries || "–" },
  { name: "conversation", label: "Conversation", cell: (row) => shortId(row.conversation) },
  { name: "note", label: "Why", cell: (row) => row.note || "" },
];

const shownFigures = ({ figures: f, queue }) => ({
  rate: ["Rate, last 5 s", f.rate.toFixed(1), "/s"],
  p50: ["Latency p50", milliseconds(f.p50), "ms"],
  p95: ["Latency p95", milliseconds(f.p95), "ms"],
  accepted: ["Accepted", f.accepted.toLocaleString()],
  refused: ["Refused", f.refused.toLocaleString()],
  ready: ["In the queue", queue.ready],
  unacked: ["In work", queue.unacked],
  retrying: ["Retrying", f.retrying],
  dead: ["Dead letters", queue.letters],
  events: ["In the store", f.events?.toLocaleString()],
});

export default {
  render(context) {
    return mount(context, "Live events", (act) => {
      let paused = false;
      const numbers = figures(), spark = sparkline();
      const rows = table({ label: "Events, the newest first", columns: COLUMNS, key: "key",
        onSelect: (row) => act("open", { key: row.key }), empty: "Nothing has come in. Trigger a sample event." });
      const head = receiverRow(act), trigger = triggerGroup(act), deliver = deliverGroup(act), fault = faultGroup(act);
      const filter = filterRow(act, (wanted) => { paused = wanted; }), detail = detailBox(act);
      const parts = [head, trigger, deliver, fault, filter, detail];
      const element = h("div", { class: "gw-stack gw-live" }, head.element, numbers.element, spark.element,
        h("div", { class: "gw-levers" }, trigger.element, deliver.element, fault.element),
        filter.element, h("div", { class: "gw-columns" }, rows.element, detail.element));
      const update = (state) => {
        if (!state.choices) return;
        numbers.update(shownFigures(state));
        spark.update(state.rates);
        parts.forEach((part) => part.update(state));
        if (!paused) rows.update(state.rows);
      };
      return { element, update };
    });
  },
};
