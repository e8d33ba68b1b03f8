// The library: a table of which only the rows in view are made, filters, folders, files.
import { $, $$, ask, attempt, clock, confirmed, h, keyName, later, legend, moodBar, number, percent, say, spoken, t } from "/static/base.js";
import { card, finished, watch } from "/static/jobs.js";

const place = $("#library"), ROW = 48, PART = 200, KEPT = 25;

class Table {
  constructor(place) {
    this.id = place.dataset.id;
    this.classes = JSON.parse(place.dataset.classes);
    this.box = $("#table");
    this.body = $("#rows");
    this.sort = "title";
    this.order = "up";
    this.parts = new Map();
    this.total = 0;
    this.active = 0;
    this.request = new AbortController();
    $("#legend").append(this.classes.length ? legend(this.classes) : "");
    this.box.addEventListener("scroll", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.box);
    this.box.addEventListener("keydown", event => this.key(event));
    $$("th button").forEach(button => button.addEventListener("click", () => this.sortBy(button.dataset.sort)));
    const renew = later(() => this.renew(), 120);
    $("#filters").addEventListener("input", renew);
    $("#filters").addEventListener("submit", event => { event.preventDefault(); this.renew(); });
  }

  query(offset) {
    const form = new FormData($("#filters")), query = new URLSearchParams();
    for (const [name, value] of form) if (value !== "") query.append(name, name === "p_low" ? value / 100 : value);
    query.set("sort", this.sort); query.set("order", this.order);
    query.set("offset", offset); query.set("limit", PART);
    return `/libraries/${this.id}/songs?${query}`;
  }

  // Begins again: other filters, another order, or songs that were read meanwhile.
  async renew(stay = false) {
    this.request.abort();
    this.request = new AbortController();
    const first = stay ? Math.floor(this.box.scrollTop / ROW / PART) : 0;
    await attempt(async () => {
      const answer = await ask("GET", this.query(first * PART), null, this.request.signal);
      this.parts = new Map([[first, answer.rows]]);
      this.total = answer.total;
      if (!stay) { this.box.scrollTop = 0; this.active = 0; }
      $("#total").textContent = t("{n} songs", { n: number(answer.total) });
      this.draw(true);
    });
  }

  sortBy(name) {
    this.order = this.sort === name && this.order === "up" ? "down" : "up";
    if (name === "confidence" && this.sort !== name) this.order = "down";
    this.sort = name;
    $$("th").forEach(head => head.removeAttribute("aria-sort"));
    $(`[data-sort="${name}"]`).closest("th").setAttribute("aria-sort", this.order === "up" ? "ascending" : "descending");
    this.renew();
  }

  row(index) { return this.parts.get(Math.floor(index / PART))?.[index % PART]; }

  async fetchPart(part) {
    if (this.parts.has(part)) return;
    this.parts.set(part, []);
    const parts = this.parts;
    await attempt(async () => {
      parts.set(part, (await ask("GET", this.query(part * PART), null, this.request.signal)).rows);
      for (const old of parts.keys()) if (parts.size > KEPT && Math.abs(old - part) > 2) parts.delete(old);
      if (parts === this.parts) this.draw(true);
    });
  }

  draw(anew = false) {
    this.box.hidden = !this.total;
    $("#empty")?.remove();
    if (!this.total) this.box.after(h("div", { class: "empty", id: "empty" },
      h("p", {}, t("No song is here with these filters.")),
      h("p", {}, t("Take a filter back, or read the library again if songs were added."))));
    const head = $("thead", this.box).offsetHeight;
    const first = Math.max(0, Math.floor(this.box.scrollTop / ROW) - 8);
    const last = Math.min(this.total, Math.ceil((this.box.scrollTop + this.box.clientHeight - head) / ROW) + 8);
    if (!anew && first === this.first && last === this.last) return;
    this.first = first; this.last = last;
    const focused = document.activeElement?.closest("#rows tr")?.dataset.index;
    const rows = [];
    for (let index = first; index < last; index++) rows.push(this.make(index));
    this.body.replaceChildren(space(first * ROW), ...rows, space((this.total - last) * ROW));
    $("table", this.box).setAttribute("aria-rowcount", this.total + 1);
    if (focused !== undefined) $(`tr[data-index="${focused}"] a`, this.body)?.focus({ preventScroll: true });
    for (let part = Math.floor(first / PART); part * PART < last; part++) this.fetchPart(part);
  }

  make(index) {
    const song = this.row(index);
    if (!song) return h("tr", { "aria-rowindex": String(index + 2), "data-index": String(index) }, h("td", { class: "soft" }, "…"));
    const known = song.judged;
    const chips = [
      song.label ? h("span", { class: "chip", title: t("Label of this listener") }, `✎ ${song.label}`) : null,
      song.duplicate ? h("span", { class: "chip", title: t("The same content is in this library more than once.") }, t("duplicate")) : null,
      song.learned_from && place.dataset.kind !== "builtin" ? h("span", { class: "chip", title: t("The model learned from this song, so it is surer of it than of others.") }, t("learned")) : null,
      song.generated ? h("span", { class: "chip", title: t("A generator made this song; a playlist has it only if it is asked to.") }, t("generated")) : null,
      song.repaired ? h("span", { class: "chip", title: song.repaired }, t("repaired")) : null,
    ];
    return h("tr", { "aria-rowindex": String(index + 2), "data-index": String(index), class: song.excluded ? "excluded" : "" },
      h("td", { title: song.name }, h("a", { href: `/songs/${song.id}`, tabindex: index === this.active ? "0" : "-1" }, song.title || song.name), " ", chips),
      h("td", { class: "wide-only" }, song.artist),
      h("td", {}, known ? moodBar(song.p, this.classes) : h("span", { class: "soft" }, t("not judged yet"))),
      h("td", { title: known ? sureness(song, this.classes) : "" }, known ? (song.prediction
        ? h("span", {}, h("strong", {}, song.prediction), h("span", { class: "soft" }, percent(song.confidence)))
        : h("span", { class: "chip unsure" }, song.in_distribution ? t("not sure") : t("unlike"))) : ""),
      h("td", { class: "wide-only" }, known && song.tempo ? number(song.tempo) : "–"),
      h("td", { class: "wide-only" }, known ? keyName(song.key) : ""),
      h("td", { class: "wide-only" }, clock(song.seconds)),
      h("td", {}, h("button", { type: "button", class: "quiet", tabindex: "-1", "aria-pressed": String(song.excluded),
        "aria-label": t("Exclude {title}", { title: song.title }), title: t("Exclude: never in a playlist"), onclick: () => this.exclude(index) }, "⊘")));
  }

  async exclude(index) {
    const song = this.row(index);
    await attempt(async () => {
      await ask("PATCH", `/songs/${song.id}`, { excluded: !song.excluded });
      song.excluded = !song.excluded;
      say(song.excluded ? t("{title} is on the exclude list.", { title: song.title }) : t("{title} is off the exclude list.", { title: song.title }));
      this.draw(true);
    });
  }

  key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -this.total, End: this.total };
    if (event.key in steps) {
      event.preventDefault();
      const inside = event.target.closest("#rows");
      this.active = Math.max(0, Math.min(this.total - 1, this.active + (inside ? steps[event.key] : 0)));
      const top = this.active * ROW, head = $("thead", this.box).offsetHeight;
      if (top < this.box.scrollTop) this.box.scrollTop = top;
      else if (top + ROW > this.box.scrollTop + this.box.clientHeight - head) this.box.scrollTop = top + ROW - this.box.clientHeight + head;
      this.draw(true);
      $(`tr[data-index="${this.active}"] a`, this.body)?.focus({ preventScroll: true });
    } else if (event.key.toLowerCase() === "x" && this.row(this.active)) this.exclude(this.active);
  }
}

const space = height => {
  const cell = h("td");
  cell.style.height = `${height}px`;
  return h("tr", { class: "space", "aria-hidden": "true" }, cell);
};

// Why the model is sure, or not, in words.
function sureness(song, classes) {
  if (!song.in_distribution) return t("Unlike the songs that the model learned from: its percentages are guesses here.");
  const set = t("At 90 % the mood is one of: {moods}.", { moods: song.moods.join(", ") });
  return `${song.prediction ? "" : `${t("Not sure: several moods are likely.")} `}${spoken(song.p, classes)}. ${set}`;
}

let table = null;
const refresh = later(() => attempt(async () => { await table.renew(true); await showSkipped(); }), 700);
if (place) {
  table = new Table(place);
  table.renew();
  $("#which").addEventListener("change", event => { location.href = `/library/${event.target.value}`; });
  $("#read").addEventListener("click", () => attempt(() => ask("POST", `/libraries/${table.id}/read`)));
  $("#forget").addEventListener("click", () => attempt(async () => {
    if (!await confirmed(t("Remove this library from the page? Its files stay where they are."), t("Remove"))) return;
    await ask("DELETE", `/libraries/${table.id}`);
    location.href = "/library";
  }));
  $("#skipped").addEventListener("toggle", () => attempt(showSkipped));
  let seen = 0;
  watch(job => {
    if (job.kind !== "read_library" || String(job.parameters.library_id) !== table.id || job.id < seen) return;
    const open = ["waiting", "running"].includes(job.state);
    $("#reading").replaceChildren(...(job.state === "done" ? [] : [card(job)]));
    if (open || job.id === seen) refresh();
    if (open) seen = job.id;
  });
}

async function showSkipped() {
  const files = await ask("GET", `/libraries/${table.id}/skipped`);
  $("#skipped-count").textContent = number(files.length);
  $("#skipped-rows").replaceChildren(...files.map(file => h("tr", {}, h("td", {}, file.name), h("td", {}, file.reason))));
}

// --- a folder of this machine

const dialog = $("#folder-dialog");
$("#add-folder").addEventListener("click", () => { dialog.showModal(); attempt(() => lookInto("")); });
$("#folder-cancel").addEventListener("click", () => dialog.close());
$("#folder-form").addEventListener("submit", event => { event.preventDefault(); attempt(() => lookInto($("#folder-path").value)); });
$("#folder-choose").addEventListener("click", async () => {
  try {
    const made = await ask("POST", "/libraries", { path: $("#folder-path").value, artists: $("#folder-artists").checked });
    location.href = `/library/${made.library}`;
  } catch (error) { $("#folder-about").textContent = error.message; }
});

async function lookInto(path) {
  let inside;
  try { inside = await ask("GET", `/folders?path=${encodeURIComponent(path)}`); }
  catch (error) { $("#folder-about").textContent = error.message; return; }
  $("#folder-path").value = inside.path;
  $("#folder-about").textContent = t("Songs directly in this folder: {n}. Folders in it are read, too.", { n: number(inside.songs) });
  const entry = (text, to) => h("li", {}, h("button", { type: "button", onclick: () => attempt(() => lookInto(to)) }, text));
  $("#folders").replaceChildren(
    ...(inside.above ? [entry(t("↑ One folder up"), inside.above)] : []),
    ...inside.folders.map(name => entry(`📁 ${name}`, `${inside.path}/${name}`)),
    ...(inside.more ? [h("li", { class: "soft" }, t("and {n} more: type the path", { n: inside.more }))] : []));
}

// --- files that are dropped onto the page

$("#add-files").addEventListener("click", () => $("#files").click());
$("#files").addEventListener("change", event => upload([...event.target.files]));
addEventListener("dragover", event => { event.preventDefault(); document.body.classList.add("drop"); });
addEventListener("dragleave", () => document.body.classList.remove("drop"));
addEventListener("drop", event => {
  event.preventDefault();
  document.body.classList.remove("drop");
  if (event.dataTransfer.files.length) upload([...event.dataTransfer.files]);
});

function upload(files) {
  return attempt(async () => {
    if (!files.length) return;
    const { library } = await ask("POST", "/uploads", { name: files.length === 1 ? files[0].name : t("Dropped files") });
    const form = new FormData();
    files.forEach(file => form.append("files", file));
    say(t("Taking {n} files …", { n: files.length }));
    const answer = await ask("POST", `/uploads/${library}/files`, form);
    for (const file of answer.refused) say(`${file.name}: ${file.reason}`, true);
    if (!answer.job) { await ask("DELETE", `/libraries/${library}`); return; }
    await finished(answer.job).catch(error => say(error.message, true));
    if (!answer.refused.length) location.href = `/library/${library}`;
    else say(t("The other files are a library now; choose it above."));
  });
}
