// What is looked at: a stretch of time, a cursor, filters. Whoever draws is told when it changes.
const filterGroups = [
  { name: "requests and answers", kinds: ["request", "answer", "error"], color: "request", isOn: true },
  { name: "log entries", kinds: ["append", "proposal"], color: "append", isOn: true },
  { name: "acknowledgements", kinds: ["reply"], color: "reply", isOn: true },
  { name: "votes", kinds: ["vote"], color: "vote", isOn: true },
  { name: "read index", kinds: ["read"], color: "read", isOn: true },
  { name: "snapshots", kinds: ["snapshot"], color: "snapshot", isOn: true },
  { name: "heartbeats", kinds: ["heartbeat"], color: "heartbeat", isOn: false },
  { name: "other", kinds: ["other"], color: "other", isOn: false },
];

const view = { from: 0, to: Math.max(endAt, 1), cursor: { at: endAt, turn: endTurn }, lane: -1, selected: null };
const drawers = [];
let isDrawingSoon = false;

function draw() {
  if (isDrawingSoon) return;
  isDrawingSoon = true;
  requestAnimationFrame(() => {
    isDrawingSoon = false;
    for (const drawer of drawers) drawer();
  });
}

const shortest = 2000;  // two microseconds
const margin = () => Math.max(endAt * 0.02, 1e6);

function show(from, to) {
  const length = Math.min(Math.max(to - from, shortest), endAt + 2 * margin());
  const begin = Math.min(Math.max(from, -margin()), endAt + margin() - length);
  view.from = begin;
  view.to = begin + length;
  draw();
}

function zoom(factor, around = (view.from + view.to) / 2) {
  show(around - (around - view.from) * factor, around + (view.to - around) * factor);
}

// The guilty operation whole if it is not too long ago; otherwise as much before the end as still shows single messages.
function showFailure() {
  let left = 80, index = moments.length - 1;
  for (; index > 0 && left > 0; index -= 1) if (isShown(moments[index])) left -= 1;
  const wanted = guilty ? endAt - guilty.askedAt : endAt - (index < 0 ? 0 : moments[index].at);
  const length = Math.min(Math.max(wanted * 1.25, 1e6), 4e9);
  show(endAt - length, endAt + length * 0.12);
  setCursor(endAt, endTurn);
}

// The number of moments up to this turn.
function momentsThrough(turn) {
  let low = 0, high = moments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (moments[middle].turn <= turn) low = middle + 1; else high = middle;
  }
  return low;
}

function setCursor(at, turn) {
  view.cursor = { at, turn };
  const span = view.to - view.from;
  if (at < view.from || at > view.to) return show(at - span / 2, at + span / 2);
  draw();
}

// To the last turn that had come by then.
function setCursorAtTime(at) {
  let low = 0, high = moments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (moments[middle].at <= at) low = middle + 1; else high = middle;
  }
  setCursor(at, low === 0 ? 0 : moments[low - 1].turn);
}

// Only what the filters show counts as a step.
function isShown(moment) {
  if (moment.message) return isMessageShown(moment.message);
  return view.lane < 0 || moment.lane === view.lane;
}
function isMessageShown(message) {
  if (view.lane >= 0 && message.from !== view.lane && message.to !== view.lane) return false;
  return filterGroups.some((group) => group.isOn && group.kinds.includes(message.kind));
}
function step(by) {
  const direction = Math.sign(by);
  let index = direction > 0 ? momentsThrough(view.cursor.turn) : momentsThrough(view.cursor.turn - 1) - 1;
  let left = Math.abs(by);
  let turn = view.cursor.turn;
  let found = null;
  for (; index >= 0 && index < moments.length && left > 0; index += direction) {
    if (moments[index].turn === turn || !isShown(moments[index])) continue;
    turn = moments[index].turn;
    found = moments[index];
    left -= 1;
  }
  if (found) setCursor(found.at, found.turn);
}

// The colours of page.css, as they are now; asked for once.
const colors = new Map();
function css(name) {
  if (!colors.has(name)) colors.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
  return colors.get(name);
}
const darkness = matchMedia("(prefers-color-scheme: dark)");

// Terms in turn; neighbours differ.
const termHues = [212, 28, 150, 276, 48, 190, 330, 100];
function termColor(term, alpha) {
  return `hsla(${termHues[term % termHues.length]}, 62%, ${darkness.matches ? 58 : 46}%, ${alpha})`;
}

// A canvas of as many pixels as the screen has, and its pen in CSS pixels.
function penOf(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.style.height = `${height}px`;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = '12px system-ui, "DejaVu Sans", sans-serif';
  pen.textBaseline = "middle";
  return pen;
}

// As much of the words as fits; nothing if that is next to nothing.
function fitted(pen, words, width) {
  if (width < 14) return "";
  if (pen.measureText(words).width <= width) return words;
  let length = Math.min(words.length, Math.floor(width / 5));
  while (length > 0 && pen.measureText(words.slice(0, length) + "…").width > width) length -= 1;
  return length < 2 ? "" : words.slice(0, length) + "…";
}
