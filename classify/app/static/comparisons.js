// Models: compared, watched, used.
import { $, $$, ask, attempt, h, say, t } from "/static/base.js";
import { card, finished, watch } from "/static/jobs.js";

$("#new")?.addEventListener("submit", event => {
  event.preventDefault();
  attempt(async () => {
    const data = new FormData($("#new"));
    const made = await ask("POST", "/comparisons", { library: Number(data.get("library")), depth: data.get("depth"), name: data.get("name") });
    location.href = `/comparisons/${made.comparison}`;
  });
});

$$(".use").forEach(button => button.addEventListener("click", () => attempt(async () => {
  await ask("PUT", `/models/${button.dataset.id}/use`);
  location.reload();
})));

// Two at least lie side by side: until as many are chosen, it is said instead of done.
const sides = $("#sides");
sides?.addEventListener("submit", event => {
  const chosen = $$("[name=run]:checked", sides).length;
  if (chosen > 1 && chosen <= 12) return;
  event.preventDefault();
  $("#sides-told").className = "warning";
  $("#sides-told").textContent = t("Choose two to twelve comparisons.");
  $(`[name=run]${chosen > 1 ? ":checked" : ":not(:checked)"}`, sides).focus();
});

const laid = $("#laid");
if (laid && !laid.dataset.finished) attempt(async () => {
  const runs = laid.dataset.runs.split("-").map(Number);
  try {
    const { job } = await ask("POST", "/comparisons/side-by-side", { comparisons: runs });
    await finished(job, now => $("#doing").replaceChildren(card(now)));
    $("#doing").replaceChildren();
    $("iframe.report").src = `/api/v1/comparisons/side-by-side/report?${new URLSearchParams(runs.map(run => ["run", run]))}`;
    $("iframe.report").hidden = false;
  } catch (error) { $("#doing").replaceChildren(h("p", { class: "warning" }, error.message)); }
});

const one = $("#comparison");
if (one) {
  let seen = Number(one.dataset.job);
  watch(job => {
    if (job.kind !== "compare" || String(job.parameters.comparison_id) !== one.dataset.id || job.id < seen) return;
    seen = job.id;
    if (job.state === "done" && !one.dataset.finished) location.reload();
    else if (job.state !== "done") $("#doing").replaceChildren(card(job));
  });
  $$(".use-from").forEach(button => button.addEventListener("click", () => attempt(async () => {
    button.disabled = true;
    try {
      const { job } = await ask("POST", `/comparisons/${one.dataset.id}/use`, { model: button.dataset.model });
      await finished(job, now => $("#doing").replaceChildren(card(now)));
      $("#doing").replaceChildren(h("p", { class: "big" }, t("This model is in use now, and has judged your libraries.")));
      say(t("This model is in use now, and has judged your libraries."));
    } catch (error) { $("#doing").replaceChildren(h("p", { class: "warning" }, error.message)); }
    button.disabled = false;
  })));
}
