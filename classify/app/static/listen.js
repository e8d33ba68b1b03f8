// A song to look at and to listen to: a piano roll with a moving cursor, moods over time, controls.
import { clock, h, onTheme, percent, t } from "/static/base.js";
import { Player } from "/static/instruments.js";

const COLOURS = 8, ZOOMS = [1, 2, 4, 8, 16];
let audible = null; // one song sounds at a time

// Turns the server's columns into the player's rows.
export const asRows = notes => notes.onset.map((onset, i) =>
  [onset, notes.duration[i], notes.pitch[i], notes.velocity[i], notes.program[i], notes.drum[i]]);

export class Listen {
  // place: an element; about: {title, windows, classes, weights}; weights colour notes, -1 to 1.
  constructor(place, about) {
    this.about = about;
    this.player = new Player();
    this.player.onend = () => this.moved();
    this.zoom = 0;
    this.from = 0;
    this.marks = [null, null];
    this.build(place);
    new ResizeObserver(() => this.draw()).observe(this.roll);
    onTheme(() => this.draw());
  }

  build(place) {
    const button = (text, label, action, more = {}) => h("button", { type: "button", "aria-label": label, title: label, onclick: action, ...more }, text);
    this.toggle = h("button", { type: "button", class: "main play", disabled: true, onclick: () => this.press() }, t("Play"));
    for (const sign of ["pointerenter", "focus"]) this.toggle.addEventListener(sign, () => this.player.prepare(), { once: true });
    this.slider = h("input", { type: "range", min: "0", max: "1", step: "0.1", value: "0", "aria-label": t("Position"), oninput: () => this.seek(Number(this.slider.value)) });
    this.time = h("span", { class: "time" }, "0:00");
    this.pace = h("input", { type: "range", min: "50", max: "150", step: "5", value: "100", "aria-label": t("Tempo, percent"),
      oninput: () => { this.player.pace(this.pace.value / 100); this.paceText.textContent = `${this.pace.value} %`; } });
    this.paceText = h("span", { class: "soft" }, "100 %");
    this.volume = h("input", { type: "range", min: "0", max: "100", value: "80", "aria-label": t("Volume"), oninput: () => { this.player.volume = this.volume.value / 100; } });
    this.loopA = button("A", t("Repeat from here"), () => this.mark(0), { "aria-pressed": "false" });
    this.loopB = button("B", t("Repeat to here"), () => this.mark(1), { "aria-pressed": "false" });
    this.roll = h("canvas", { class: "roll", role: "img", "aria-label": t("Piano roll of {title}", { title: this.about.title }) });
    this.cursor = h("div", { class: "cursor" });
    this.moods = this.about.windows?.length ? h("canvas", { class: "moods", role: "img", "aria-label": this.moodsInWords() }) : null;
    this.now = h("p", { class: "soft now", "aria-live": "off" });
    this.frame = h("div", { class: "frame" }, this.roll, this.moods, this.cursor);
    this.frame.addEventListener("pointerdown", event => this.point(event));
    place.append(
      h("div", { class: "controls" }, this.toggle,
        h("span", { class: "grow" }, this.slider), this.time),
      this.frame, this.now,
      h("div", { class: "controls" },
        h("label", {}, t("Tempo"), " ", this.pace), this.paceText,
        h("label", {}, t("Volume"), " ", this.volume),
        h("span", { class: "buttons" }, this.loopA, this.loopB,
          button(t("No repeat"), t("No repeat"), () => this.clear()),
          button("−", t("Show more of the song"), () => this.zoomBy(-1)), button("+", t("Show less of the song"), () => this.zoomBy(1)))));
    place.addEventListener("keydown", event => {
      if (event.key !== " " || ["BUTTON", "SELECT", "INPUT", "A"].includes(event.target.tagName) && event.target.type !== "range") return;
      event.preventDefault();
      this.press();
    });
  }

  show(rows) {
    this.player.load(rows);
    this.rows = this.player.rows;
    const pitches = rows.filter(row => !row[5]).map(row => row[2]);
    this.low = pitches.reduce((a, b) => Math.min(a, b), 127) - 2;
    this.high = pitches.reduce((a, b) => Math.max(a, b), 0) + 2;
    this.slider.max = String(this.player.seconds);
    this.toggle.disabled = !rows.length;
    this.zoom = Math.max(0, ZOOMS.findIndex(zoom => this.player.seconds / zoom <= 45));
    this.draw();
    this.moved();
  }

  press() {
    if (this.player.playing) this.player.pause();
    else {
      if (audible && audible !== this) { audible.player.pause(); audible.moved(); }
      audible = this;
      this.player.play();
    }
    this.moved();
    const tick = () => { this.moved(); if (this.player.playing) requestAnimationFrame(tick); };
    if (this.player.playing) requestAnimationFrame(tick);
  }

  seek(seconds) { this.player.seek(seconds); this.moved(); }

  get span() { return Math.max(1, this.player.seconds / ZOOMS[this.zoom]); }

  zoomBy(step) {
    this.zoom = Math.max(0, Math.min(ZOOMS.length - 1, this.zoom + step));
    this.from = Math.max(0, Math.min(this.player.position - this.span / 2, this.player.seconds - this.span));
    this.draw();
    this.moved();
  }

  point(event) {
    const box = this.frame.getBoundingClientRect();
    this.seek(this.from + (event.clientX - box.left) / box.width * this.span);
  }

  mark(which) {
    this.marks[which] = this.player.position;
    const [a, b] = this.marks;
    if (a !== null && b !== null && b > a + 0.2) this.player.loop = [a, b];
    this.loopA.setAttribute("aria-pressed", String(a !== null));
    this.loopB.setAttribute("aria-pressed", String(b !== null));
    this.draw();
  }

  clear() {
    this.marks = [null, null];
    this.player.loop = null;
    this.loopA.setAttribute("aria-pressed", "false");
    this.loopB.setAttribute("aria-pressed", "false");
    this.draw();
  }

  // Brings cursor, slider and words to where the song is.
  moved() {
    const at = Math.min(this.player.position, this.player.seconds);
    if (at < this.from || at > this.from + this.span) {
      this.from = Math.max(0, Math.min(at, this.player.seconds - this.span));
      this.draw();
    }
    this.cursor.style.transform = `translateX(${(at - this.from) / this.span * this.frame.clientWidth}px)`;
    this.slider.value = String(at);
    this.slider.setAttribute("aria-valuetext", clock(at));
    this.time.textContent = `${clock(at)} / ${clock(this.player.seconds)}`;
    this.toggle.textContent = this.player.playing ? t("Pause") : t("Play");
    const here = this.windowAt(at);
    if (here) this.now.textContent = t("Here: {moods}", { moods: this.inWords(here) });
  }

  windowAt(seconds) { return this.about.windows?.filter(row => row[0] <= seconds + 1e-6).at(-1) ?? this.about.windows?.[0]; }

  inWords(row) {
    return this.about.classes.map((mood, i) => [mood, row[i + 1]]).sort((a, b) => b[1] - a[1]).slice(0, 2)
      .map(([mood, p]) => `${mood} ${percent(p)}`).join(", ");
  }

  moodsInWords() {
    return t("Moods over time. {parts}", { parts: this.about.windows.slice(0, 12).map(row => `${clock(row[0])}: ${this.inWords(row)}`).join("; ") });
  }

  draw() {
    if (!this.rows) return;
    const style = getComputedStyle(document.documentElement);
    const colour = name => style.getPropertyValue(name);
    const probe = h("span", {});
    this.frame.append(probe);
    const real = value => { probe.style.color = value; return getComputedStyle(probe).color; };
    const palette = Array.from({ length: COLOURS }, (_, i) => real(colour(`--m${i}`)));
    const ink = { line: real(colour("--line")), accent: real(colour("--accent")), soft: real(colour("--soft")), bad: real(colour("--bad")) };
    probe.remove();
    this.drawRoll(fitted(this.roll), palette, ink);
    if (this.moods) this.drawMoods(fitted(this.moods), palette);
  }

  drawRoll(canvas, palette, ink) {
    const { context, width, height } = canvas, scale = width / this.span, step = height / (this.high - this.low + 1);
    context.clearRect(0, 0, width, height);
    context.fillStyle = ink.line;
    for (let pitch = Math.ceil(this.low / 12) * 12; pitch <= this.high; pitch += 12) context.fillRect(0, height - (pitch - this.low) * step, width, 1);
    const every = [1, 2, 5, 10, 20, 30, 60, 120].find(s => s * scale > 60) ?? 300;
    context.font = "11px system-ui";
    for (let second = Math.ceil(this.from / every) * every; second < this.from + this.span; second += every) {
      context.fillStyle = ink.line;
      context.fillRect((second - this.from) * scale, 0, 1, height);
      context.fillStyle = ink.soft;
      context.fillText(clock(second), (second - this.from) * scale + 3, height - 4);
    }
    const programs = [...new Set(this.rows.map(row => row[4]))];
    this.rows.forEach((row, i) => {
      const [onset, seconds, pitch, velocity, program, drum] = row;
      if (onset + seconds < this.from || onset > this.from + this.span) return;
      const weight = this.about.weights?.[i];
      context.fillStyle = drum ? ink.soft : weight === undefined ? palette[programs.indexOf(program) % COLOURS] : weight >= 0 ? ink.accent : ink.bad;
      context.globalAlpha = weight === undefined ? 0.45 + 0.55 * velocity / 127 : 0.2 + 0.8 * Math.abs(weight);
      const y = drum ? height - 14 : height - (pitch - this.low + 1) * step;
      context.fillRect((onset - this.from) * scale, y, Math.max(2, seconds * scale - 1), Math.max(2, step - 1));
    });
    context.globalAlpha = 1;
    const [a, b] = this.marks;
    context.fillStyle = ink.accent;
    for (const mark of [a, b]) if (mark !== null) context.fillRect((mark - this.from) * scale, 0, 2, height);
  }

  drawMoods({ context, width, height }, palette) {
    const windows = this.about.windows, scale = width / this.span;
    context.clearRect(0, 0, width, height);
    windows.forEach((row, i) => {
      const start = i ? row[0] : 0, end = windows[i + 1]?.[0] ?? this.player.seconds;
      let top = 0;
      this.about.classes.forEach((_, place) => {
        context.fillStyle = palette[place % COLOURS];
        context.fillRect((start - this.from) * scale, top * height, Math.max(1, (end - start) * scale) + 0.5, row[place + 1] * height + 0.5);
        top += row[place + 1];
      });
    });
  }
}

export function fitted(canvas) {
  const ratio = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, width, height };
}
