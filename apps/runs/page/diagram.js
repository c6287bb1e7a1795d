// The space-time diagram: a row for each machine, time to the right, messages as lines.
const canvas = document.getElementById("diagram");
const tip = document.getElementById("tip");
const gutter = 118, axisHeight = 26, memberHeight = 66, unusedHeight = 28, clientHeight = 44, bottom = 12;
let shapes = [];  // what was drawn and can be pointed at: { box or line, words, moment }

const everRan = members.map((member) => stretches[member.index].some((stretch) => stretch.isUp));
// Clients that had nothing to say have no row: of a smaller plan that is most of them.
const everSpoke = new Set([...operations.map((one) => one.lane), ...messages.flatMap((one) => [one.from, one.to])]);
const rows = lanes.filter((lane) => lane.isMember || everSpoke.has(lane.index));
function rowHeight(lane) {
  if (lanes[lane].isMember) return everRan[lane] ? memberHeight : unusedHeight;
  return everSpoke.has(lane) ? clientHeight : 0;
}
const rowTop = lanes.map((lane, index) => lanes.slice(0, index).reduce((sum, one) => sum + rowHeight(one.index), axisHeight));
const rowMiddle = (lane) => rowTop[lane] + rowHeight(lane) / 2 + (lanes[lane].isMember && everRan[lane] ? 6 : 0);
const pictureHeight = lanes.reduce((sum, one) => sum + rowHeight(one.index), axisHeight) + bottom;

let pictureWidth = 0;
const xOf = (at) => gutter + ((at - view.from) / (view.to - view.from)) * (pictureWidth - gutter);
const timeOf = (x) => view.from + ((x - gutter) / (pictureWidth - gutter)) * (view.to - view.from);
const isInView = (begin, end) => end >= view.from && begin <= view.to;

function drawAxis(pen) {
  const span = view.to - view.from;
  const rough = span / Math.max(2, (pictureWidth - gutter) / 120);
  const power = 10 ** Math.floor(Math.log10(rough));
  const tick = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  pen.strokeStyle = css("line");
  pen.fillStyle = css("quiet");
  pen.textAlign = "center";
  for (let at = Math.ceil(view.from / tick) * tick; at <= view.to; at += tick) {
    const x = xOf(at);
    if (x < gutter || at < -1) continue;
    pen.beginPath(); pen.moveTo(x, axisHeight - 4); pen.lineTo(x, pictureHeight); pen.globalAlpha = 0.6; pen.stroke(); pen.globalAlpha = 1;
    if (x > gutter + 30 && x < pictureWidth - 30) pen.fillText(timeText(Math.max(0, at), tick), x, 11);
  }
  pen.textAlign = "left";
}

function drawRows(pen) {
  for (const lane of rows) {
    const top = rowTop[lane.index], height = rowHeight(lane.index), middle = rowMiddle(lane.index);
    pen.strokeStyle = css("line");
    pen.beginPath(); pen.moveTo(0, top + 0.5); pen.lineTo(pictureWidth, top + 0.5); pen.stroke();
    if (lane.isMember) drawTerms(pen, lane.index, top, height);
    pen.strokeStyle = css("quiet");
    pen.globalAlpha = 0.55;
    pen.beginPath(); pen.moveTo(gutter, middle); pen.lineTo(Math.min(pictureWidth, xOf(endAt)), middle); pen.stroke();
    pen.globalAlpha = 1;
  }
}

function drawTerms(pen, lane, top, height) {
  for (const stretch of stretches[lane]) {
    if (!isInView(stretch.begin, stretch.end)) continue;
    const x = Math.max(gutter, xOf(stretch.begin)), width = Math.min(pictureWidth, xOf(stretch.end)) - x;
    if (width <= 0) continue;
    const name = lanes[lane].name;
    if (!stretch.isUp) {
      hatch(pen, x, top + 1, width, height - 1, css("down"));
      pen.fillStyle = css("quiet");
      if (everRan[lane]) pen.fillText(fitted(pen, "not running", width - 12), x + 6, top + height - 12);
      shapes.push({ box: [x, top + 12, width, height - 12], words: `${name} is not running`, isBackground: true });
      continue;
    }
    const isLeader = stretch.part === "leader", isCandidate = stretch.part === "candidate";
    pen.fillStyle = termColor(stretch.term, stretch.term === 0 ? 0 : isLeader ? 0.34 : isCandidate ? 0.2 : 0.1);
    pen.fillRect(x, top + 1, width, height - 1);
    if (isLeader) { pen.fillStyle = termColor(stretch.term, 0.95); pen.fillRect(x, top + height - 5, width, 5); }
    const words = !stretch.part ? "" : isLeader ? `leader, term ${stretch.term}` : isCandidate ? `candidate, term ${stretch.term}` : `term ${stretch.term}`;
    pen.fillStyle = isLeader ? css("ink") : css("quiet");
    pen.fillText(fitted(pen, words, width - 12), x + 6, top + height - 13);
    shapes.push({ box: [x, top + 12, width, height - 12], words: `${name}: ${stretch.part || "not a member yet"}${stretch.term ? `, in term ${stretch.term}` : ""}`, isBackground: true });
  }
}

function hatch(pen, x, y, width, height, color) {
  pen.save();
  pen.beginPath(); pen.rect(x, y, width, height); pen.clip();
  pen.strokeStyle = color; pen.globalAlpha = 0.45;
  pen.beginPath();
  const first = Math.floor(x / 7) * 7 - height;
  for (let at = first; at < x + width; at += 7) { pen.moveTo(at, y + height); pen.lineTo(at + height, y); }
  pen.stroke();
  pen.restore();
}

function drawFaults(pen) {
  const used = lanes.map(() => []);
  for (const fault of faults) {
    if (!isInView(fault.begin, fault.end)) continue;
    const begin = Math.max(gutter, xOf(fault.begin));
    const width = Math.max(4, Math.min(pictureWidth, xOf(fault.end)) - begin);
    for (const lane of fault.lanes.filter((one) => rowHeight(one) > 0)) {
      const slot = used[lane].findIndex((end) => end < begin);
      const row = slot >= 0 ? slot : used[lane].push(0) - 1;
      used[lane][row] = begin + width;
      const y = rowTop[lane] + 2 + (row % 2) * 9;
      const height = row === 0 ? 13 : 6;
      pen.fillStyle = css("fault");
      pen.globalAlpha = row === 0 ? 1 : 0.75; pen.fillRect(begin, y, width, height); pen.globalAlpha = 1;
      shapes.push({ box: [begin, y - 1, width, height + 2], words: `${timeText(fault.begin, 1e6)}: ${fault.text}` });
      const words = fitted(pen, fault.kind.replaceAll("_", " "), width - 8);
      if (words && width > 60 && row === 0) {
        pen.font = '10.5px system-ui, "DejaVu Sans", sans-serif';
        pen.fillStyle = css("panel"); pen.fillText(words, begin + 5, y + 7);
        pen.font = '12px system-ui, "DejaVu Sans", sans-serif';
      }
    }
  }
}

function drawOperations(pen) {
  for (const one of operations) {
    const end = one.endedAt === null ? endAt : one.endedAt;
    if (!isInView(one.askedAt, end)) continue;
    const x = Math.max(gutter, xOf(one.askedAt)), width = Math.max(3, Math.min(pictureWidth, xOf(end)) - x);
    const y = rowMiddle(one.lane) - 11;
    const isGuilty = one === guilty;
    const color = isGuilty ? "bad" : one === witness ? "accent" : one.end === "answered" ? "good" : one.end === "refused" ? "down" : "open";
    pen.fillStyle = css(isGuilty ? "bad-soft" : one.end === "answered" ? "good-soft" : one.end === "refused" ? "line" : "open-soft");
    pen.fillRect(x, y, width, 22);
    pen.strokeStyle = css(color);
    pen.lineWidth = isGuilty || one === witness ? 2.5 : 1;
    if (one.end === "open") pen.setLineDash([4, 3]);
    pen.strokeRect(x + 0.5, y + 0.5, width - 1, 21);
    pen.setLineDash([]); pen.lineWidth = 1;
    pen.fillStyle = isGuilty ? css("bad") : css("ink");
    pen.fillText(fitted(pen, one.what, width - 10), x + 5, y + 11.5);
    const told = one.endedAt === null ? "no answer by the end of the run" : one.answer;
    shapes.push({ box: [x, y, width, 22], words: `${operationName(one)}: ${one.what} → ${told}`, moment: { at: one.askedAt, turn: one.askedTurn }, operation: one });
  }
}

function drawMessages(pen) {
  const visible = messages.filter((one) => isInView(one.sentAt, one.fate === "under_way" ? endAt : one.endedAt) && isMessageShown(one));
  const isCrowded = visible.length > 700;
  const strength = Math.max(0.1, Math.min(0.85, 600 / visible.length));
  for (const one of visible) {
    const x0 = xOf(one.sentAt), y0 = rowMiddle(one.from), full = rowMiddle(one.to);
    const isWhole = one.fate === "read";
    let x1 = xOf(one.fate === "under_way" ? endAt : one.endedAt);
    const y1 = isWhole ? full : y0 + Math.sign(full - y0) * Math.min(Math.abs(full - y0) * 0.6, 40);
    if (!isWhole) x1 = Math.min(x1, x0 + 40);
    if (Math.max(x0, x1) < gutter) continue;
    pen.strokeStyle = pen.fillStyle = css(one.kind);
    pen.globalAlpha = view.selected === one ? 1 : strength;
    pen.lineWidth = view.selected === one ? 3 : 1.2;
    if (!isWhole) pen.setLineDash([4, 4]);
    pen.beginPath(); pen.moveTo(x0, y0); pen.lineTo(x1, y1); pen.stroke();
    pen.setLineDash([]);
    if (one.fate === "lost") cross(pen, x1, y1);
    else if (!isWhole) { pen.beginPath(); pen.arc(x1, y1, 3, 0, 7); pen.stroke(); }
    else if (isWhole && !isCrowded) arrow(pen, x0, y0, x1, y1);
    shapes.push({ line: [x0, y0, x1, y1], words: `${messageWords(one)} · sent ${timeText(one.sentAt)}` + (isWhole ? `, read ${durationText(one.endedAt - one.sentAt)} later` : ""), moment: { at: one.sentAt, turn: one.sentTurn }, message: one });
  }
  pen.globalAlpha = 1; pen.lineWidth = 1;
}

function cross(pen, x, y) {
  pen.strokeStyle = css("bad"); pen.lineWidth = 1.8;
  pen.beginPath(); pen.moveTo(x - 4, y - 4); pen.lineTo(x + 4, y + 4); pen.moveTo(x + 4, y - 4); pen.lineTo(x - 4, y + 4); pen.stroke();
}
function arrow(pen, x0, y0, x1, y1) {
  const angle = Math.atan2(y1 - y0, x1 - x0);
  pen.beginPath(); pen.moveTo(x1, y1);
  for (const turn of [2.75, -2.75]) pen.lineTo(x1 + 7 * Math.cos(angle + turn), y1 + 7 * Math.sin(angle + turn));
  pen.closePath(); pen.fill();
}

const marks = { crashed: ["✕", "bad"], stopped: ["✕", "bad"], retired: ["■", "quiet"], wiped: ["□", "quiet"], started: ["▸", "good"], ready: ["●", "good"], vote: ["◆", "vote"], installed: ["▣", "snapshot"] };
function drawEvents(pen) {
  const hasFine = view.to - view.from < 2e9;
  for (const event of events) {
    if (event.at < view.from || event.at > view.to) continue;
    const x = xOf(event.at), y = rowMiddle(event.lane);
    if (x < gutter) continue;
    const mark = marks[event.kind];
    const isSubject = hasFailed && event.turn === endTurn && event.lane === raw.subject.lane;
    if (mark) {
      pen.fillStyle = css(mark[1]); pen.textAlign = "center";
      pen.font = '14px system-ui, "DejaVu Sans", sans-serif'; pen.fillText(mark[0], x, y); pen.font = '12px system-ui, "DejaVu Sans", sans-serif';
      pen.textAlign = "left";
    } else if (event.kind === "fault") {
      pen.fillStyle = css("fault"); pen.fillRect(x - 1, y - 9, 2, 7);
    } else if (hasFine && (event.kind === "committed" || event.kind === "log_synced")) {
      pen.fillStyle = css(event.kind === "committed" ? "ink" : "quiet"); pen.fillRect(x - 0.75, y - (event.kind === "committed" ? 8 : 4), 1.5, event.kind === "committed" ? 16 : 8);
    } else if (!isSubject) continue;
    if (isSubject) { pen.strokeStyle = css("bad"); pen.lineWidth = 2.5; pen.beginPath(); pen.arc(x, y, 9, 0, 7); pen.stroke(); pen.lineWidth = 1; }
    shapes.push({ box: [x - 6, y - 8, 12, 16], words: `${timeText(event.at)} · ${lanes[event.lane].name} ${eventWords(event)}`, moment: event });
  }
}

function drawNames(pen) {
  pen.fillStyle = css("panel");
  pen.fillRect(0, 0, gutter - 1, pictureHeight);
  pen.strokeStyle = css("line");
  pen.beginPath(); pen.moveTo(gutter - 0.5, 0); pen.lineTo(gutter - 0.5, pictureHeight); pen.stroke();
  const states = statesAt(view.cursor.turn);
  for (const lane of rows) {
    const isTall = lane.isMember && everRan[lane.index];
    const y = rowMiddle(lane.index) - (isTall ? 9 : 0);
    pen.fillStyle = lane.index === raw.subject.lane || (guilty && lane.index === guilty.lane) ? css("bad") : css("ink");
    pen.font = '600 14px system-ui, "DejaVu Sans", sans-serif';
    pen.fillText(lane.name, 12, y);
    const behindName = 12 + pen.measureText(lane.name).width + 8;
    pen.font = '12px system-ui, "DejaVu Sans", sans-serif';
    pen.fillStyle = css("quiet");
    const state = states[lane.index];
    if (!lane.isMember) pen.fillText("client", behindName, y);
    else if (!isTall) pen.fillText("spare", behindName, y);
    else pen.fillText(!state.isUp ? "not running" : state.part || "starting", 12, y + 19);
  }
}

function verticalLine(pen, at, color, words, isDashed) {
  const x = xOf(at);
  if (x < gutter || x > pictureWidth + 1) return;
  pen.strokeStyle = css(color); pen.lineWidth = 1.5;
  if (isDashed) pen.setLineDash([5, 4]);
  pen.beginPath(); pen.moveTo(x, axisHeight - 6); pen.lineTo(x, pictureHeight); pen.stroke();
  pen.setLineDash([]); pen.lineWidth = 1;
  const width = pen.measureText(words).width + 12;
  const left = Math.min(Math.max(gutter, x - width / 2), pictureWidth - width - 2);
  pen.fillStyle = css(color); pen.fillRect(left, 1, width, 18);
  pen.fillStyle = css("panel"); pen.fillText(words, left + 6, 10.5);
}

function drawDiagram() {
  pictureWidth = canvas.clientWidth;
  const pen = penOf(canvas, pictureWidth, pictureHeight);
  shapes = [];
  drawRows(pen); drawAxis(pen); drawFaults(pen); drawOperations(pen); drawMessages(pen); drawEvents(pen);
  verticalLine(pen, endAt, hasFailed ? "bad" : "good", hasFailed ? "found here" : "end of the run", false);
  if (view.cursor.turn !== endTurn) verticalLine(pen, view.cursor.at, "cursor", timeText(view.cursor.at, (view.to - view.from) / 1000), true);
  drawNames(pen);
}
drawers.push(drawDiagram);

// The topmost thing at a point. Lines are met within a few pixels; backgrounds come last.
function shapeAt(x, y) {
  let best = null, bestDistance = 6;
  for (let i = shapes.length - 1; i >= 0; i -= 1) {
    const shape = shapes[i];
    if (!shape.line) continue;
    const [x0, y0, x1, y1] = shape.line;
    const length = (x1 - x0) ** 2 + (y1 - y0) ** 2;
    const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length));
    const distance = Math.hypot(x - x0 - t * (x1 - x0), y - y0 - t * (y1 - y0));
    if (distance < bestDistance) { best = shape; bestDistance = distance; }
  }
  const isIn = (shape) => shape.box && x >= shape.box[0] && x <= shape.box[0] + shape.box[2] && y >= shape.box[1] && y <= shape.box[1] + shape.box[3];
  for (const wanted of [false, true]) {
    for (let i = shapes.length - 1; i >= 0; i -= 1) {
      if (Boolean(shapes[i].isBackground) !== wanted || !isIn(shapes[i])) continue;
      return wanted && best ? best : shapes[i].isBackground && best ? best : shapes[i];
    }
  }
  return best;
}

function showTip(event) {
  const shape = event.offsetX < gutter ? null : shapeAt(event.offsetX, event.offsetY);
  tip.hidden = !shape;
  if (!shape) return;
  tip.textContent = shape.words;
  tip.style.left = `${Math.max(0, Math.min(event.offsetX + 14, canvas.clientWidth - tip.offsetWidth - 4))}px`;
  tip.style.top = `${event.offsetY + 18}px`;
}

let drag = null;
canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  drag = { x: event.offsetX, from: view.from, to: view.to, hasMoved: false };
});
canvas.addEventListener("pointermove", (event) => {
  if (!drag) return showTip(event);
  const by = event.offsetX - drag.x;
  if (Math.abs(by) > 3) drag.hasMoved = true;
  if (!drag.hasMoved) return;
  tip.hidden = true;
  const time = (by / (pictureWidth - gutter)) * (drag.to - drag.from);
  show(drag.from - time, drag.to - time);
});
canvas.addEventListener("pointerup", (event) => {
  const wasClick = drag && !drag.hasMoved;
  drag = null;
  if (!wasClick || event.offsetX < gutter) return;
  const shape = shapeAt(event.offsetX, event.offsetY);
  view.selected = shape && shape.message ? shape.message : null;
  if (shape && shape.moment) setCursor(shape.moment.at, shape.moment.turn);
  else setCursorAtTime(Math.min(endAt, Math.max(0, timeOf(event.offsetX))));
});
canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    const by = (event.deltaX / (pictureWidth - gutter)) * (view.to - view.from);
    return show(view.from + by, view.to + by);
  }
  zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.005), timeOf(Math.max(gutter, event.offsetX)));
}, { passive: false });
