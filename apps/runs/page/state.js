// What each member was at a turn: the events up to it, folded.
function emptyState() {
  return {
    isUp: false, isReady: false, why: "has not started", starts: 0, part: "", term: 0, leader: -1, vote: "",
    last: 0, lastTerm: 0, written: 0, durable: 0, committed: 0, applied: 0, holds: "", storeDurable: 0, first: 0, snapshot: "", group: "", isBeingWritten: false,
  };
}

// What was in memory only.
function forget(state) {
  Object.assign(state, { isReady: false, part: "", leader: -1, committed: 0, applied: 0, holds: "", snapshot: "", isBeingWritten: false, last: state.durable, written: state.durable });
}

function applyEvent(state, event) {
  switch (event.kind) {
    case "started": state.isUp = true; state.isReady = false; state.starts += 1; state.why = ""; return;
    case "ready": state.isReady = true; return;
    case "crashed": case "stopped": state.isUp = false; state.why = event.text; return forget(state);
    case "retired": state.isUp = false; state.why = "removed from the group"; return forget(state);
    case "wiped": Object.assign(state, emptyState(), { starts: state.starts, why: "an empty disk" }); return;
    case "recovered":
      Object.assign(state, { last: event.index, lastTerm: event.term, durable: event.index, written: event.index });
      state.term = Math.max(state.term, event.term);
      return;
    case "group": state.group = event.text; return;
    case "part": state.part = event.text; state.term = event.term; state.leader = event.other; return;
    case "vote":
      state.vote = event.other < 0 ? "" : `${lanes[event.other].name} in term ${event.term}`;
      state.term = Math.max(state.term, event.term);
      return;
    case "appended":
      state.last = event.index; state.lastTerm = event.term;
      state.written = Math.min(state.written, event.index - 1);
      state.durable = Math.min(state.durable, event.index - 1);
      return;
    case "written": state.written = Math.max(state.written, event.index); state.isBeingWritten = true; return;
    case "log_synced": state.durable = event.index; state.isBeingWritten = state.written > event.index; return;
    case "committed": state.committed = event.index; return;
    case "applied": state.applied = event.index; state.holds = event.text || state.holds; return;
    case "store_durable": state.storeDurable = event.index; return;
    case "log_truncated": state.first = event.index + 1; return;
    case "log_replaced": Object.assign(state, { last: event.index, lastTerm: event.term, first: event.index + 1, committed: Math.max(state.committed, event.index) }); return;
    case "installed": state.applied = event.index; state.holds = event.text || state.holds; state.storeDurable = event.index; state.durable = Math.max(state.durable, event.index); return;
    case "snapshot_begun": state.snapshot = event.other < 0 ? "" : `sends a snapshot to ${lanes[event.other].name}`; return;
    case "snapshot_ended": state.snapshot = ""; return;
    default:
  }
}

// Of all members, with everything up to and including this turn.
function statesAt(turn) {
  const states = members.map(emptyState);
  for (const event of events) {
    if (event.turn > turn) break;
    if (event.lane < states.length) applyEvent(states[event.lane], event);
  }
  return states;
}

// Terms, leadership and absence of each member over the run, as stretches of time.
function stretchesOf(lane) {
  const stretches = [];
  const state = emptyState();
  let begin = 0;
  let before = { isUp: false, term: 0, part: "" };
  const close = (at) => {
    if (at > begin) stretches.push({ begin, end: at, ...before });
    begin = at;
  };
  for (const event of events) {
    if (event.lane !== lane) continue;
    applyEvent(state, event);
    if (state.isUp === before.isUp && state.term === before.term && state.part === before.part) continue;
    close(event.at);
    before = { isUp: state.isUp, term: state.term, part: state.part };
  }
  close(endAt);
  return stretches;
}
const stretches = members.map((member) => stretchesOf(member.index));
