// A song: it plays, its moods run beneath it, and a listener can say otherwise.
import { $, ask, attempt, clock, h, legend, moodBar, number, percent, say, spoken, t } from "/static/base.js";
import { finished } from "/static/jobs.js";
import { Listen, asRows } from "/static/listen.js";

const id = $("#song").dataset.id;
let listen;

attempt(async () => {
  const [song, notes] = await Promise.all([ask("GET", `/songs/${id}`), ask("GET", `/songs/${id}/notes`)]);
  listen = new Listen($("#listen"), { title: song.title, windows: song.windows, classes: song.classes });
  listen.show(asRows(notes));
  window.listen = listen;
  if (song.windows.length) $("#listen").append(legend(song.classes));
  show(song);
  similar();
});

function show(song) {
  const facts = [
    [t("Artist"), song.artist], [t("Length"), clock(song.seconds)], [t("Notes"), number(song.notes)],
    [t("Tempo"), song.tempo ? `${number(song.tempo)} bpm` : t("unknown")], [t("Key"), song.key],
    [t("Loudness"), song.judged ? t("{n} of 127", { n: number(song.loudness) }) : ""], [t("File"), song.name],
    [t("Repaired"), song.repaired], [t("Where its notes come from"), song.origin],
  ];
  $("#facts").replaceChildren(...facts.filter(([, value]) => value).map(([name, value]) =>
    h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value))));
  for (const other of song.duplicates) $("#facts").append(h("tr", {}, h("th", { scope: "row" }, t("The same content")),
    h("td", {}, h("a", { href: `/songs/${other.id}` }, other.name))));
  if (!song.judged) { $("#mood").replaceChildren(h("p", {}, t("Not judged yet: read the library again."))); return; }
  const words = song.prediction
    ? t("{mood}, with a probability of {p}.", { mood: song.prediction, p: percent(song.confidence) })
    : song.in_distribution ? t("Not sure. The most likely mood is {mood}, with {p}.", { mood: song.best, p: percent(song.confidence) })
      : t("Unlike the songs that the model learned from, so its percentages are guesses here.");
  $("#mood").replaceChildren(
    h("p", { class: "big" }, words), moodBar(song.p, song.classes), h("p", { class: "soft" }, spoken(song.p, song.classes)),
    h("p", { class: "soft" }, t("At 90 % the mood is one of: {moods}.", { moods: song.moods.join(", ") }),
      song.learned_from ? ` ${t("The model learned from this song, so it is surer of it than of others.")}` : ""));
  const select = $("#label");
  if (select) select.value = song.label ?? "";
  $("#exclude").setAttribute("aria-pressed", String(song.excluded));
}

$("#label")?.addEventListener("change", event => attempt(async () => {
  show(await ask("PATCH", `/songs/${id}`, { label: event.target.value }));
  say(event.target.value ? t("Noted for this listener: {label}", { label: event.target.value }) : t("The label was taken back."));
}));
$("#exclude").addEventListener("click", () => attempt(async () => {
  const song = await ask("PATCH", `/songs/${id}`, { excluded: $("#exclude").getAttribute("aria-pressed") !== "true" });
  show(song);
  say(song.excluded ? t("{title} is on the exclude list.", { title: song.title }) : t("{title} is off the exclude list.", { title: song.title }));
}));
$("#why").addEventListener("click", () => attempt(async () => {
  $("#why").disabled = true;
  $("#because").replaceChildren(h("progress", { "aria-label": t("Explaining") }));
  try {
    const why = await finished((await ask("POST", `/songs/${id}/why`)).job);
    $("#because").replaceChildren(h("p", {}, why.paragraph),
      why.weights.length ? h("p", { class: "soft" }, t("In the piano roll: notes that speak for the mood are in the colour of links, those against it in that of warnings; the stronger, the more.")) : "");
    if (why.weights.length) { listen.about.weights = why.weights; listen.draw(); }
  } catch (error) { $("#because").replaceChildren(h("p", { class: "warning" }, error.message)); }
  $("#why").disabled = false;
}));

async function similar() {
  const songs = await ask("GET", `/songs/${id}/similar`);
  $("#similar").replaceChildren(...songs.map(song => h("li", {}, h("a", { href: `/songs/${song.id}` }, song.title),
    h("span", { class: "soft" }, ` ${song.prediction || t("not sure")}`))));
}
