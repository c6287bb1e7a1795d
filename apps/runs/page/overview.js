// The whole run in a strip: who led, who crashed, what was broken on purpose, and the frame that the diagram shows.
const overview = document.getElementById("overview");
const overviewHeight = 46;
const reigns = stretches.flatMap((of, lane) => of.filter((one) => one.isUp && one.part === "leader").map((one) => ({ lane, ...one })));
reigns.sort((one, other) => one.begin - other.begin);

function drawOverview() {
  const width = overview.clientWidth;
  const pen = penOf(overview, width, overviewHeight);
  const x = (at) => gutter + (at / Math.max(1, endAt)) * (width - gutter - 10);
  pen.fillStyle = css("quiet");
  pen.fillText("whole run", 12, 14);
  pen.fillText(timeText(endAt, 1e8), 12, 32);
  reigns.forEach(({ lane, begin, end, term }, index) => {
    pen.fillStyle = termColor(term, 0.55);
    pen.fillRect(x(begin), 16, Math.max(1, x(end) - x(begin)), 24);
    // One that nobody follows any more may lead on beside the next one.
    const next = index + 1 < reigns.length ? Math.min(end, reigns[index + 1].begin) : end;
    pen.fillStyle = css("ink");
    pen.fillText(fitted(pen, `${lanes[lane].name} leads, term ${term}`, x(next) - x(begin) - 8), x(begin) + 4, 28);
  });
  pen.fillStyle = css("fault");
  for (const fault of faults) pen.fillRect(x(fault.begin), 6, Math.max(2, x(fault.end) - x(fault.begin)), 4);
  for (const event of events) {
    if (event.kind !== "crashed" && event.kind !== "stopped") continue;
    pen.fillStyle = css("bad");
    pen.fillRect(x(event.at) - 1, 3, 2, 10);
  }
  if (hasFailed) { pen.fillStyle = css("bad"); pen.fillRect(x(endAt) - 1, 2, 3, 42); }
  pen.strokeStyle = css("cursor");
  pen.lineWidth = 2;
  const left = Math.max(gutter, x(view.from));
  pen.strokeRect(left, 2, Math.max(4, Math.min(width - 4, x(view.to)) - left), 42);
}
drawers.push(drawOverview);

let isMovingFrame = false;
function moveFrame(event) {
  const at = ((event.offsetX - gutter) / (overview.clientWidth - gutter - 10)) * endAt;
  const span = view.to - view.from;
  show(at - span / 2, at + span / 2);
}
overview.addEventListener("pointerdown", (event) => { overview.setPointerCapture(event.pointerId); isMovingFrame = true; moveFrame(event); });
overview.addEventListener("pointermove", (event) => { if (isMovingFrame) moveFrame(event); });
overview.addEventListener("pointerup", () => { isMovingFrame = false; });
