// Ways through a composer's space: from song to song, to another mood, along a quality.
import { $, ask, attempt, h, number, percent, say, t } from "/static/base.js";
import { card, finished } from "/static/jobs.js";
import { Listen, asRows } from "/static/listen.js";
import { Picker } from "/static/picker.js";

const form = $("#way");
export const ATTRIBUTES = { density: t("Notes a second"), register: t("Mean pitch (60 is middle C)"), mode: t("Major or minor"), loudness: t("Loudness"), spread: t("Spread of pitch, semitones"), syncopation: t("Syncopation") };
const REST = 2; // seconds between two songs that play one after another
let composers = [], first, second;

// Readies the form for the composers that have a space; `show` takes a set of songs when it is made.
export function begin(all, show, goOn) {
  if (!form) return;
  composers = all.filter(one => one.space);
  first = new Picker($("#way-first"), t("First song"));
  second = new Picker($("#way-second"), t("Song to arrive at"));
  form.model.append(...composers.map(one => h("option", { value: String(one.id), selected: one.used }, one.name)));
  form.attribute.append(...Object.entries(ATTRIBUTES).map(([name, title]) => h("option", { value: name }, title)));
  form.model.addEventListener("change", suit);
  form.kind.addEventListener("change", suit);
  form.amount.addEventListener("input", suit);
  form.addEventListener("submit", event => { event.preventDefault(); make(show, goOn); });
  suit();
}

// Begins a way at a song that was chosen elsewhere, with the one that it leads to and the composer where they were chosen, too.
export function beginAt(kind, source, title, { other, otherTitle, composer } = {}) {
  if (!form) return;
  form.closest("details").open = true;
  form.kind.value = kind;
  first.choose(source, title);
  if (other) second.choose(other, otherTitle);
  if (composers.some(one => String(one.id) === composer)) form.model.value = composer;
  suit();
  form.scrollIntoView({ block: "start" });
  form.kind.focus();
}

// Shows what the chosen way needs.
function suit() {
  const kind = form.kind.value, { moods } = composers.find(one => String(one.id) === form.model.value);
  const before = form.mood.value;
  form.mood.replaceChildren(...moods.map(mood => h("option", {}, mood)));
  if (moods.includes(before)) form.mood.value = before;
  form.kind.querySelector("[value=mood]").disabled = !moods.length;
  for (const [name, of] of [["mood", "mood"], ["attribute", "quality"]]) form[name].closest("label").hidden = kind !== of;
  $("#way-second").hidden = kind !== "between";
  form.amount.closest("label").hidden = kind === "between";
  form.amount.min = kind === "quality" ? "-3" : "0.25";
  $("#amount-told").textContent = kind === "quality"
    ? t("{n} standard deviations of the songs that it learned from", { n: number(form.amount.value, 2) })
    : t("{p} of the way from the mean of other moods to that of this one", { p: percent(form.amount.value) });
}

const make = (show, goOn) => attempt(async () => {
  const button = $("button.main", form), kind = form.kind.value, way = { kind, steps: Number(form.steps.value), song: first.source };
  try {
    if (kind === "between") way.other = second.source;
    else way.amount = Number(form.amount.value);
    if (kind === "mood") way.mood = form.mood.value;
    if (kind === "quality") way.attribute = form.attribute.value;
    if (!way.song || way.other === null) throw new Error(t("Choose the song first: search for a part of its title."));
    button.disabled = true;
    const { job } = await ask("POST", "/generated/ways", { model: Number(form.model.value), way });
    const result = await finished(job, now => $("#going").replaceChildren(card(now)));
    $("#going").replaceChildren();
    show(wayOf(await Promise.all(result.generated.map(id => ask("GET", `/generated/${id}`))), goOn));
  } catch (error) { $("#going").replaceChildren(h("p", { class: "warning" }, error.message)); }
  button.disabled = false;
});

// A way: its songs in a table, one piano roll for the one that is chosen, and what can be done with it.
export function wayOf(songs, goOn) {
  const { way } = songs[0].wishes, { known } = songs[0].facts;
  const title = way.kind === "between" ? `${known[0].title} → ${known[1].title}`
    : `${known[0].title} → ${way.kind === "mood" ? way.mood : ATTRIBUTES[way.attribute]}`;
  const box = h("article", { class: "card new-song way", "data-set": songs[0].wishes.set });
  const listening = h("div", {}), acts = h("p", { class: "buttons" }), listen = new Listen(listening, { title, classes: [], windows: [] });
  box.listen = listen;
  const choose = song => {
    listen.player.pause();
    listen.show(asRows(song.notes));
    for (const button of box.querySelectorAll("[data-step]")) button.setAttribute("aria-pressed", String(button.dataset.step === String(song.id)));
    acts.replaceChildren(...actsOf(song, goOn));
  };
  const asked = songs.some(song => song.facts["probability of the mood asked"] !== undefined);
  const row = (button, name, mood, p, of, similar) => h("tr", {}, h("td", {}, button), h("th", { scope: "row" }, name),
    h("td", {}, mood ? `${mood} ${percent(p)}` : "–"), asked ? h("td", {}, of === undefined ? "–" : percent(of)) : null, h("td", {}, similar));
  const original = one => row("", t("{title}, as it is", { title: one.title }), one.mood, one.p, one.asked, "");
  const hear = song => h("button", { type: "button", "data-step": String(song.id), "aria-pressed": "false", "aria-label": t("Hear step {n}", { n: song.wishes.step }),
    onclick: () => { choose(song); listen.press(); } }, t("Hear"));
  const step = song => row(hear(song), named(song, way), song.facts["mood judged"], song.facts.probability, song.facts["probability of the mood asked"], percent(song.facts.similarity));
  const heads = [h("span", { class: "unseen" }, t("Actions")), t("Step"), t("The model hears"), asked ? t("{mood}, by the model", { mood: way.mood }) : null, t("Melody kept")];
  box.append(h("h3", {}, title), listening,
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("Steps of the way") }, h("table", { class: "plain" },
      h("thead", {}, h("tr", {}, heads.filter(head => head !== null).map(head => h("th", { scope: "col" }, head)))),
      h("tbody", {}, original(known[0]), ...songs.map(step), known[1] ? original(known[1]) : null))),
    acts, h("p", { class: "soft" }, verdict(songs, way), " ", songs[0].model, "."),
    h("p", { class: "buttons" },
      h("button", { type: "button", class: "all", onclick: () => { listen.player.pause(); listen.show(joined(songs)); listen.press(); } }, t("Hear all, one after another")),
      h("button", { type: "button", onclick: () => attempt(async () => {
        for (const song of songs) await ask("DELETE", `/generated/${song.id}`);
        listen.player.close();
        box.remove();
      }) }, t("Delete all"))));
  requestAnimationFrame(() => choose(songs[0]));
  return box;
}

function named(song, way) {
  const n = song.wishes.step;
  if (n === 1) return t("1: as the space has it");
  return way.kind === "between" && n === way.steps ? t("{n}: the other, as the space has it", { n }) : String(n);
}

// What can be done with the step that is chosen.
function actsOf(song, goOn) {
  const n = song.wishes.step;
  return [
    h("button", { type: "button", class: "keep", disabled: song.kept, onclick: event => attempt(async () => {
      const button = event.target, made = await ask("POST", `/generated/${song.id}/keep`, { title: song.title });
      button.disabled = song.kept = true;
      button.after(h("a", { href: `/library/${made.library}` }, t("Show it there")));
      say(t("It is filed in the library of generated songs."));
    }) }, t("Keep step {n} in the library", { n })),
    h("a", { class: "button", href: `/api/v1/generated/${song.id}/midi`, download: "" }, t("Download step {n} as MIDI", { n })),
    h("button", { type: "button", onclick: () => goOn({ generated: song.id }, song.title) }, t("Go on from here")),
  ];
}

// Says how much the space keeps of a song, and whether the judge hears what was asked for.
function verdict(songs, way) {
  const before = songs[0].facts, last = songs.at(-1).facts, kept = before.similarity;
  if (songs.length < way.steps) return t("Some of its steps were deleted.");
  const said = [kept < 0.5
    ? t("The space has only {p} of the first song's melody, so this is hardly that song any more; a composer that learned longer, or from songs like it, keeps more.", { p: percent(kept) })
    : t("The space has {p} of the first song's melody; what is missing is lost before the way begins.", { p: percent(kept) })];
  const to = last["probability of the mood asked"], from = before.known[0].asked ?? before["probability of the mood asked"];
  if (way.kind === "mood" && to !== undefined) said.push(to > from
    ? t("On the way the model hears more of {mood}: {from} before, {to} after.", { mood: way.mood, from: percent(from), to: percent(to) })
    : t("The model does not hear more of {mood}: {from} before, {to} after.", { mood: way.mood, from: percent(from), to: percent(to) }));
  return said.join(" ");
}

function joined(songs) {
  let at = 0;
  return songs.flatMap(song => {
    const rows = asRows(song.notes).map(([onset, ...rest]) => [onset + at, ...rest]);
    at += song.notes.seconds + REST;
    return rows;
  });
}
