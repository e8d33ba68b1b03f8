// Listeners: chosen, labelled for, and whether adapting a model to one of them helps.
import { $, $$, ask, attempt, confirmed, h, moodBar, say, t } from "/static/base.js";
import { Player } from "/static/instruments.js";
import { card, finished } from "/static/jobs.js";
import { asRows } from "/static/listen.js";

const place = $("#listeners"), chosen = place.dataset.chosen, classes = JSON.parse(place.dataset.classes);
const player = new Player();
let sounding = null;

$("#new").addEventListener("submit", event => {
  event.preventDefault();
  attempt(async () => { await ask("POST", "/listeners", { name: $("#new").elements.name.value }); location.reload(); });
});
$$(".choose").forEach(button => button.addEventListener("click", () => attempt(async () => {
  await ask("PUT", `/listeners/${button.dataset.id}/choose`);
  location.reload();
})));
$$(".forget").forEach(button => button.addEventListener("click", () => attempt(async () => {
  if (!await confirmed(t("Delete {name} with all labels and models of their own?", { name: button.dataset.name }), t("Delete"))) return;
  await ask("DELETE", `/listeners/${button.dataset.id}`);
  location.reload();
})));

function rest() {
  player.stop();
  if (sounding) sounding.textContent = t("Play");
  sounding = null;
}
player.onend = rest;

async function play(button, song) {
  const again = sounding === button;
  rest();
  if (again) return;
  player.load(asRows(await ask("GET", `/songs/${song}/notes`)));
  sounding = button;
  button.textContent = t("Stop");
  player.play(0);
}

async function item({ id, reason }) {
  const song = await ask("GET", `/songs/${id}`);
  const label = h("select", { "aria-label": t("Label of {title}", { title: song.title }), onchange: () => attempt(async () => {
    await ask("PATCH", `/songs/${id}`, { label: label.value });
    say(t("Noted for this listener: {label}", { label: label.value || t("no label") }));
    await labels();
  }) }, h("option", { value: "" }, t("no label")), classes.map(mood => h("option", {}, mood)));
  const button = h("button", { type: "button", "aria-label": `${t("Play")}: ${song.title}`, onclick: () => attempt(() => play(button, id)) }, t("Play"));
  return h("li", { class: "card" }, h("div", { class: "row" }, button, h("a", { href: `/songs/${id}` }, song.title), label),
    song.p ? moodBar(song.p, classes) : null, h("p", { class: "soft", lang: "en" }, reason));
}

async function labels() {
  const rows = await ask("GET", `/listeners/${chosen}/labels`);
  $("#labels").replaceChildren(...(rows.length ? rows.map(row => h("tr", {},
    h("td", {}, h("a", { href: `/songs/${row.id}` }, row.title)), h("td", {}, row.label), h("td", {}, row.best),
    h("td", {}, row.learned_from ? t("no: learned") : t("yes")))) : [h("tr", {}, h("td", { colSpan: 4, class: "soft" }, t("None yet.")))]));
}

if (chosen) {
  attempt(labels);
  $("#suggest").addEventListener("click", () => attempt(async () => {
    try {
      const result = await finished((await ask("POST", `/listeners/${chosen}/suggest`)).job, job => $("#doing").replaceChildren(card(job)));
      $("#doing").replaceChildren();
      $("#ten").replaceChildren(...await Promise.all(result.songs.map(item)));
      $("#ten button")?.focus();
    } catch (error) { $("#doing").replaceChildren(h("p", { class: "warning" }, error.message)); }
  }));
  $("#adapt").addEventListener("click", () => attempt(async () => {
    try {
      await finished((await ask("POST", `/listeners/${chosen}/adapt`)).job, job => $("#doing").replaceChildren(card(job)));
      location.reload();
    } catch (error) { $("#doing").replaceChildren(h("p", { class: "warning" }, error.message)); }
  }));
}
