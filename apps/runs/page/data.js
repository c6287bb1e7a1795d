// The story, as objects. Times are nanoseconds since the run began; turns count from 1.
const raw = JSON.parse(document.getElementById("story").textContent);
const text = (number) => raw.texts[number];

const lanes = raw.lanes.map(([name, isMember], index) => ({ name, isMember, index }));
const members = lanes.filter((lane) => lane.isMember);
const clients = lanes.filter((lane) => !lane.isMember);

const events = raw.events.map(([at, turn, lane, kind, term, index, other, words]) =>
  ({ at, turn, lane, kind: raw.kinds[kind], term, index, other, text: text(words) }));

const fates = ["under_way", "read", "lost"];
const messages = raw.messages.map(([from, to, kind, fate, sentAt, sentTurn, endedAt, endedTurn, term, words]) =>
  ({ from, to, kind: raw.message_kinds[kind], fate: fates[fate], sentAt, sentTurn, endedAt, endedTurn, term, text: text(words) }));

const faults = raw.faults.map(([begin, end, of, kind, words]) => ({ begin, end, lanes: of, kind, text: words }));

const ends = ["answered", "refused", "unknown"];
const operations = raw.operations.map(([client, number, what, askedAt, askedTurn, endedAt, endedTurn, end, answer]) =>
  ({ client, number, what: text(what), askedAt, askedTurn, endedAt: endedAt < 0 ? null : endedAt, endedTurn, end: endedAt < 0 ? "open" : ends[end],
    answer: text(answer), lane: members.length + client }));
operations.sort((one, other) => one.askedAt - other.askedAt || one.askedTurn - other.askedTurn);

const [endAt, endTurn] = raw.end;
const hasFailed = raw.verdict.kind !== "pass";
const named = (name) => (name === null ? null : operations.find((one) => one.client === name[0] && one.number === name[1]) || null);
const guilty = named(raw.subject.operation);
const witness = named(raw.subject.witness);  // whose answer shows that the guilty one's is wrong

// Numbers of requests that no plan has are those that a client asked anew until it had an answer.
const operationName = (one) => `${lanes[one.lane].name}, ` + (one.number >= 1000000 ? `asked anew ${one.number - 1000000 + 1}` : `operation ${one.number}`);

// `23.456789 s`, with as many digits as a step of this many nanoseconds needs.
function timeText(at, step = 1000) {
  const digits = Math.min(9, Math.max(0, Math.ceil(9 - Math.log10(Math.max(1, step)))));
  return `${(at / 1e9).toFixed(digits)} s`;
}
function durationText(time) {
  if (time >= 1e9) return `${(time / 1e9).toFixed(3)} s`;
  if (time >= 1e6) return `${(time / 1e6).toFixed(1)} ms`;
  return `${Math.round(time / 1e3)} µs`;
}

// What an event says, for somebody who has not seen one.
function eventWords(event) {
  const other = event.other < 0 ? "nobody" : lanes[event.other].name;
  const entry = event.term ? `${event.index} (term ${event.term})` : `${event.index}`;
  switch (event.kind) {
    case "started": return `starts, for the ${event.text === "1" ? "first time" : event.text + ". time"}`;
    case "ready": return "is ready and serves";
    case "crashed": return event.text;
    case "stopped": return `gives up: ${event.text}`;
    case "retired": return "has learned that it was removed from the group, and ends";
    case "wiped": return "gets an empty disk, for another member";
    case "recovered": return `has opened its files: its log ends with ${entry}`;
    case "part":
      if (event.text === "leader") return `becomes leader, in term ${event.term}`;
      if (event.text === "candidate") return `campaigns, for term ${event.term}`;
      return event.other < 0 ? `follows nobody yet, in term ${event.term}` : `follows ${other}, in term ${event.term}`;
    case "group": return `the group is, by its log, ${event.text}`;
    case "vote": return `vote for ${other} in term ${event.term}: ${event.text}`;
    case "appended": return `has entry ${entry} in its log, in memory`;
    case "written": return `writes its log up to ${entry}`;
    case "log_synced": return `its log is on its disk up to ${event.index}`;
    case "committed": return `calls entry ${entry} committed: a promise`;
    case "applied": return `has applied index ${event.index}` + (event.text ? `: ${event.text}` : "");
    case "store_durable": return `its store is on its disk up to index ${event.index}`;
    case "log_truncated": return `drops the beginning of its log, through ${event.index}`;
    case "log_replaced": return `a snapshot takes the place of its log, up to ${entry}`;
    case "installed": return `works on the store of a snapshot, up to ${entry}` + (event.text ? `: ${event.text}` : "");
    case "snapshot_begun": return `sends a snapshot up to ${entry} to ${other}`;
    case "snapshot_ended": return `its snapshot for ${other}: ${event.text}`;
    case "fault": return `meets a fault: ${event.text.replaceAll("_", " ")}`;
    case "log_line": return `says: ${event.text}`;
    default: return event.kind;
  }
}
function messageWords(message) {
  const how = message.fate === "lost" ? " (lost)" : message.fate === "under_way" ? " (still on its way)" : "";
  return `${lanes[message.from].name} to ${lanes[message.to].name}${message.term ? `, term ${message.term}` : ""}: ${message.text}${how}`;
}

// Everything that a cursor can stop at, by turn, and within a turn from what was read to what was sent.
const moments = [];
for (const event of events) moments.push({ at: event.at, turn: event.turn, rank: 1, lane: event.lane, what: eventWords(event), kind: event.kind, event });
for (const message of messages) {
  moments.push({ at: message.sentAt, turn: message.sentTurn, rank: 4, lane: message.from, what: `sends to ${lanes[message.to].name}: ${message.text}`, kind: message.kind, message });
  if (message.fate === "read") {
    moments.push({ at: message.endedAt, turn: message.endedTurn, rank: 0, lane: message.to, what: `reads from ${lanes[message.from].name}: ${message.text}`, kind: message.kind, message });
  }
}
for (const one of operations) {
  moments.push({ at: one.askedAt, turn: one.askedTurn, rank: 3, lane: one.lane, what: `asks: ${one.what}`, kind: "asked", operation: one });
  if (one.endedAt !== null) moments.push({ at: one.endedAt, turn: one.endedTurn, rank: 2, lane: one.lane, what: `is told: ${one.answer}`, kind: "ended", operation: one });
}
moments.sort((one, other) => one.turn - other.turn || one.rank - other.rank || one.at - other.at);
