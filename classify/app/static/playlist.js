// A playlist: songs that are dragged, locked, rebuilt, undone and played; what an order breaks is shown at once.
import { $, $$, ask, attempt, clock, confirmed, h, later, legend, moodBar, number, onTheme, percent, say, t } from "/static/base.js";
import { Player } from "/static/instruments.js";
import { finished } from "/static/jobs.js";
import { asRows } from "/static/listen.js";

const id = $("#playlist").dataset.id, list = $("#songs"), FADE = 3;
let state = null, dragged = null;

const entries = () => state.songs.map(({ id: song, locked, note }) => ({ id: song, locked, note }));

async function load() { show(await ask("GET", `/playlists/${id}`)); }

// Keeps a change; if another window was faster, shows what is there now.
async function keep(songs, change) {
  try { show(await ask("PUT", `/playlists/${id}/songs`, { edition: state.edition, change, songs })); }
  catch (error) {
    say(error.message, true);
    if (error.detail?.state) show(error.detail.state); else await load();
  }
}

// One change after another: the next is made from what the last one left.
let turn = Promise.resolve();
const inTurn = work => { turn = turn.then(() => attempt(work)); return turn; };
const placeOf = song => state.songs.findIndex(one => one.id === song);

const step = what => inTurn(async () => {
  try { show(await ask("POST", `/playlists/${id}/${what}`, { edition: state.edition })); }
  catch (error) { say(error.message, true); if (error.detail?.state) show(error.detail.state); }
});

function rebuild(another) {
  return inTurn(async () => {
    $("#rebuild").disabled = $("#another").disabled = true;
    try { await finished((await ask("POST", `/playlists/${id}/rebuild`, { edition: state.edition, another })).job); }
    finally { $("#rebuild").disabled = $("#another").disabled = false; await load(); }
  });
}

function show(now) {
  const focused = document.activeElement?.closest("#songs > li")?.dataset.song;
  state = now;
  list.replaceChildren(...state.songs.map(row));
  if (!state.songs.length) list.replaceChildren(h("li", { class: "empty" }, t("No songs yet. Add some below, or rebuild the list.")));
  $("#undo").disabled = !state.can_undo;
  $("#redo").disabled = !state.can_redo;
  $("#play").disabled = !state.songs.length;
  $("#legend").replaceChildren(legend(state.classes));
  $("#sentences").replaceChildren(...state.sentences.map(text => h("p", { class: "soft" }, text)),
    ...(state.built ? [] : [h("p", { class: "soft" }, t("You changed the order that was found best; “Undo” leads back to it."))]));
  marks(state);
  if (focused) $(`li[data-song="${focused}"]`, list)?.focus();
}

// Shows times, what is broken, and the arc, of the list or of an order that is tried.
function marks(of) {
  const bad = of.violations.length;
  $("#summary").textContent = [
    t("{n} songs", { n: number(of.songs.length) }), t("{minutes} of {wanted} minutes", { minutes: number((of.seconds ?? 0) / 60, 1), wanted: number(state.wishes.minutes) }),
    state.path.join(" → "), bad ? t("{n} wishes are not kept", { n: number(bad) }) : t("all wishes are kept"),
  ].join(" · ");
  $("#whole").replaceChildren(...of.violations.filter(one => one.position < 0).map(one => h("p", { class: "warning" }, one.sentence)));
  const items = $$("li[data-song]", list);
  items.forEach((item, place) => {
    const song = of.songs[place];
    if (!song) return;
    $(".begins", item).textContent = clock(song.start);
    $(".stage", item).textContent = `${song.stage} ${percent(song.probability)}`;
    const broken = of.violations.filter(one => one.position === place);
    $(".broken", item).replaceChildren(...broken.map(one => h("span", {}, one.sentence)));
    item.classList.toggle("bad", broken.length > 0);
  });
  arc(of);
}

function row(song, place) {
  const act = (text, label, work, more = {}) => h("button", { type: "button", class: "quiet", "aria-label": `${label}: ${song.title}`, title: label, onclick: () => inTurn(work), ...more }, text);
  const item = h("li", { draggable: "true", tabindex: "0", "data-song": String(song.id), class: song.locked ? "locked" : "" },
    h("span", { class: "grip", "aria-hidden": "true" }, "⠿"), h("span", { class: "begins" }),
    h("span", { class: "what" }, h("a", { href: `/songs/${song.id}` }, song.title), song.artist ? h("span", { class: "soft" }, ` ${song.artist}`) : null,
      song.note ? h("span", { class: "soft note" }, `✎ ${song.note}`) : null, h("span", { class: "broken", role: "note" })),
    h("span", { class: "bar" }, moodBar(song.p, state.classes), h("span", { class: "soft stage" })),
    h("span", { class: "soft facts" }, `${song.tempo ? `${number(song.tempo)} bpm · ` : ""}${clock(song.seconds)}`),
    h("span", { class: "acts" },
      act("↑", t("Earlier"), () => shift(song.id, -1), { disabled: place === 0 }),
      act("↓", t("Later"), () => shift(song.id, 1), { disabled: place === state.songs.length - 1 }),
      act(song.locked ? "🔒" : "🔓", song.locked ? t("Unlock") : t("Lock"), () => lock(song.id), { "aria-pressed": String(song.locked) }),
      act("✎", t("Note"), () => note(song.id)), act("✕", t("Take out"), () => take(song.id))));
  item.addEventListener("keydown", event => {
    if (event.target !== item) return;
    if (event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key)) { event.preventDefault(); inTurn(() => shift(song.id, event.key === "ArrowUp" ? -1 : 1)); }
    else if (["ArrowUp", "ArrowDown"].includes(event.key)) { event.preventDefault(); (event.key === "ArrowUp" ? item.previousElementSibling : item.nextElementSibling)?.focus(); }
    else if (event.key.toLowerCase() === "l") inTurn(() => lock(song.id));
    else if (event.key === "Delete") inTurn(() => take(song.id));
    else if (event.key === "Enter") location.href = `/songs/${song.id}`;
  });
  item.addEventListener("dragstart", event => { dragged = item; item.classList.add("dragged"); event.dataTransfer.effectAllowed = "move"; event.dataTransfer.setData("text/plain", song.title); });
  item.addEventListener("dragend", dropped);
  return item;
}

// While a song is dragged, the others make room and the order is checked; where it is dropped, it stays.
const trial = later(async () => {
  const order = $$("li[data-song]", list).map(item => Number(item.dataset.song));
  const tried = await ask("POST", `/playlists/${id}/check`, { songs: order }).catch(() => null);
  if (tried && dragged) marks(tried);
}, 120);
list.addEventListener("dragover", event => {
  if (!dragged) return;
  event.preventDefault();
  const over = event.target.closest("li[data-song]");
  if (!over || over === dragged) return;
  const box = over.getBoundingClientRect();
  const where = event.clientY > box.top + box.height / 2 ? over.nextSibling : over;
  if (where !== dragged && where !== dragged.nextSibling) { list.insertBefore(dragged, where); trial(); }
});
list.addEventListener("drop", event => event.preventDefault());
function dropped() {
  if (!dragged) return;
  dragged.classList.remove("dragged");
  dragged = null;
  const order = $$("li[data-song]", list).map(item => Number(item.dataset.song));
  const known = new Map(entries().map(entry => [entry.id, entry]));
  if (order.some((song, place) => song !== state.songs[place].id)) inTurn(() => keep(order.map(song => known.get(song)), "moved"));
}

async function shift(id, by) {
  const songs = entries(), place = placeOf(id), to = place + by;
  if (place < 0 || to < 0 || to >= songs.length) return;
  const [song] = songs.splice(place, 1);
  songs.splice(to, 0, song);
  await keep(songs, "moved");
  $(`li[data-song="${song.id}"]`, list)?.focus();
}
async function lock(id) {
  const songs = entries(), place = placeOf(id);
  if (place < 0) return;
  songs[place].locked = !songs[place].locked;
  await keep(songs, "locked");
}
async function take(id) {
  const songs = entries(), place = placeOf(id);
  if (place < 0) return;
  songs.splice(place, 1);
  await keep(songs, "taken out");
  list.children[Math.min(place, list.children.length - 1)]?.focus();
}
async function note(id) {
  const dialog = $("#note-dialog"), songs = entries(), place = placeOf(id);
  if (place < 0) return;
  $("#note-of").textContent = state.songs[place].title;
  $("#note-text").value = songs[place].note;
  dialog.showModal();
  await new Promise(resolve => dialog.addEventListener("close", resolve, { once: true }));
  if (dialog.returnValue !== "yes" || $("#note-text").value === songs[place].note) return;
  songs[place].note = $("#note-text").value;
  await keep(songs, "note");
}

// The arc: moods as areas, tempo and loudness as lines, along the minutes.
function arc(of) {
  const canvas = $("#arc"), ratio = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = width * ratio; canvas.height = height * ratio;
  const context = canvas.getContext("2d"), scale = width / Math.max(of.seconds ?? 1, 1), style = getComputedStyle(document.documentElement);
  context.scale(ratio, ratio);
  const probe = h("span", {}); $("#playlist").append(probe);
  const real = name => { probe.style.color = style.getPropertyValue(name); return getComputedStyle(probe).color; };
  const colours = state.classes.map((_, i) => real(`--m${i % 8}`)), ink = real("--ink"), ground = real("--ground");
  probe.remove();
  const top = height * 0.6;
  for (const song of of.songs) {
    let y = 0;
    state.classes.forEach((mood, i) => {
      const tall = (song.p[mood] ?? 0) * top;
      context.fillStyle = colours[i];
      context.fillRect(song.start * scale, y, Math.max(1, song.seconds * scale - 1), tall);
      y += tall;
    });
  }
  const line = (value, low, high, dash) => {
    context.setLineDash(dash);
    context.strokeStyle = ink;
    context.lineWidth = 2;
    context.beginPath();
    of.songs.forEach(song => {
      if (value(song) === null) return;
      const y = height - 4 - (value(song) - low) / Math.max(high - low, 1) * (height - top - 10);
      context.lineTo(song.start * scale, y);
      context.lineTo((song.start + song.seconds) * scale, y);
    });
    context.stroke();
  };
  context.fillStyle = ground;
  const tempi = of.songs.map(song => song.tempo).filter(Boolean);
  line(song => song.tempo, Math.min(...tempi, 60), Math.max(...tempi, 120), []);
  line(song => song.loudness, 0, 127, [4, 4]);
  canvas.setAttribute("aria-label", t("Moods along the list, tempo as a line, loudness as a dashed line. {songs}", {
    songs: of.songs.map(song => `${song.title}: ${song.stage}, ${song.tempo ? number(song.tempo) : "?"} bpm`).join("; ") }));
}

// Plays song after song; each fades out while the next begins.
const through = {
  players: [], place: -1, timer: null,
  async start(place) {
    if (place >= state.songs.length) { this.stop(); return; }
    this.place = place;
    const song = state.songs[place], player = new Player();
    this.players.push(player);
    player.load(asRows(await ask("GET", `/songs/${song.id}/notes`)));
    if (this.place !== place) return;
    player.volume = 0.01;
    player.play(0);
    player.fade(0.8, place ? FADE : 0.1);
    $("#playing").textContent = t("Now: {title}", { title: song.title });
    $$("li[data-song]", list).forEach((item, i) => item.classList.toggle("sounding", i === place));
    clearInterval(this.timer);
    this.timer = setInterval(() => { if (!player.playing || player.position > player.seconds - FADE) this.next(); }, 250);
  },
  next() {
    clearInterval(this.timer);
    const old = this.players.splice(0);
    old.forEach(player => player.fade(0.0001, FADE));
    setTimeout(() => old.forEach(player => player.close()), 1000 * FADE + 200);
    attempt(() => this.start(this.place + 1));
  },
  stop() {
    clearInterval(this.timer);
    this.players.splice(0).forEach(player => player.close());
    this.place = -1;
    $("#play").textContent = t("Play through");
    $("#skip").hidden = true;
    $("#playing").textContent = "";
    $$(".sounding", list).forEach(item => item.classList.remove("sounding"));
  },
};
window.through = through;
addEventListener("pagehide", () => through.stop());  // a page that is come back to does not go on by itself

$("#play").addEventListener("click", () => {
  if (through.place >= 0) { through.stop(); return; }
  $("#play").textContent = t("Stop");
  $("#skip").hidden = false;
  attempt(() => through.start(0));
});
for (const sign of ["pointerenter", "focus"]) $("#play").addEventListener(sign, () => new Player().prepare(), { once: true });
$("#skip").addEventListener("click", () => through.next());
$("#undo").addEventListener("click", () => step("undo"));
$("#redo").addEventListener("click", () => step("redo"));
$("#rebuild").addEventListener("click", () => rebuild(false));
$("#another").addEventListener("click", () => rebuild(true));
addEventListener("keydown", event => {
  if (!(event.ctrlKey || event.metaKey) || ["INPUT", "TEXTAREA"].includes(event.target.tagName)) return;
  const key = event.key.toLowerCase();
  if (key === "z" || key === "y") { event.preventDefault(); step(key === "y" || event.shiftKey ? "redo" : "undo"); }
});
$("#rename").addEventListener("click", () => attempt(async () => {
  const field = h("input", { value: state.name, maxlength: "200", "aria-label": t("Name") });
  $("#name").replaceChildren(field);
  field.focus();
  const done = async () => { const made = await ask("PATCH", `/playlists/${id}`, { name: field.value || state.name }); state.name = made.name; $("#name").textContent = made.name; };
  field.addEventListener("change", () => attempt(done), { once: true });
  field.addEventListener("blur", () => { $("#name").textContent = state.name; });
}));
$("#delete").addEventListener("click", () => attempt(async () => {
  if (!await confirmed(t("Delete this playlist? Its songs stay."), t("Delete"))) return;
  await ask("DELETE", `/playlists/${id}`);
  location.href = "/playlists";
}));
$("#search").addEventListener("input", later(() => attempt(async () => {
  const q = $("#search").value.trim();
  const found = q ? (await ask("GET", `/libraries/${state.library}/songs?${new URLSearchParams({ q, limit: 12 })}`)).rows : [];
  $("#found").replaceChildren(...found.map(song => h("li", {}, h("button", { type: "button",
    onclick: () => inTurn(() => keep([...entries(), { id: song.id, locked: false, note: "" }], "added")) },
  `+ ${song.title}`, h("span", { class: "soft" }, song.prediction || t("not sure"))))));
})));
new ResizeObserver(() => { if (state && !dragged) arc(state); }).observe($("#arc"));
onTheme(() => { if (state) arc(state); });
attempt(load);
