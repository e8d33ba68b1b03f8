// What songs are heard through: recorded instruments, which an audio worklet plays from a soundfont,
// where they are on this machine; the small synthesiser otherwise. Both have the same controls.
import { Synthesiser, outputOf } from "/player.js";
import { $, say, t } from "/static/base.js";

// Address of the instruments, where the server has them.
const PLACE = document.body.dataset.instruments, SOUNDFONT = "FluidR3Mono_GM.sf3";
// Ticks of MIDI a second; milliseconds until a band that nobody plays rests; of the base's timer.
const TICKS = 5000, IDLE = 5000, TICK = 200;
// By how much the soundfont is raised, so that its peaks are about those of the small synthesiser
// (benchmarks/page_level.py); the limiter that both have keeps many voices from clipping.
export const LOUDER = 4;
let broken = null; // why they cannot be had after all

function tell(text) { $("#sound").textContent = text; }

// An audio context of its own with the soundfont. Few are made, and kept: two songs that fade into
// each other need two, and neither stops while the other's samples are decoded.
class Band {
  static all = [];

  static free() {
    let band = Band.all.find(one => !one.player);
    if (!band) Band.all.push(band = new Band());
    clearTimeout(band.rest);
    return band;
  }

  constructor() {
    this.sound = new AudioContext();
    [this.out, this.meter] = outputOf(this.sound);
    this.song = null;
    this.ready = this.load();
    this.ready.catch(() => {}); // whoever plays is told
  }

  async load() {
    if (!this.sound.audioWorklet) throw new Error(t("the browser plays instruments only at an address that begins with https, or on this machine"));
    tell(t("Loading the recorded instruments …"));
    const [library, soundfont] = await Promise.all([
      import(`${PLACE}/spessasynth_lib.js`), fetched(`${PLACE}/${SOUNDFONT}`),
      this.sound.audioWorklet.addModule(`${PLACE}/spessasynth_processor.min.js`)]);
    this.synth = new library.WorkletSynthesizer(this.sound);
    this.synth.connect(this.out);
    this.synth.setSystemParameter("gain", LOUDER);
    await this.synth.isReady;
    await new Promise((done, failed) => {
      this.synth.eventHandler.addEvent("soundBankError", "page", error => failed(new Error(String(error))));
      this.synth.soundBankManager.addSoundBank(soundfont, "page").then(done, failed);
    });
    this.sequencer = new library.Sequencer(this.synth, { skipToFirstNoteOn: false, initialPlaybackRate: 1 });
    this.sequencer.loopCount = 0;
    tell(t("Songs are played by recorded instruments (FluidR3)."));
  }

  // Gives the song to the worklet, which decodes the samples that it needs.
  show(song) {
    if (this.song !== song) {
      this.song = song;
      this.shown = new Promise(done => this.sequencer.eventHandler.addEvent("songChange", "page", done));
      this.sequencer.pause();
      this.sequencer.loadNewSongList([{ binary: song.midi }]);
    }
    return this.shown;
  }

  play(from, speed) {
    this.sequencer.playbackRate = speed;
    this.sequencer.currentTime = from;
    this.sequencer.play();
    for (const [on, off, channel, pitch, velocity] of this.song.notes)  // what was begun before, and still sounds
      if (on < from && off > from + 0.05) this.synth.noteOn(channel, pitch, velocity);
  }

  leave() {
    this.player = null;
    this.rest = setTimeout(() => this.sound.suspend(), IDLE);  // until then the last notes ring
  }
}

// A page that is left frees its memory at once; one that is come back to makes bands again.
addEventListener("pagehide", () => {
  for (const band of Band.all.splice(0)) {
    band.player?.pause();
    clearTimeout(band.rest);
    band.sound.close();
  }
});

async function fetched(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(t("a file of them is missing; make app fetches it again"));
  return answer.arrayBuffer();
}

// Writes rows as MIDI: every program has a channel of its own, on as many ports as they need.
export function written(rows) {
  const notes = [], parts = new Map(), count = { tunes: 0, kits: 0 };
  for (const [onset, seconds, pitch, velocity, program, drum] of rows) {
    const name = `${drum ? "drum" : "tune"} ${program || 0}`;
    if (!parts.has(name)) parts.set(name, part(program || 0, drum, count));
    const { channel, last, all } = parts.get(name), before = last.get(pitch);
    if (before && before[1] > onset) before[1] = onset;  // one key is not struck twice at once
    const note = [onset, onset + seconds, channel, pitch, Math.max(1, velocity)];
    last.set(pitch, note);
    all.push(note);
    if (!drum) notes.push(note);
  }
  const head = [0, 1, 0, parts.size + 1, TICKS >> 8, TICKS & 255];
  const chunks = [["MThd", head], ["MTrk", [0, 255, 81, 3, 15, 66, 64, 0, 255, 47, 0]]];  // a quarter note a second
  for (const one of parts.values()) chunks.push(["MTrk", trackOf(one)]);
  return { midi: joined(chunks), notes };
}

function part(program, drum, count) {
  const number = drum ? count.kits++ : count.tunes++, place = number % 15;
  const port = drum ? number : Math.floor(number / 15);
  const channel = drum ? 9 : place < 9 ? place : place + 1;
  return { program, port, channel: 16 * port + channel, last: new Map(), all: [] };
}

function trackOf({ program, port, channel, all }) {
  const events = [];
  for (const [on, off, , pitch, velocity] of all) {
    const from = Math.round(on * TICKS), to = Math.round(off * TICKS);
    if (to > from) events.push([from, pitch, velocity], [to, pitch, 0]);
  }
  events.sort((one, other) => one[0] - other[0] || one[2] - other[2]);
  const bytes = [0, 255, 33, 1, port, 0, 192 | channel & 15, program], strike = 144 | channel & 15;
  let tick = 0;
  for (const [at, pitch, velocity] of events) {
    const wait = at - tick;
    for (let shift = 21; shift > 0; shift -= 7) if (wait >> shift) bytes.push(wait >> shift & 127 | 128);
    bytes.push(wait & 127, strike, pitch, velocity);
    tick = at;
  }
  bytes.push(0, 255, 47, 0);
  return bytes;
}

function joined(chunks) {
  const made = new Uint8Array(chunks.reduce((sum, [, bytes]) => sum + 8 + bytes.length, 0)), view = new DataView(made.buffer);
  let at = 0;
  for (const [name, bytes] of chunks) {
    made.set([...name].map(letter => letter.charCodeAt(0)), at);
    view.setUint32(at + 4, bytes.length);
    made.set(bytes, at + 8);
    at += 8 + bytes.length;
  }
  return made.buffer;
}

export class Player extends Synthesiser {
  constructor() {
    super();
    this._turn = 0;
  }

  load(rows) {
    super.load(rows);
    this._song = null;
  }

  // Loads what is needed, for somebody who is about to press Play.
  prepare() {
    if (!PLACE || broken || this._band) return;
    const band = Band.free();
    band.leave();
    band.ready.then(() => {
      if (!band.player && this.rows.length) band.show(this._song ??= written(this.rows));
    }, () => {});
  }

  play(from = this._position) {
    super.play(from);
    if (this._band) this._perform();
  }

  pause() {
    super.pause();
    this._leave();
  }

  pace(speed) {
    if (!this.playing || !this._band || this._begun === Infinity) { super.pace(speed); return; }
    this._origin = this.position;
    this._begun = this._sound.currentTime;
    this.speed = speed;
    this._band.sequencer.playbackRate = speed;
  }

  close() {
    if (this._band) this.stop();
    else super.close();
  }

  _open() {
    if (this._sound) return;
    if (!PLACE || broken) { super._open(); return; }
    this._band = Band.free();
    this._band.player = this;
    this._sound = this._band.sound;
    this._out = this._band.out;
    this._meter = this._band.meter;
    this._out.gain.cancelScheduledValues(0);
    this._out.gain.value = this._volume;
  }

  async _perform() {
    const band = this._band, turn = ++this._turn, late = () => turn !== this._turn;
    this._begun = Infinity;  // it is where it begins until something sounds
    try {
      const song = this._song ??= written(this.rows);
      await band.ready;
      if (late()) return;
      await band.show(song);
    } catch (error) {
      if (!late()) this._giveUp(error);
      return;
    }
    if (late()) return;
    band.play(this._origin, this.speed);
    this._begun = this._sound.currentTime;
  }

  _giveUp(error) {
    if (!broken) {
      broken = t("Songs are played by a small synthesiser: {why}.", { why: error.message });
      tell(broken);
      say(broken, true);
    }
    this._leave();
    super.play(this._origin);
  }

  _leave() {
    this._turn++;
    if (!this._band) return;
    this._band.leave();
    this._band = this._sound = this._out = this._meter = null;
  }

  _strikeUntil(end) {
    if (!this._band) { super._strikeUntil(end); return; }
    const left = 1000 * (end - this.position) / this.speed;  // a passage is repeated when it ends, not up to a tick later
    if (this.loop && left > 0 && left < TICK) setTimeout(() => this._schedule(), left);
  }

  _silence() {
    if (this._band) this._band.sequencer?.pause();
    else super._silence();
  }
}
