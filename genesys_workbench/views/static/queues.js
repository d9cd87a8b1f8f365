/* The queue panel. */

const TASK_STATES = [
  ["all", "All", null], ["queued", "Queued", "ready"], ["retrying", "Retrying", "retrying"], ["dead", "Dead", "dead"],
  ["processed", "Processed", "events"], ["repeated", "Came again", null], ["letters", "Dead-letter queue", "letters"],
];
const PEEKING = ["queued", "letters"];
const taskTime = (iso) => clockTime(iso, 0);
const counted = (value) => value === null || value === undefined ? null : value.toLocaleString();

function headRow(act) {
  const broker = h("span"), worker = h("span"), told = h("span", { class: "gw-muted" });
  const toggle = h("button", { onclick: () => act(toggle.dataset.action) });
  const setUp = h("button", { onclick: () => act("setup"), title: "Declare exchanges and queues, and prove them" }, "Set up");
  const update = ({ broker: b, worker: w, levels }) => {
    broker.replaceChildren(levels.away ? mark("bad", levels.away) : mark("good", { amqp: "your RabbitMQ", local: "private RabbitMQ", memory: "embedded broker" }[b.kind]));
    broker.title = b.management ? `${b.why}; management: ${b.management}` : b.why;
    const consumers = levels.consumers === null ? "" : `, ${levels.consumers} connected`;
    worker.replaceChildren(!w ? mark(levels.consumers ? "good" : "warn", `workers elsewhere${consumers}`)
      : w.running ? mark(levels.consumers === 0 ? "busy" : "good", levels.consumers === 0 ? "worker starts" : "worker runs") : mark("bad", "worker stopped"));
    setText(told, !w ? "" : w.kind === "thread" ? "a thread of this kernel" : w.running ? `pid ${w.pid}, ${w.concurrency} at once${consumers}` : "");
    toggle.hidden = !w;
    if (w) { toggle.dataset.action = w.running ? "stop_worker" : "start_worker"; setText(toggle, w.running ? "Stop worker" : "Start worker"); }
  };
  const element = h("div", { class: "gw-row" }, h("h3", {}, "Queues and tasks"), broker, worker, told, toggle, h("span", { class: "gw-end" }, setUp));
  return { element, update };
}

/** How many waited over the last looks: a line for the queue, one for the dead letters, and the words for both. */
function depthHistory() {
  const svg = (name, props) => { const made = document.createElementNS("http://www.w3.org/2000/svg", name); Object.entries(props).forEach(([k, v]) => made.setAttribute(k, v)); return made; };
  const queue = svg("polyline", { class: "gw-q-ready" }), dead = svg("polyline", { class: "gw-q-dead" });
  const chart = svg("svg", { viewBox: "0 0 240 40", preserveAspectRatio: "none", role: "img" });
  const words = h("span", { class: "gw-muted" });
  chart.append(queue, dead);
  const update = ({ levels: { history } }) => {
    const top = Math.max(1, ...history.flat());
    const line = (which) => history.map((point, n) => `${(240 * (n + 120 - history.length)) / 119},${38 - (36 * point[which]) / top}`).join(" ");
    queue.setAttribute("points", line(0));
    dead.setAttribute("points", line(1));
    setText(words, `last two minutes: at most ${Math.max(0, ...history.map((p) => p[0])).toLocaleString()} in the queue (solid), ${Math.max(0, ...history.map((p) => p[1])).toLocaleString()} dead letters (dashed)`);
    chart.setAttribute("aria-label", words.textContent);
  };
  return { element: h("div", { class: "gw-q-history" }, chart, words), update };
}

function fireRow(act) {
  const name = h("select", { "aria-label": "Sample event" }), client = h("select", { "aria-label": "Sent by" });
  const count = h("input", { type: "number", min: "1", max: "100", value: "1", "aria-label": "How many" });
  const fire = h("button", { class: "gw-main", onclick: () => act("fire", { name: name.value, client: client.value, count: count.value }) }, "Fire");
  const all = h("button", { class: "gw-end", onclick: () => act("retry_all") }, "Retry all dead letters");
  const update = ({ choices: known, levels }) => {
    const fresh = !name.options.length;
    choices(name, known.names.map((each) => [each, each]));
    if (fresh) name.value = "voice-inbound";
    choices(client, Object.entries(known.clients));
    all.disabled = levels.letters === 0;
  };
  const element = h("div", { class: "gw-row" }, h("b", {}, "Fire a task"), name, h("span", {}, "×"), count, h("span", {}, "by"), client, fire, all);
  return { element, update };
}

function stateRow(act) {
  const buttons = TASK_STATES.map(([state, words]) => h("button", { class: "gw-small", "aria-pressed": "false", onclick: () => act("filter", { state }) }, words));
  const told = h("span", { class: "gw-muted gw-end" });
  const update = ({ filter, rows, lookedAt, levels }) => {
    TASK_STATES.forEach(([state, words, count], n) => {
      const number = count ? levels[count] : null;
      setText(buttons[n], number === null || number === undefined ? words : `${words} ${number.toLocaleString()}`);
      buttons[n].setAttribute("aria-pressed", String(state === filter));
    });
    setText(told, PEEKING.includes(filter) ? `as of ${taskTime(lookedAt)}; choose it again to look again` : `newest ${rows.length}`);
  };
  const element = h("div", { class: "gw-row gw-q-states", role: "group", "aria-label": "Which tasks" }, buttons, told);
  return { element, update };
}

function attemptItem(attempt) {
  const took = attempt.runtime === null ? null : h("span", { class: "gw-muted" }, `${milliseconds(attempt.runtime)} ms`);
  return h("li", {},
    h("div", { class: "gw-row" }, mark(attempt.kind, `${attempt.number}. ${attempt.outcome}`), attempt.reason ? h("code", {}, attempt.reason) : null, took,
      h("time", { class: "gw-muted gw-end", datetime: attempt.at }, taskTime(attempt.at))),
    attempt.error ? h("p", {}, attempt.error) : null,
    attempt.traceback ? h("details", {}, h("summary", {}, "Traceback"), h("pre", {}, attempt.traceback)) : null);
}

function taskBox(act) {
  const box = h("section", { class: "gw-q-task", "aria-label": "The chosen task", tabindex: "0" });
  const none = h("p", { class: "gw-muted" }, "Choose a task to see its arguments, attempts and tracebacks.");
  let shown = null;
  const again = (task) => {
    const words = { processed: "Replay", dead: "Retry" }[task.status];
    return words ? h("button", { class: "gw-main gw-small gw-end", onclick: () => act("retry", { event: task.id }) }, words) : null;
  };
  const kept = (title, value, absent) => value === null && !absent ? []
    : [h("h4", {}, title), value === null ? h("p", { class: "gw-muted" }, absent) : tree(value, { open: 3 })];
  const build = (task) => [
    h("div", { class: "gw-row" }, h("h3", {}, task.type ?? "a message"), mark(task.kind, task.status), again(task)),
    h("p", { class: "gw-mono gw-muted" }, `event ${task.id}`, h("br"), `conversation ${task.conversation ?? "–"}`),
    ...(task.attempts.length ? [h("h4", {}, "Attempts"), h("ol", {}, task.attempts.map(attemptItem))] : []),
    ...kept("Arguments", task.arguments, task.absent), ...kept("Headers", task.headers, ""),
  ];
  const update = ({ detail }) => {
    const told = JSON.stringify(detail);
    if (told === shown) return;
    const open = [...box.querySelectorAll("details")].map((each) => each.open);
    const same = shown && detail && JSON.parse(shown)?.id === detail.id && JSON.parse(shown).attempts.length === detail.attempts.length;
    const hadFocus = box.contains(document.activeElement) && document.activeElement !== box;
    shown = told;
    box.replaceChildren(...(detail ? build(detail) : [none]));
    if (same) box.querySelectorAll("details").forEach((each, n) => { each.open = open[n] ?? each.open; });
    if (hadFocus) box.focus();
  };
  return { element: box, update };
}

const TASK_COLUMNS = [
  { name: "at", label: "Last try", cell: (row) => row.at ? h("time", { datetime: row.at, title: row.at }, taskTime(row.at)) : "–" },
  { name: "type", label: "Event", cell: (row) => h("span", {}, row.type ?? "unknown", row.media ? h("span", { class: "gw-muted" }, ` ${row.media}`) : null) },
  { name: "status", label: "State", cell: (row) => mark(row.kind, row.status) },
  { name: "tries", label: "Tries", number: true, cell: (row) => String(row.tries || "–") },
  { name: "runtime", label: "Took ms", number: true, cell: (row) => milliseconds(row.runtime) ?? "–" },
  { name: "reason", label: "Why", cell: (row) => row.reason ? h("span", { title: row.error }, row.reason) : row.repeats ? `came ${row.repeats}× again` : "" },
  { name: "conversation", label: "Conversation", cell: (row) => shortId(row.conversation) },
  { name: "id", label: "Event id", cell: (row) => shortId(row.id) },
];

const shownLevels = ({ levels: f }) => ({
  ready: ["In the queue", counted(f.ready)],
  unacked: ["Unacked", counted(f.unacked)],
  retrying: ["Wait for next try", counted(f.retrying)],
  letters: ["Dead letters", counted(f.letters)],
  events: ["Processed", counted(f.events)],
  rate: ["Per second", f.rate === null ? null : f.rate.toFixed(1)],
  duplicates: ["Repetitions", counted(f.duplicates)],
});

export default {
  render(context) {
    return mount(context, "Queues and tasks", (act) => {
      const numbers = figures();
      const rows = table({ label: "Tasks, the newest first", columns: TASK_COLUMNS, key: "id",
        onSelect: (row) => act("open", { event: row.id }), empty: "No task is in this state." });
      const head = headRow(act), past = depthHistory(), fire = fireRow(act), states = stateRow(act), task = taskBox(act);
      const parts = [head, past, fire, states, task];
      const element = h("div", { class: "gw-q" }, head.element, numbers.element, past.element, fire.element, states.element,
        h("div", { class: "gw-columns" }, rows.element, task.element));
      const update = (state) => {
        if (!state.levels) return;
        numbers.update(shownLevels(state));
        parts.forEach((part) => part.update(state));
        rows.update(state.rows);
      };
      return { element, update };
    });
  },
};
