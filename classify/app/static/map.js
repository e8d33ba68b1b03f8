// A map of a library: where its songs lie in a composer's space. A click plays a song; so does Enter.
import { $, ask, attempt, h, later, number, onTheme, percent, t } from "/static/base.js";
import { card, finished } from "/static/jobs.js";
import { Listen, asRows, fitted } from "/static/listen.js";

const COLOURS = 8, LISTED = 12, REACH = 16, MARGIN = 18;
const form = $("#which"), canvas = $("#points");
let points = [], moods = [], chosen = null, start = null, listen = null, scale = null;

if (form) {
  form.addEventListener("submit", event => { event.preventDefault(); draw(); });
  for (const name of ["library", "model"]) form[name].addEventListener("change", () => attempt(show));
  canvas.addEventListener("click", event => { const point = under(event); if (point) choose(point, true); });
  canvas.addEventListener("pointermove", event => {
    const point = under(event);
    canvas.title = point ? named(point) : "";
    canvas.classList.toggle("on-song", Boolean(point));
  });
  canvas.addEventListener("keydown", keyed);
  $("#find").addEventListener("input", later(list));
  new ResizeObserver(paint).observe(canvas);
  onTheme(paint);
  attempt(show);
}

// Shows the map that was drawn, or how to have one.
async function show() {
  let map = null;
  try { map = await ask("GET", `/maps/${form.library.value}?model=${form.model.value}`); }
  catch (error) { if (error.status !== 404) throw error; }
  silent();
  [points, moods, chosen, start] = [map?.points ?? [], map?.moods ?? [], null, null];
  $("#map").hidden = !points.length;
  $("#state").textContent = map ? told(map) : t("There is no map of this library and this composer yet.");
  if (!map) return;
  form.method.value = map.method;
  const heard = moods.filter(mood => points.some(point => point.mood === mood));
  $("#legend").replaceChildren(h("ul", { class: "legend", "aria-label": t("Colours and shapes of the moods") },
    heard.map(mood => { const sign = h("canvas", { class: "sign" }); sign.dataset.mood = mood; return h("li", {}, sign, " ", `${mood} (${number(points.filter(point => point.mood === mood).length)})`); })));
  canvas.setAttribute("aria-label", t("Map of {n} songs", { n: number(points.length) }));
  $("#told").textContent = t("No song is chosen yet.");
  $("#acts").replaceChildren();
  list();
  paint();
}

function told({ points: { length }, without, new: fresh }) {
  const said = [t("{n} songs are on the map.", { n: number(length) })];
  if (without) said.push(t("{n} have no place in this space: no notes with beats, or a time signature that the composer did not learn.", { n: number(without) }));
  if (fresh) said.push(t("{n} came later; draw the map again.", { n: number(fresh) }));
  return said.join(" ");
}

const draw = () => attempt(async () => {
  const button = $("button.main", form), asked = { model: Number(form.model.value), library: Number(form.library.value), method: form.method.value };
  button.disabled = true;
  try {
    const { job } = await ask("POST", "/maps", asked);
    await finished(job, now => $("#drawing").replaceChildren(card(now)));
    $("#drawing").replaceChildren();
    await show();
  } catch (error) { $("#drawing").replaceChildren(h("p", { class: "warning" }, error.message)); }
  button.disabled = false;
});

const named = point => point.artist ? `${point.title} (${point.artist})` : point.title;
const spoken = point => point.mood ? `${named(point)}: ${point.mood} ${percent(point.p)}` : named(point);
const apart = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

// Chooses a song: marks it, says what it is, offers what can be done with it, and plays it if that is wished for.
function choose(point, heard = false) {
  chosen = point;
  $("#told").textContent = spoken(point);
  acts();
  if (!$("#find").value.trim()) list();
  paint();
  if (heard) attempt(() => hear(point));
}

function acts() {
  const model = form.model.value;
  $("#acts").replaceChildren(
    h("button", { type: "button", class: "hear", onclick: () => attempt(() => hear(chosen)) }, t("Hear")),
    h("a", { class: "button", href: `/songs/${chosen.id}` }, t("The song's page")),
    h("a", { class: "button", href: `/generate?song=${chosen.id}&how=mood&composer=${model}` }, t("In another mood")),
    h("button", { type: "button", class: "start", "aria-pressed": String(start === chosen), onclick: () => { start = start === chosen ? null : chosen; acts(); paint(); $(".start").focus(); } }, t("A way begins here")),
    start && start !== chosen ? h("a", { class: "button way-there", href: `/generate?song=${start.id}&to=${chosen.id}&how=between&composer=${model}` }, t("Steps from “{title}” to here", { title: start.title })) : "");
}

function silent() {
  listen?.player.close();
  listen = null;
  $("#listen").replaceChildren();
}

async function hear(point) {
  const notes = await ask("GET", `/songs/${point.id}/notes`);
  if (point !== chosen) return; // another was chosen meanwhile
  silent();
  $("#map").listen = listen = new Listen($("#listen"), { title: point.title, classes: [], windows: [] });
  listen.show(asRows(notes));
  listen.press();
}

// Lists the songs that were looked for; otherwise those nearest to the chosen one, or the first ones.
function list() {
  const q = $("#find").value.trim().toLowerCase();
  const rows = q ? points.filter(point => named(point).toLowerCase().includes(q))
    : chosen ? points.filter(point => point !== chosen).sort((a, b) => apart(a, chosen) - apart(b, chosen)) : points;
  $("#near-title").textContent = q ? t("Songs with that in their title: {n}", { n: number(rows.length) }) : chosen ? t("Nearest to “{title}”", { title: chosen.title }) : t("Some songs");
  const from = document.activeElement.closest?.("#near");
  $("#near").replaceChildren(...rows.slice(0, LISTED).map(point => h("li", {}, h("button", { type: "button", onclick: () => choose(point, true) }, spoken(point)))));
  if (from && !document.activeElement.closest("#near")) $("#acts .hear")?.focus(); // what was pressed is not in the list any more
}

function keyed(event) {
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    if (chosen) attempt(() => hear(chosen));
    return;
  }
  const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  if (!way) return;
  event.preventDefault();
  const next = chosen ? beyond(chosen, way) : middle();
  if (next) choose(next);
}

// The nearest song in a direction, no further aside than ahead.
function beyond(from, [right, up]) {
  let best = null, least = Infinity;
  for (const point of points) {
    const x = point.x - from.x, y = point.y - from.y, ahead = x * right + y * up, aside = Math.abs(x * up) + Math.abs(y * right);
    if (ahead > 0 && aside <= ahead && ahead + aside < least) [best, least] = [point, ahead + aside];
  }
  return best;
}

function middle() {
  const centre = { x: points.reduce((sum, { x }) => sum + x, 0) / points.length, y: points.reduce((sum, { y }) => sum + y, 0) / points.length };
  return points.reduce((best, point) => apart(point, centre) < apart(best, centre) ? point : best);
}

function under(event) {
  if (!scale) return null;
  let best = null, least = REACH;
  for (const point of points) {
    const [x, y] = scale(point), far = Math.hypot(x - event.offsetX, y - event.offsetY);
    if (far < least) [best, least] = [point, far];
  }
  return best;
}

// One shape a mood, so that colour alone tells nothing.
const SHAPES = [
  (c, x, y, r) => c.arc(x, y, r, 0, 2 * Math.PI),
  (c, x, y, r) => c.rect(x - r, y - r, 2 * r, 2 * r),
  (c, x, y, r) => corners(c, [[x, y - r], [x + r, y + r], [x - r, y + r]]),
  (c, x, y, r) => corners(c, [[x, y - 1.3 * r], [x + 1.3 * r, y], [x, y + 1.3 * r], [x - 1.3 * r, y]]),
  (c, x, y, r) => corners(c, [[x, y + r], [x + r, y - r], [x - r, y - r]]),
  (c, x, y, r) => { c.rect(x - r, y - r / 3, 2 * r, r / 1.5); c.rect(x - r / 3, y - r, r / 1.5, 2 * r); },
  (c, x, y, r) => c.rect(x - r, y - r / 2, 2 * r, r),
  (c, x, y, r) => c.rect(x - r / 2, y - r, r, 2 * r),
];
function corners(c, [[x, y], ...rest]) { c.moveTo(x, y); rest.forEach(corner => c.lineTo(...corner)); c.closePath(); }

function sign(context, x, y, r, mood, palette) {
  const place = moods.indexOf(mood);
  context.fillStyle = place < 0 ? palette.soft : palette[place % COLOURS];
  context.beginPath();
  SHAPES[Math.max(0, place) % SHAPES.length](context, x, y, r);
  context.fill();
}

function colours() {
  const probe = h("span", {});
  document.body.append(probe);
  const real = name => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };
  const found = Object.assign(Array.from({ length: COLOURS }, (_, i) => real(`--m${i}`)), { soft: real("--soft"), ink: real("--ink") });
  probe.remove();
  return found;
}

// A call takes no more than some 100,000 numbers, and a library may have more songs.
function ends(axis) {
  return points.reduce(([low, high], { [axis]: at }) => [Math.min(low, at), Math.max(high, at)], [Infinity, -Infinity]);
}

function paint() {
  if (!points.length || !canvas.clientWidth) return;
  const palette = colours(), { context, width, height } = fitted(canvas);
  const [left, right] = ends("x"), [low, high] = ends("y");
  const step = Math.min((width - 2 * MARGIN) / (right - left || 1), (height - 2 * MARGIN) / (high - low || 1)); // as far apart across as up
  scale = ({ x, y }) => [width / 2 + (x - (left + right) / 2) * step, height / 2 - (y - (low + high) / 2) * step];
  context.clearRect(0, 0, width, height);
  context.globalAlpha = 0.8;
  for (const point of points) sign(context, ...scale(point), points.length > 2000 ? 2.5 : 4, point.mood, palette);
  context.globalAlpha = 1;
  context.strokeStyle = palette.ink;
  for (const [point, line] of [[start, 1], [chosen, 2.5]]) {
    if (!point) continue;
    context.lineWidth = line;
    context.beginPath();
    context.arc(...scale(point), 9, 0, 2 * Math.PI);
    context.stroke();
  }
  if (start && chosen && start !== chosen) {
    context.setLineDash([4, 4]);
    context.beginPath();
    context.moveTo(...scale(start));
    context.lineTo(...scale(chosen));
    context.stroke();
    context.setLineDash([]);
  }
  for (const one of document.querySelectorAll("#legend canvas")) {
    const small = fitted(one);
    small.context.clearRect(0, 0, small.width, small.height);
    sign(small.context, small.width / 2, small.height / 2, 5, one.dataset.mood, palette);
  }
}
