// What is being done: watched as it happens, on every page.
import { $, ask, attempt, h, number, say, t, tasked, titled } from "/static/base.js";

const jobs = new Map();
const watchers = new Set();
const OPEN = ["waiting", "running"];
const LONG = ["first_run", "read_library", "train_composer", "compare"];
export const STATES = {
  waiting: t("waiting"), running: t("running"), done: t("done"), cancelled: t("stopped"),
  refused: t("could not be done"), failed: t("failed"), died: t("ended before it was done"),
  interrupted: t("interrupted"),
};

// Calls a function with each job that changes.
export function watch(work) { watchers.add(work); jobs.forEach(job => work(job)); return () => watchers.delete(work); }

// Waits for the end of a job; gives its result, or throws its reason.
export function finished(id, onchange = () => {}) {
  return new Promise((resolve, reject) => {
    const end = watch(job => {
      if (job.id !== id) return;
      onchange(job);
      if (OPEN.includes(job.state)) return;
      queueMicrotask(() => end());
      job.state === "done" ? resolve(job.result) : reject(new Error(job.message || STATES[job.state]));
    });
  });
}

function take(job) {
  const before = jobs.get(job.id);
  jobs.set(job.id, job);
  watchers.forEach(work => work(job));
  show();
  if (before && OPEN.includes(before.state) && !OPEN.includes(job.state)) {
    if (!LONG.includes(job.kind)) return; // the page that asked says what came of it
    if (job.state === "done") say(t("Done: {title}", { title: titled(job.title) }));
    else say(`${titled(job.title)}: ${STATES[job.state]}. ${t(job.message)}`, job.state !== "cancelled");
  }
}

// One job, with what it is doing now and what can be done about it.
export function card(job) {
  const open = OPEN.includes(job.state);
  const tasks = job.tasks.map(task => h("div", { class: "task" },
    h("span", {}, tasked(task.title)),
    h("progress", task.total === 1 ? { "aria-label": tasked(task.title) } : { max: String(task.total || 1), value: String(task.done), "aria-label": tasked(task.title) }),
    task.total === 1 ? null : h("span", { class: "soft" }, t("{done} of {total}", { done: number(task.done), total: number(task.total) }))));
  const again = !open && job.state !== "done";
  return h("article", { class: `job ${job.state}`, "data-job": job.id },
    h("header", {}, h("strong", {}, titled(job.title)), " ", h("span", { class: "state" }, STATES[job.state])),
    open && !tasks.length && job.state === "running" ? h("progress", { "aria-label": titled(job.title) }) : null,
    tasks,
    job.lines.length && open ? h("p", { class: "soft" }, job.lines.at(-1)) : null,
    job.message ? h("p", {}, t(job.message)) : null,
    open || again ? h("p", { class: "buttons" },
      open ? h("button", { type: "button", onclick: () => attempt(() => ask("POST", `/jobs/${job.id}/cancel`)) }, t("Stop")) : null,
      again ? h("button", { type: "button", onclick: () => attempt(() => ask("POST", `/jobs/${job.id}/repeat`)) },
        job.state === "refused" ? t("Try again") : t("Go on")) : null) : null);
}

function show() {
  const list = $("#jobs-list");
  if (!list) return;
  const sorted = [...jobs.values()].sort((a, b) => b.id - a.id).slice(0, 20);
  const open = sorted.filter(job => OPEN.includes(job.state)).length;
  $("#jobs-count").textContent = open ? String(open) : "";
  $("#jobs-count").hidden = !open;
  if (!$("#jobs").open) return;
  list.replaceChildren(...(sorted.length ? sorted.map(card) : [h("p", { class: "soft" }, t("Nothing has been done yet."))]));
}

$("#jobs")?.addEventListener("toggle", show);

// A browser has six connections to one server. A page that was left, and is kept to come back to,
// would keep one of them: after six pages nothing would load for a minute.
function follow() {
  const source = new EventSource("/api/v1/jobs/events");
  addEventListener("pagehide", () => source.close(), { once: true });
  source.onmessage = event => take(JSON.parse(event.data));
  source.onopen = () => attempt(async () => (await ask("GET", "/jobs")).reverse().forEach(take));
}
follow();
addEventListener("pageshow", event => { if (event.persisted) follow(); });
