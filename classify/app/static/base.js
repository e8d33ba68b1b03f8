// What every page needs: texts in its language, requests, elements, words for numbers.
import { LANGUAGE, TEXTS } from "/texts.js";

// Gives a text in the page's language; {names} are filled in.
export function t(text, values = {}) {
  return (TEXTS[text] || text).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// Makes an element. Texts become text, never markup; "on…" are listeners.
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined));
  return element;
}

// Gives the title of a job: what is done, in the page's language, and to what: in it, too, if it is ours.
const OURS = ["built-in songs and a model", "Built-in folk songs", "Generated songs"];
export function titled(title) {
  const [what, ...rest] = title.split(": ");
  return [t(what), ...rest.map(part => OURS.includes(part) ? t(part) : part)].join(": ");
}

// Gives the title of a task; a model is trained several times, each time without some songs.
export function tasked(title) {
  const [whole, model, n, of] = /^(.*), fold (\d+) of (\d+)$/.exec(title) ?? [];
  return whole ? t("{model}, trial {n} of {of}", { model, n, of }) : t(title);
}

// Names a key as the page's language does: in German, B is H, and B♭ is B.
export function keyName(key) {
  const [tonic, mode] = key.split(" "), named = { tonic: t(tonic) };
  return mode === "major" ? t("{tonic} major", named) : mode === "minor" ? t("{tonic} minor", named) : key;
}

// Names a new song that nobody has named.
export function newSong(title) {
  const [whole, n] = /^New song (\d+)$/.exec(title) ?? [];
  return whole ? t("New song {n}", { n }) : title;
}

export const $ = (selector, inside = document) => inside.querySelector(selector);
export const $$ = (selector, inside = document) => [...inside.querySelectorAll(selector)];

export class Refusal extends Error {
  constructor(message, status, detail) { super(message); this.status = status; this.detail = detail; }
}

// Asks the server; throws a Refusal with its sentence where it refuses.
export async function ask(method, path, body, signal) {
  const form = body instanceof FormData;
  let answer;
  try {
    answer = await fetch(`/api/v1${path}`, {
      method, signal,
      headers: body && !form ? { "content-type": "application/json" } : {},
      body: body ? (form ? body : JSON.stringify(body)) : undefined,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(t("The program does not answer. Is it still running? Start it again with: classify app"), 0);
  }
  const text = await answer.text();
  let value = null;
  try { value = text ? JSON.parse(text) : null; } catch { value = { detail: text }; }
  if (!answer.ok) {
    const detail = value?.detail;
    throw new Refusal(typeof detail === "string" ? detail : detail?.message ?? text, answer.status, detail);
  }
  return value;
}

// Says something to everybody: on the screen for a while, and to screen readers.
export function say(text, bad = false) {
  const place = $("#said");
  const line = h("p", { class: bad ? "bad" : "" }, text,
    h("button", { type: "button", class: "quiet", "aria-label": t("Close"), onclick: () => line.remove() }, "×"));
  place.append(line);
  while (place.children.length > 3) place.firstChild.remove();
  if (!bad) setTimeout(() => line.remove(), 6000);
}

// Runs what a person asked for, and says why if it is refused.
export async function attempt(work) {
  try { return await work(); }
  catch (error) { if (error.name !== "AbortError") say(error.message, true); return undefined; }
}

const LOCALE = LANGUAGE === "de" ? "de-DE" : "en-GB";
export const number = (value, digits = 0) =>
  Number(value).toLocaleString(LOCALE, { minimumFractionDigits: digits, maximumFractionDigits: digits });
export const percent = value => `${number(100 * value)} %`;
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds)), hours = Math.floor(whole / 3600);
  const rest = [Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${rest.map(v => String(v).padStart(2, "0")).join(":")}` : `${rest[0]}:${String(rest[1]).padStart(2, "0")}`;
}
export const when = text => new Date(text).toLocaleString(LOCALE, { dateStyle: "medium", timeStyle: "short" });

// A bar of probabilities: one part a mood, in the order of the model's classes.
export function moodBar(p, classes, label) {
  const parts = classes.map((mood, place) => {
    const part = h("span", { class: `mood mood-${place % 8}`, title: `${mood} ${percent(p[mood] ?? 0)}` });
    part.style.flexGrow = String(p[mood] ?? 0);
    return part;
  });
  return h("span", { class: "mood-bar", role: "img", "aria-label": label ?? spoken(p, classes) }, parts);
}
export function spoken(p, classes) {
  return [...classes].sort((a, b) => p[b] - p[a]).map(mood => `${mood} ${percent(p[mood] ?? 0)}`).join(", ");
}
export function legend(classes) {
  return h("ul", { class: "legend", "aria-label": t("Colours of the moods") },
    classes.map((mood, place) => h("li", {}, h("span", { class: `swatch mood-${place % 8}` }), mood)));
}

// Calls a function when nothing has happened for a moment.
export function later(work, wait = 200) {
  let timer;
  return (...values) => { clearTimeout(timer); timer = setTimeout(() => work(...values), wait); };
}

// Calls a function when the page turns light or dark, for what is drawn.
export function onTheme(work) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => work());
  new MutationObserver(() => work()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

// Asks a question in a dialog; gives whether it was answered with yes.
export function confirmed(question, yes) {
  return new Promise(resolve => {
    const dialog = h("dialog", { "aria-label": question, onclose: () => { resolve(dialog.returnValue === "yes"); dialog.remove(); } },
      h("form", { method: "dialog" }, h("p", {}, question),
        h("p", { class: "buttons" },
          h("button", { value: "yes", class: "main" }, yes), h("button", { value: "no" }, t("Cancel")))));
    document.body.append(dialog);
    dialog.showModal();
  });
}

// What the page's frame can do: its theme and its language.
$("#theme")?.addEventListener("click", () => {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  document.cookie = `theme=${dark ? "light" : "dark"}; path=/; max-age=31536000; samesite=strict`;
});
$("#language")?.addEventListener("change", event => {
  document.cookie = `language=${event.target.value}; path=/; max-age=31536000; samesite=strict`;
  location.reload();
});
