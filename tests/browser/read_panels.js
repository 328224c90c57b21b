// The body of a function: what a person reads on the panels of a dashboard, or null while one is still being drawn.
// Bars and points have no numbers on them, so they are measured against their axis.
const all = (root, css) => [...root.querySelectorAll(css)];
const texts = (root, css) => all(root, css).map((element) => element.textContent.trim());
const FAILED = "[data-error=true], [data-test-subj=embeddableStackError]";
const number = (text) => Number(text.replaceAll(",", ""));

function measured(panel) {
  const ticks = all(panel, ".ValueAxis-1 .tick")
    .filter((tick) => tick.textContent)
    .map((tick) => ({
      value: number(tick.textContent),
      place: tick.getAttribute("transform").match(/-?[\d.]+/g).map(Number),
    }));
  if (ticks.length < 2) return [];
  const [first, last] = [ticks[0], ticks.at(-1)];
  const upright = first.place[0] === last.place[0];
  const [from, to] = [first, last].map((tick) => tick.place[upright ? 1 : 0]);
  const unit = (to - from) / (last.value - first.value);
  const zero = from - first.value * unit;
  const bars = all(panel, ".series rect[data-label]").map((bar) => [
    bar.dataset.label,
    Number(bar.getAttribute(upright ? "height" : "width")) / Math.abs(unit),
  ]);
  const points = all(panel, "circle.circle-decoration").map((point) => [
    point.dataset.label,
    (Number(point.getAttribute("cy")) - zero) / unit,
  ]);
  return [...bars, ...points];
}

function read(panel) {
  return {
    // A panel whose object could not be made has a message instead of a title.
    title: panel.querySelector(".embPanel__titleText, .embPanel__error").textContent.trim(),
    failed: panel.querySelector(FAILED) !== null,
    text: panel.querySelector(".embPanel__content").innerText,
    numbers: all(panel, ".mtrVis__container").map((number) => all(number, "div").map((part) => part.textContent)),
    categories: texts(panel, ".CategoryAxis-1 .tick"),
    measured: measured(panel),
    rows: all(panel, "[data-test-subj=docTable] tbody tr").map((row) => texts(row, "[data-test-subj=osdDocTableCellDataField]")),
  };
}

const panels = all(document, "[data-test-subj=embeddablePanel]");
const expected = document.querySelector("[data-shared-items-count]")?.dataset.sharedItemsCount;
const drawn = (panel) =>
  !panel.querySelector("[data-loading]") && panel.querySelector(`[data-render-complete=true], ${FAILED}`);
return panels.length === Number(expected) && panels.every(drawn) ? panels.map(read) : null;
