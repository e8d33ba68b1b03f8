// The start: the first run, and the tour.
import { $, ask, attempt, h, t } from "/static/base.js";
import { card, watch } from "/static/jobs.js";

let mine = null;
$("#begin")?.addEventListener("click", () => attempt(async () => {
  $("#begin").disabled = true;
  mine = (await ask("POST", "/first-run")).job;
}));
if ($("#first-run")) watch(job => {
  if (job.kind !== "first_run" || (mine && job.id < mine)) return;
  mine = job.id;
  $("#begin").disabled = ["waiting", "running", "done"].includes(job.state);
  $("#first-progress").replaceChildren(card(job));
  if (job.state === "done") $("#first-progress").replaceChildren(
    h("p", {}, t("Ready: the songs are judged.")),
    h("p", { class: "buttons" }, h("a", { class: "button main", href: `/library/${job.result.library}` }, t("Look at the songs")),
      h("a", { class: "button", href: "/" }, t("To the start"))));
});
$("#toured")?.addEventListener("click", () => attempt(async () => {
  await ask("PUT", "/settings/toured", { value: "yes" });
  $("#tour").remove();
  $("h1").focus();
}));
