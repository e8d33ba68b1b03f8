// A new playlist: wishes, and how many songs there are for them.
import { $, ask, attempt, h, later, number, t } from "/static/base.js";
import { card, finished } from "/static/jobs.js";

const form = $("#new");
const moods = () => new FormData(form).getAll("mood");

const count = later(() => attempt(async () => {
  $("#sure-out").textContent = `${form.min_confidence.value} %`;
  const chosen = [...new Set([...moods(), form.start.value])].filter(Boolean);
  const any = form.allow_generated.checked || form.library.selectedOptions[0].dataset.kind === "generated";
  const totals = await Promise.all(chosen.map(mood => ask("GET",
    `/libraries/${form.library.value}/songs?${new URLSearchParams({ p_mood: mood, p_low: form.min_confidence.value / 100, generated: any ? "all" : "no", limit: 0 })}`)));
  $("#eligible").textContent = chosen.map((mood, i) => t("{mood}: {n} songs", { mood, n: number(totals[i].total) })).join(", ");
}), 150);

const optional = (name, scale = 1) => form[name].value === "" ? null : form[name].value / scale;
const pair = (low, high) => optional(low) === null && optional(high) === null ? null : [optional(low) ?? 0, optional(high) ?? 1000];

if (form) {
  form.addEventListener("input", count);
  count();
  form.addEventListener("submit", event => {
    event.preventDefault();
    attempt(async () => {
      if (!moods().length) throw new Error(t("Choose at least one mood to lead to."));
      const made = await ask("POST", "/playlists", {
        library: Number(form.library.value), name: form.name.value, mood: moods().join("+"), start: form.start.value,
        minutes: Number(form.minutes.value), strategy: form.start.value ? form.strategy.value : "",
        min_confidence: form.min_confidence.value / 100, tempo: pair("tempo_low", "tempo_high"), loudness: pair("loud_low", "loud_high"),
        tempo_change: optional("tempo_change", 100), loudness_change: optional("loudness_change"),
        no_repeat_artist: form.no_repeat_artist.checked, lists: Number(form.lists.value) || 1, allow_generated: form.allow_generated.checked,
      });
      try {
        const wanted = Number(form.lists.value) || 1;
        const built = (await finished(made.job, job => $("#building").replaceChildren(card(job)))).lists;
        if (built < wanted) $("#building").replaceChildren(h("p", { class: "warning" },
          t("Only {n} of {wanted} lists could be made: no other suitable song is left.", { n: number(built), wanted: number(wanted) }), " ",
          h("a", { href: "/playlists" }, t("Show them"))));
        else location.href = wanted > 1 ? "/playlists" : `/playlists/${made.playlist}`;
      } catch (error) {
        $("#building").replaceChildren(h("p", { class: "warning" }, error.message));
      }
    });
  });
}
