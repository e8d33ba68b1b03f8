// A field that finds a song of the libraries, or holds a new one that was handed over.
import { ask, attempt, h, later, t } from "/static/base.js";

const SHOWN = 12;

export class Picker {
  // place: an element; label: what the song is for; onchange is called when another is chosen.
  constructor(place, label, onchange = () => {}) {
    this.onchange = onchange;
    this.source = null;
    this.title = "";
    this.told = h("p", { class: "soft", role: "status" }, t("No song is chosen yet."));
    this.found = h("ul", { class: "folders", "aria-label": t("Songs that were found"), hidden: true });
    this.field = h("input", { type: "search", autocomplete: "off", placeholder: t("a part of its title"),
      oninput: later(() => attempt(() => this.search())),
      onkeydown: event => { if (event.key === "Enter") { event.preventDefault(); this.found.querySelector("button")?.focus(); } } });
    place.replaceChildren(h("label", { class: "field" }, h("span", {}, label), this.field), this.found, this.told);
  }

  choose(source, title) {
    [this.source, this.title] = [source, title];
    this.told.textContent = t("Chosen: {title}", { title });
    this.found.hidden = true;
    this.field.value = "";
    this.onchange();
  }

  async search() {
    const q = this.field.value.trim();
    const libraries = q ? await ask("GET", "/libraries") : [];
    const rows = (await Promise.all(libraries.map(one => ask("GET", `/libraries/${one.id}/songs?${new URLSearchParams({ q, limit: SHOWN })}`)))).flatMap(answer => answer.rows);
    if (this.field.value.trim() !== q) return; // more was typed meanwhile
    this.found.hidden = !q;
    this.found.replaceChildren(...(rows.length || !q ? rows.slice(0, SHOWN).map(song => h("li", {}, h("button", { type: "button",
      onclick: () => { this.choose({ song: song.id }, song.title); this.field.focus(); } }, song.artist ? `${song.title} (${song.artist})` : song.title)))
      : [h("li", { class: "soft" }, t("No song has that in its title."))]));
  }
}
