// Fills the page, and listens.

// A finding may quote values and answers at length: what a sentence has room for.
function brief(words) {
  const short = words.replace(/(.)\1{7,}/g, "$1$1$1…");
  return short.length <= 320 ? short : `${short.slice(0, 300)} …`;
}

function fillHeader() {
  const { kind, oracle, message, promise } = raw.verdict;
  const names = { pass: "nothing broken", safety: "a promise was broken", liveness: "no progress", crash: "the code ended itself", refused: "refused, within the rules" };
  const badge = element("verdict");
  badge.textContent = names[kind] || kind;
  if (!hasFailed) badge.classList.add("pass");
  element("where").textContent = `scenario ${raw.scenario}, seed ${raw.seed} · ${hasFailed ? "found" : "ended"} at ${timeText(endAt)}, in turn ${endTurn}`;
  const told = brief(message);
  if (hasFailed) element("sentence").append(make("span", `Promised: ${promise || "what the oracle watches over"}. `, "promise"), `Broken: ${told}`.replace(/\.?$/, "."));
  else element("sentence").textContent = "Nothing that was promised was broken in this run.";
  const detail = element("detail");
  if (!hasFailed) return;
  if (told !== message) {
    const whole = make("details");
    whole.append(make("summary", "The finding in full"), make("code", message));
    detail.after(whole);
  }
  detail.append(`Who noticed: the oracle “${oracle}”. `);
  if (guilty) {
    const link = make("a", operationName(guilty));
    link.href = "#guilty-operation";
    detail.append(raw.verdict.kind === "liveness" ? "Still waiting: " : raw.subject.index ? `It is about index ${raw.subject.index} of the log, the request of ` : "First illegal answer: ", link, `: ${guilty.what}.`);
    if (witness) {
      const before = make("a", operationName(witness));
      before.href = "#witness-operation";
      detail.append(" What it contradicts had been told to ", before, `: ${witness.what} → ${witness.answer}.`);
    }
  } else if (raw.subject.index) detail.append(`It is about index ${raw.subject.index} of the log.`);
}

function fillFilters() {
  for (const group of filterGroups) {
    if (!messages.some((message) => group.kinds.includes(message.kind))) continue;
    const label = make("label");
    label.style.setProperty("--swatch", `var(--${group.color})`);
    const box = make("input");
    box.type = "checkbox";
    box.checked = group.isOn;
    box.addEventListener("change", () => { group.isOn = box.checked; shownCursor = null; draw(); });
    label.append(box, ` ${group.name}`);
    element("filters").append(label);
  }
  const choose = element("lane-filter");
  for (const [value, words] of [["-1", "everybody"], ...lanes.map((lane) => [String(lane.index), lane.name])]) {
    const option = make("option", words);
    option.value = value;
    choose.append(option);
  }
  choose.addEventListener("change", () => { view.lane = Number(choose.value); shownCursor = null; draw(); });
  const client = element("client-filter");
  for (const [value, words] of [["", "all"], ...clients.map((lane, number) => [String(number), lane.name])]) {
    const option = make("option", words);
    option.value = value;
    client.append(option);
  }
  client.addEventListener("change", drawHistory);
  element("history-all").addEventListener("change", drawHistory);
}

function fillNotes() {
  const from = raw.detail_from;
  element("thinned").textContent = from <= 0
    ? `Everything is here: ${raw.told.events} events and ${raw.told.messages} messages.`
    : `In full detail from ${timeText(from, 1e6)} on. Before that: who ran, led and voted, snapshots, faults and operations, the last of everything else in each second, ` +
      `and of the messages only votes; ${events.length} of ${raw.told.events} events and ${messages.length} of ${raw.told.messages} messages are on this page.`;
  const silent = lanes.length - rows.length;
  if (silent > 0) element("thinned").append(silent === 1 ? " A client that said nothing is not drawn." : ` ${silent} clients that said nothing are not drawn.`);
  const entries = [["leader", termColor(1, 0.5)], ["in a term", termColor(1, 0.15)], ["fault", css("fault")], ["answered", css("good-soft")], ["open: may have happened", css("open-soft")], ["refused", css("line")]];
  element("legend").replaceChildren(...entries.map(([words, color]) => {
    const item = make("span");
    const swatch = make("i");
    swatch.style.background = color;
    item.append(swatch, words);
    return item;
  }), make("span", "✕ at a line's end: the message was lost"), make("span", "○: still on its way at the end"), ...Object.entries({ crashed: "crash", started: "start", ready: "serves", vote: "vote", installed: "snapshot in use" }).map(([kind, words]) => make("span", `${marks[kind][0]} ${words}`)));
  element("primer-members").textContent = `(${members.map((one) => one.name).join(", ")})`;
  element("primer-clients").textContent = clients.length ? `(${clients.length === 1 ? clients[0].name : `${clients[0].name} to ${clients[clients.length - 1].name}`})` : "";
}

const keys = {
  ArrowLeft: (event) => step(event.shiftKey ? -10 : -1),
  ArrowRight: (event) => step(event.shiftKey ? 10 : 1),
  "+": () => zoom(0.6), "=": () => zoom(0.6), "-": () => zoom(1 / 0.6),
  Home: showFailure,
  "0": () => show(-margin(), endAt + margin()),
};
canvas.addEventListener("keydown", (event) => {
  const act = keys[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act(event);
});
if (!hasFailed) element("to-failure").textContent = "To the end";
element("to-failure").addEventListener("click", showFailure);
element("zoom-in").addEventListener("click", () => zoom(0.6));
element("zoom-out").addEventListener("click", () => zoom(1 / 0.6));
element("whole").addEventListener("click", () => show(-margin(), endAt + margin()));
element("back").addEventListener("click", () => step(-1));
element("forth").addEventListener("click", () => step(1));
window.addEventListener("resize", draw);
darkness.addEventListener("change", () => { colors.clear(); fillNotes(); draw(); });

fillHeader();
fillFilters();
fillNotes();
fillHead(element("state"), columns.map(([name]) => name));
fillHead(element("history"), ["Client", "Asked", "What", "Answered", "Outcome", "It was told"]);
drawHistory();
fillSchedule();
fillCommands();
fillGlossary();
for (const box of document.querySelectorAll(".glossed")) gloss(box);
if (hasFailed) showFailure();
else {
  show(-margin(), endAt + margin());
  setCursor(endAt, endTurn);
}
