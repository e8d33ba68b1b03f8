// New songs: wishes, what came of them, and what to do with it.
import { $, $$, ask, attempt, h, newSong, number, percent, say, t } from "/static/base.js";
import { card, finished } from "/static/jobs.js";
import { Listen, asRows } from "/static/listen.js";
import { Picker } from "/static/picker.js";
import * as ways from "/static/ways.js";

const place = $("#generate"), form = $("#wishes");
// Knobs that slide: least, most, step, unit.
const KNOBS = {
  tempo: [t("Tempo"), 40, 200, 1, "bpm"], density: [t("Notes a second"), 0.5, 12, 0.1, ""], register: [t("Mean pitch (60 is middle C)"), 36, 90, 1, ""],
  spread: [t("Spread of pitch, semitones"), 1, 20, 0.5, ""], loudness: [t("Loudness"), 20, 120, 1, t("of 127")], syncopation: [t("Syncopation"), 0, 1, 0.05, ""],
};
const ASKED = { mood: t("style"), seconds: t("seconds"), ...Object.fromEntries(Object.entries(KNOBS).map(([name, [title]]) => [name, title])) };
// What is done with a song that stays as long as it is.
const LONG_AS_IT_IS = ["renew", "voices"];
let composers = [], first, second;

if (place) {
  composers = JSON.parse(place.dataset.composers);
  form.model.append(...composers.map(one => h("option", { value: String(one.id), selected: one.used }, one.name)));
  form.model.addEventListener("change", suit);
  form.addEventListener("submit", event => { event.preventDefault(); make(); });
  form.how.addEventListener("change", needed);
  $("#train").addEventListener("submit", event => { event.preventDefault(); train(); });
  first = new Picker($("#from-first"), t("Song"), needed);
  second = new Picker($("#from-second"), t("Song to arrive at"));
  $("#train-space")?.addEventListener("click", () => offerTraining("music-vae"));
  ways.begin(composers, way => { $("#none").hidden = true; $("#songs").prepend(way); requestAnimationFrame(() => $(".all", way).focus()); }, goOn);
  suit();
  needed();
  attempt(latest);
  attempt(handedOver);
}

// Shows the latest songs; those of one way are shown together.
async function latest() {
  const songs = await ask("GET", "/generated"), sets = new Map();
  $("#none").hidden = songs.length > 0;
  for (const song of songs) {
    const set = song.wishes.set ?? song.id;
    if (!sets.has(set) && sets.size === 5) break;
    sets.set(set, [song.id, ...sets.get(set) ?? []]);
  }
  for (const numbers of sets.values()) {
    const made = await Promise.all(numbers.map(id => ask("GET", `/generated/${id}`)));
    $("#songs").append(made[0].wishes.way ? ways.wayOf(made, goOn) : shown(made[0]));
  }
}

function offerTraining(kind) {
  $("#train-box").open = true;
  $("#train [name=generator]").value = kind;
  $("#train [name=generator]").focus();
}

// Takes over a song from its own page, with what is to be done with it.
async function handedOver() {
  const { song, how, to, composer, train } = Object.fromEntries(new URLSearchParams(location.search));
  if (train) offerTraining(train);
  if (!song) return;
  const [{ title }, other] = await Promise.all([song, to].map(id => id && ask("GET", `/songs/${Number(id)}`)));
  if (how === "between" || how === "mood") {
    $("#ways").open = true;
    ways.beginAt(how, { song: Number(song) }, title, { other: other && { song: other.id }, otherTitle: other?.title, composer });
  }
  else goOn({ song: Number(song) }, title, how);
}

function composer() { return composers.find(one => String(one.id) === form.model.value); }

// Shows the knobs that a composer takes account of.
function suit() {
  const { moods, knobs } = composer();
  form.mood.replaceChildren(h("option", { value: "" }, t("any")), ...(knobs.includes("mood") ? moods : []).map(mood => h("option", {}, mood)));
  $("#knobs").replaceChildren(...Object.entries(KNOBS).filter(([name]) => knobs.includes(name)).map(([name, [title, low, high, step, unit]]) => {
    const out = h("output", { class: "soft" }, t("left to the style"));
    const slider = h("input", { type: "range", name, min: String(low), max: String(high), step: String(step), value: String((low + high) / 2), disabled: true, "aria-label": title });
    const on = h("input", { type: "checkbox", "aria-label": t("Decide: {knob}", { knob: title }) });
    const tell = () => { slider.disabled = !on.checked; out.textContent = on.checked ? `${number(slider.value, step < 1 ? 1 : 0)} ${unit}` : t("left to the style"); };
    on.addEventListener("change", tell);
    slider.addEventListener("input", tell);
    return h("div", { class: "knob" }, h("label", {}, on, ` ${title} `), out, slider);
  }));
  $$("[data-knob]").forEach(field => { field.hidden = !knobs.includes(field.dataset.knob); });
  suitSongs();
}

// Offers what a composer can do with a song that is there, and says which ones can do the rest.
function suitSongs() {
  const { able, title } = composer(), kinds = JSON.parse(place.dataset.able);
  const options = [...form.how.options].filter(option => option.value);
  for (const option of options) option.disabled = !able.includes(option.value);
  if (form.how.selectedOptions[0].disabled) form.how.value = "";
  $("#cannot").replaceChildren(...options.filter(option => option.disabled).map(option =>
    h("p", { class: "soft" }, t("This composer cannot “{what}”. These can: {names}.", { what: option.textContent, names: Object.values(kinds[option.value]).filter(name => name !== title).join("; ") }))));
  needed();
}

function wishes() {
  const data = new FormData(form), given = {};
  for (const name of [...Object.keys(KNOBS), "low", "high", "repeats"]) if (data.get(name)) given[name] = Number(data.get(name));
  for (const name of ["mood", "key", "mode", "metre", "chords", "instruments"]) if (data.get(name) && !form[name].closest("[hidden]")) given[name] = data.get(name);
  const how = data.get("how");
  if (data.get("length") && !LONG_AS_IT_IS.includes(how)) {
    if (data.get("unit") === "bars") given.bars = Number(data.get("length"));
    else given.minutes = data.get("length") / 60;
  }
  if (how === "primer") given.primer = first.source;
  if (how === "bridge") { given.bridge_from = first.source; given.bridge_to = second.source; }
  if (["keep", "renew", "voices"].includes(how)) { given.revise = first.source; given[how] = data.get(how); }
  if (how && Object.values(given).some(value => value === null)) throw new Error(t("Choose the song first: search for it, or press “Go on from here” at a new one."));
  return given;
}

const make = () => ordered($("button.main", form), () => ({ model: Number(form.model.value), seed: form.seed.value === "" ? null : Number(form.seed.value), wishes: wishes() }));

// Has a song made, and shows it; `order` gives what is asked, or throws why that cannot be asked.
const ordered = (button, order, told = $("#making")) => attempt(async () => {
  button.disabled = true;
  try {
    const asked = await ask("POST", "/generated", order());
    const result = await finished(asked.job, job => told.replaceChildren(card(job)));
    told.replaceChildren();
    const song = shown(await ask("GET", `/generated/${result.generated}`));
    $("#none").hidden = true;
    $("#songs").prepend(song);
    requestAnimationFrame(() => $(".play", song).focus());  // it can be pressed once the song is drawn
  } catch (error) {
    told.replaceChildren(h("p", { class: "warning" }, error.message));
  }
  button.disabled = false;
});

// A new song: to be seen and heard; what was asked, what came, what the judge hears, how much is a copy.
function shown(song) {
  song.title = newSong(song.title);
  const facts = song.facts, box = h("article", { class: "card new-song", "data-generated": String(song.id) });
  const asked = { ...song.wishes, seconds: song.wishes.minutes ? 60 * song.wishes.minutes : undefined };
  const rows = Object.entries(ASKED).filter(([name]) => facts[name] !== undefined && facts[name] !== null && name !== "mood").map(([name, title]) =>
    h("tr", {}, h("th", { scope: "row" }, title), h("td", {}, asked[name] === undefined ? "–" : number(asked[name], 1)), h("td", {}, number(facts[name], 1))));
  const verdict = facts["mood judged"]
    ? t("The model hears {mood} ({p}).", { mood: facts["mood judged"], p: percent(facts.probability) }) : "";
  const heading = h("h3", {}, song.title);
  box.append(heading,
    h("p", {}, madeFrom(song), song.wishes.mood ? t("Asked for: {mood}.", { mood: song.wishes.mood }) : t("No style was asked for."), " ", verdict, " ",
      t("Longest run of notes shared with a song it learned from: {n} (at most {limit}).", { n: facts["longest copy"], limit: facts["copy limit"] })));
  const listening = h("div", {});
  box.append(listening,
    h("details", {}, h("summary", {}, t("Asked for, and what came of it")),
      h("table", { class: "plain" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, ""), h("th", { scope: "col" }, t("asked")), h("th", { scope: "col" }, t("came")))), h("tbody", {}, rows)),
      h("p", { class: "soft" }, t("Seed {seed}. {model}.", { seed: song.seed, model: song.model }))),
    barAgain(song, box) ?? "",
    h("p", { class: "buttons" },
      h("a", { class: "button", href: `/api/v1/generated/${song.id}/midi`, download: "" }, t("Download MIDI")),
      h("a", { class: "button", href: `/api/v1/generated/${song.id}/musicxml`, download: "" }, t("Download score")),
      place.dataset.sound === undefined ? null : h("a", { class: "button", href: `/api/v1/generated/${song.id}/ogg`, download: "" }, t("Download sound")),
      h("button", { type: "button", class: "keep", disabled: song.kept, onclick: () => keep(song, box) }, song.kept ? t("In the library") : t("Keep in the library")),
      h("button", { type: "button", onclick: () => goOn({ generated: song.id }, song.title) }, t("Go on from here")),
      composers.some(one => one.space) ? h("button", { type: "button", onclick: () => ways.beginAt("mood", { generated: song.id }, song.title) }, t("In another mood")) : null,
      h("button", { type: "button", onclick: () => { form.seed.value = String(song.seed); form.seed.focus(); } }, t("Use its seed")),
      h("button", { type: "button", onclick: () => forget(song, box) }, t("Delete"))));
  const listen = new Listen(listening, { title: song.title, classes: [], windows: [] });
  box.listen = listen;
  requestAnimationFrame(() => listen.show(asRows(song.notes)));
  return box;
}

// Says what became of the song that a new one was made from.
function madeFrom({ wishes, facts }) {
  const [one, other] = facts.from ?? [], songs = { first: one, second: other, bars: wishes.keep ?? wishes.renew, voices: wishes.voices };
  if (!one) return "";
  const said = wishes.primer ? t("Goes on from the end of {first}.", songs) : wishes.bridge_from ? t("Leads from {first} to {second}.", songs)
    : wishes.keep ? t("Bars of {first} that were kept: {bars}.", songs) : wishes.renew ? t("Bars of {first} that were written again: {bars}.", songs) : t("Voices of {first} that were kept: {voices}.", songs);
  return `${said} `;
}

// One bar that is to be written again, if the composer of the song can do that.
function barAgain(song, box) {
  const maker = composers.find(one => one.id === song.model_id), n = song.bars.length;
  if (!maker?.able.includes("renew") || n < 2) return null;
  const bar = h("input", { type: "number", min: "1", max: String(n), value: "1", required: true });
  const here = () => {
    bar.value = String(Math.max(1, song.bars.filter(begin => begin <= box.listen.player.position + 1e-3).length));
    bar.focus();
  };
  const again = h("button", {}, t("Write this bar again")), told = h("div", { "aria-live": "polite" });
  return h("form", { class: "again", onsubmit: event => { event.preventDefault(); ordered(again, () => ({ model: song.model_id, seed: null, wishes: sameAgain(song, maker, bar.value) }), told); } },
    h("div", { class: "row" }, h("label", { class: "field" }, h("span", {}, t("Bar, 1 to {n}", { n })), bar),
      h("p", { class: "buttons" }, h("button", { type: "button", onclick: here }, t("The one at the cursor")), again)), told);
}

// What was wished for a song, to be wished again for a part of it; what was left open is as it came.
function sameAgain(song, maker, renew) {
  const { knobs } = maker, given = { revise: { generated: song.id }, renew };
  for (const name of ["mood", "key", "instruments", "density", "register", "spread"]) if (song.wishes[name] !== undefined) given[name] = song.wishes[name];
  for (const name of ["tempo", "loudness"]) if (knobs.includes(name) && song.facts[name]) given[name] = song.facts[name];
  return given;
}

const keep = (song, box) => attempt(async () => {
  const made = await ask("POST", `/generated/${song.id}/keep`, { title: song.wishes.mood ? `${song.title}, ${song.wishes.mood}` : song.title });
  const button = $(".keep", box);
  button.disabled = true;
  button.textContent = t("In the library");
  button.after(h("a", { href: `/library/${made.library}` }, t("Show it there")));
  say(t("It is filed in the library of generated songs."));
});

const forget = (song, box) => attempt(async () => {
  await ask("DELETE", `/generated/${song.id}`);
  box.listen.player.close();
  box.remove();
});

// Takes a song to be gone on from; where the composer cannot do what is wanted, one that can is chosen.
function goOn(source, title, how = form.how.value || "primer") {
  if (!composer().able.includes(how)) {
    const other = composers.find(one => one.able.includes(how));
    if (other) { form.model.value = String(other.id); suit(); }
  }
  if (composer().able.includes(how)) form.how.value = how;
  (form.how.value === "bridge" && first.source ? second : first).choose(source, title);
  $("#from").open = true;
  form.how.focus();
}

// Shows what is needed of a song that is there.
function needed() {
  const how = form.how.value;
  $("#from-first").hidden = !how && !first.source;
  $("#from-second").hidden = how !== "bridge";
  for (const name of ["keep", "renew", "voices"]) form[name].closest("label").hidden = how !== name;
  $("#length").hidden = LONG_AS_IT_IS.includes(how);
}

const train = () => attempt(async () => {
  const data = new FormData($("#train"));
  const { job } = await ask("POST", "/composers", { generator: data.get("generator"), library: Number(data.get("library")) });
  await finished(job, one => $("#making").replaceChildren(card(one)));
  location.reload();
});
