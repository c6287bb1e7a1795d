// What stands beside the picture: the members' state, what happens around the cursor, the clients' history, the plan in words.
const element = (id) => document.getElementById(id);
function make(tag, words, className) {
  const made = document.createElement(tag);
  if (words !== undefined) made.textContent = words;
  if (className) made.className = className;
  return made;
}

const counted = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;

const columns = [
  ["Member", null],
  ["Process", (s) => (s.isUp ? (s.isReady ? "serves" : "starting") : `not running: ${s.why}`)],
  ["Part", (s) => (s.part !== "follower" ? s.part : s.leader < 0 ? "follower of nobody" : `follower of ${lanes[s.leader].name}`)],
  ["Term", (s) => (s.term ? String(s.term) : "")],
  ["Vote", (s) => s.vote],
  // Of a group of voters that stays as it is everybody's is the same.
  ...(raw.schedule.spares + raw.schedule.learners > 0 ? [["Group, by its log", (s) => s.group.replace(/^\{|\}$/g, "")]] : []),
  ["Log ends", (s) => (s.last ? `${s.last} (term ${s.lastTerm})` : "")],
  ["Log on disk", (s) => [s.durable ? `${s.durable}` : "", s.isBeingWritten ? `being written: ${s.written}` : ""].filter(Boolean).join(" · ")],
  ["Committed", (s) => (s.committed ? String(s.committed) : "")],
  ["Applied", (s) => (s.applied ? String(s.applied) : "")],
  ["Holds", (s) => s.holds],
  ["Store on disk", (s) => (s.storeDurable ? `index ${s.storeDurable}` : "")],
  ...(events.some((one) => one.kind === "snapshot_begun") ? [["Snapshot", (s) => s.snapshot]] : []),
  ...(faults.length > 0 ? [["Faults now", null]] : []),
];

function faultsOf(lane) {
  const at = view.cursor.at;
  return [...new Set(faults.filter((one) => one.lanes.includes(lane) && one.begin <= at && (at < one.end || one.end === endAt)).map((one) => one.kind.replaceAll("_", " ")))].join(", ");
}

let shownCursor = null;
function drawState() {
  const { at, turn } = view.cursor;
  if (shownCursor && shownCursor.turn === turn && shownCursor.at === at) return;
  shownCursor = { at, turn };
  element("cursor-time").textContent = `${timeText(at)}, turn ${turn}`;
  const now = statesAt(turn);
  const before = statesAt(turn - 1);
  const body = element("state").tBodies[0];
  body.replaceChildren(...members.map((member) => {
    const row = make("tr", undefined, `${now[member.index].isUp ? "" : "down"} ${member.index === raw.subject.lane ? "subject" : ""}`);
    for (const [name, read] of columns) {
      if (name === "Member") { const head = make("th", member.name); head.scope = "row"; row.append(head); continue; }
      if (name === "Faults now") { row.append(make("td", faultsOf(member.index))); continue; }
      const value = read(now[member.index]);
      const cell = make("td", value, value !== read(before[member.index]) ? "changed" : "");
      if (value.length > 24) cell.classList.add("long");
      if (value === "leader") cell.classList.add("leads");
      row.append(cell);
    }
    return row;
  }));
  drawAround(turn);
}
drawers.push(drawState);

function drawAround(turn) {
  const wanted = [];
  const collect = (index, direction, count) => {
    for (; index >= 0 && index < moments.length && count > 0; index += direction) {
      if (!isShown(moments[index])) continue;
      wanted.push(moments[index]);
      count -= 1;
    }
  };
  const after = momentsThrough(turn);
  collect(after - 1, -1, 9);
  wanted.reverse();
  collect(after, 1, 5);
  element("around").replaceChildren(...wanted.map((moment) => {
    const item = make("li", undefined, moment.turn === turn ? "now" : "");
    item.append(make("span", timeText(moment.at), "when"), make("b", lanes[moment.lane].name), make("span", moment.what));
    item.addEventListener("click", () => setCursor(moment.at, moment.turn));
    return item;
  }));
}

function historyRows() {
  const client = element("client-filter").value;
  const all = element("history-all").checked;
  const near = guilty ? guilty.askedAt : endAt;
  const chosen = operations.filter((one) => client === "" || String(one.client) === client);
  if (all) return [chosen, chosen.length];
  const distance = (one) => Math.min(Math.abs(one.askedAt - near), Math.abs((one.endedAt === null ? endAt : one.endedAt) - near));
  const nearest = [...chosen].sort((one, other) => distance(one) - distance(other)).slice(0, 40);
  return [chosen.filter((one) => nearest.includes(one) || one === witness), chosen.length];
}

function guiltyMark() {
  if (raw.verdict.kind !== "liveness") return raw.subject.index ? "the broken promise is about this" : "first illegal operation";
  return guilty.end === "open" ? "never answered" : "the last that it was told";
}

function drawHistory() {
  const [rows, count] = historyRows();
  element("history-count").textContent = rows.length === count ? counted(count, "operation") : `the ${rows.length} of ${count} operations that are nearest to the ${hasFailed ? "failure" : "end"}`;
  element("history").tBodies[0].replaceChildren(...rows.map((one) => {
    const isGuilty = one === guilty;
    const row = make("tr", undefined, isGuilty ? "guilty" : one === witness ? "witness" : "");
    row.tabIndex = 0;
    if (one === witness) row.id = "witness-operation";
    if (isGuilty) row.id = "guilty-operation";
    const what = make("td", undefined, "what");
    if (isGuilty) what.append(make("span", guiltyMark(), "mark"));
    if (one === witness) what.append(make("span", "had been answered before", "mark witness"));
    what.append(one.what);
    const told = one.end === "open" ? "no answer by the end of the run" : one.answer;
    row.append(make("td", lanes[one.lane].name), make("td", timeText(one.askedAt), "when"), what, make("td", one.end === "open" ? "" : timeText(one.endedAt), "when"),
      make("td", { answered: "answered", refused: "refused, no effect", unknown: "open: may have happened", open: "waiting" }[one.end], `end-${one.end}`), make("td", told, "told"));
    const look = () => {
      const end = one.endedAt === null ? endAt : one.endedAt;
      const length = Math.max(end - one.askedAt, 2e6);
      show(one.askedAt - length * 0.3, end + length * 0.3);
      setCursor(end, one.endedAt === null ? endTurn : one.endedTurn);
      canvas.scrollIntoView({ block: "center" });
    };
    row.addEventListener("click", look);
    row.addEventListener("keydown", (event) => { if (event.key === "Enter") look(); });
    return row;
  }));
  const box = element("history").parentElement;
  const row = element("guilty-operation");
  box.scrollTop = row ? row.offsetTop - box.clientHeight / 2 : box.scrollHeight;
}

function fillHead(table, names) {
  const row = make("tr");
  for (const name of names) { const head = make("th", name); head.scope = "col"; row.append(head); }
  table.tHead.replaceChildren(row);
}

function fillSchedule() {
  const plan = raw.schedule;
  const box = element("schedule");
  const spares = plan.spares ? `, ${counted(plan.spares, "machine")} to spare` : "";
  box.append(make("p", `${counted(plan.members, "member")}${plan.learners ? ` (${plan.learners} of them learners)` : ""}${spares}, ${counted(plan.clients, "client")}, ` +
    `${counted(plan.operations, "operation")}. Faults until ${timeText(plan.faults_until, 1e8)}, then everything heals; the run ends at ${timeText(plan.duration, 1e8)} at the latest.`));
  const listOf = (actions) => {
    const list = make("ol");
    for (const [at, words] of actions) {
      const item = make("li");
      item.append(make("span", timeText(at, 1e6), "when"), make("span", words));
      list.append(item);
    }
    return list;
  };
  const reached = plan.actions.filter(([, , wasReached]) => wasReached), later = plan.actions.filter(([, , wasReached]) => !wasReached);
  if (reached.length > 0) box.append(make("h3", "One after the other"), listOf(reached));
  if (later.length > 0) {
    const rest = make("details");
    rest.append(make("summary", `${later.length} more ${later.length === 1 ? "fault was" : "faults were"} to follow; the failure came first`), listOf(later));
    box.append(rest);
  }
  for (const [title, entries] of [["By chance, at any time", plan.rates], ["For good, when the faults end", plan.broken]]) {
    if (entries.length === 0) continue;
    box.append(make("h3", title));
    const list = make("ul");
    for (const words of entries) list.append(make("li", words));
    box.append(list);
  }
  if (plan.actions.length + plan.rates.length + plan.broken.length === 0) box.append(make("p", "No fault at all: clients alone brought this about."));
}

function fillCommands() {
  const quoted = /^[\w.\/-]+$/.test(raw.trace) ? raw.trace : `'${raw.trace.replaceAll("'", "'\\''")}'`;
  const lines = [[`${raw.program} replay ${quoted} --log`, "the same run again, with what the members said"]];
  if (hasFailed) lines.push([`${raw.program} shrink ${quoted} -o smaller.trace.json`, "the smallest schedule that still fails in the same way; a report of that one is easier to read"]);
  lines.push([`${raw.program} report ${quoted} -o page.html`, "this page"]);
  for (const [command, words] of lines) {
    const line = make("div", undefined, "command");
    const button = make("button", "Copy");
    button.type = "button";
    button.addEventListener("click", async () => {
      try { await navigator.clipboard.writeText(command); button.textContent = "Copied"; } catch { button.textContent = "Select and copy"; }
    });
    line.append(make("code", command), button, make("span", words, "note"));
    element("commands").append(line);
  }
  if (raw.verdict.kind === "crash") {
    element("recorded").textContent = `The run ended its own process; this page shows it up to the turn before (${raw.build}).`;
    return;
  }
  element("recorded").textContent = (raw.recorded.is_same ? "This is the recorded run, bit for bit" : "This is another run than the recorded one: another build made the trace") +
    ` (digest ${raw.recorded.digest}; ${raw.build}).` + (raw.recorded.is_same || !raw.recorded.message ? "" : ` Recorded was: ${raw.recorded.message}`);
}

// The first time that a word of the glossary stands in an element, its meaning is there to see.
function gloss(root) {
  const known = raw.glossary.filter(([word]) => !/[,(]/.test(word)).map(([word, meaning]) => ({ word, meaning, isUsed: false })).sort((one, other) => other.word.length - one.word.length);
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest(".term, button, code")) nodes.push(walker.currentNode);
  for (const node of nodes) {
    for (const entry of known) {
      if (entry.isUsed) continue;
      const found = new RegExp(`\\b${entry.word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}s?\\b`, "i").exec(node.data);
      if (!found) continue;
      entry.isUsed = true;
      const rest = node.splitText(found.index);
      rest.splitText(found[0].length);
      const term = make("span", found[0], "term");
      term.tabIndex = 0;
      term.dataset.meaning = entry.meaning.replaceAll("`", "");
      rest.replaceWith(term);
      break;
    }
  }
}

function fillGlossary() {
  for (const [word, meaning] of raw.glossary) {
    const box = make("div");
    box.append(make("dt", word), make("dd", meaning.replaceAll("`", "")));
    element("glossary").append(box);
  }
}
