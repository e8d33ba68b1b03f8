// A small synthesiser: plays notes without a network or another program. A page of the toolkit
// imports it; a report holds it, and its buttons that hold notes play when they are pressed.
// Notes are rows [onset, duration, MIDI pitch, velocity, program, drum], times in seconds.

// By families of eight General MIDI programs: wave, seconds to full and down to the sustained
// level, that level, seconds of release, brightness (times the frequency).
const FAMILIES = [
  ["triangle", 0.005, 1.2, 0.15, 0.15, 8], ["sine", 0.002, 0.8, 0.05, 0.3, 10],
  ["square", 0.02, 0.1, 0.8, 0.06, 5], ["triangle", 0.005, 0.9, 0.1, 0.12, 7],
  ["triangle", 0.01, 0.6, 0.5, 0.08, 4], ["sawtooth", 0.08, 0.3, 0.8, 0.2, 5],
  ["sawtooth", 0.12, 0.3, 0.85, 0.3, 4], ["sawtooth", 0.04, 0.2, 0.8, 0.1, 6],
  ["square", 0.03, 0.2, 0.7, 0.1, 5], ["sine", 0.05, 0.2, 0.85, 0.12, 6],
];
// Seconds that notes are given to the sound system ahead, which timers of hidden tabs need.
const AHEAD = 1.5, TICK = 200;

// Gives what is played through, and where its loudness is measured.
export function outputOf(sound) {
  const out = sound.createGain(), whole = sound.createGain(), meter = sound.createAnalyser();
  // Changes only what comes near to clipping. It makes everything 5.7 dB louder, and lets the first milliseconds of
  // many voices through, so that what is left below full scale is 3 dB.
  const limiter = new DynamicsCompressorNode(sound, { threshold: -10, knee: 0, ratio: 20, attack: 0, release: 0.25 });
  whole.gain.value = 0.7;
  out.connect(limiter).connect(whole).connect(meter).connect(sound.destination);
  return [out, meter];
}

export class Synthesiser {
  constructor() {
    this.rows = []; this.speed = 1; this.loop = null; this.onend = null;
    this.seconds = 0; this.playing = false;
    this._position = 0; this._voices = new Set(); this._volume = 0.8;
  }

  load(rows) {
    this.stop();
    this.rows = [...rows].sort((one, other) => one[0] - other[0]);
    this.seconds = this.rows.reduce((end, row) => Math.max(end, row[0] + row[1]), 0);
  }

  get position() {
    if (!this.playing) return this._position;
    return Math.max(this._origin, this._origin + (this._sound.currentTime - this._begun) * this.speed);
  }

  set volume(value) {
    this._volume = value;
    if (this._out) this._out.gain.setTargetAtTime(value, this._sound.currentTime, 0.02);
  }

  play(from = this._position) {
    this._open();
    this._silence();
    this._sound.resume();
    this._origin = from >= this.seconds ? 0 : from;
    this._begun = this._sound.currentTime + 0.05;
    this._next = this.rows.findIndex(row => row[0] + row[1] > this._origin);
    if (this._next < 0) this._next = this.rows.length;
    this.playing = true;
    this._schedule();
    clearInterval(this._timer);
    this._timer = setInterval(() => this._schedule(), TICK);
  }

  pause() {
    this._position = this.position;
    this.playing = false;
    clearInterval(this._timer);
    this._silence();
  }

  stop() { this.pause(); this._position = 0; }

  seek(seconds) {
    this._position = Math.max(0, Math.min(seconds, this.seconds));
    if (this.playing) this.play(this._position);
  }

  pace(speed) {
    const at = this.position;
    this.speed = speed;
    this._position = at;
    if (this.playing) this.play(at);
  }

  // Fades to a volume, for one song that ends while another begins.
  fade(value, seconds) {
    this._open();
    const gain = this._out.gain, now = this._sound.currentTime;
    gain.cancelScheduledValues(now);
    gain.setValueAtTime(gain.value, now);
    gain.linearRampToValueAtTime(value, now + seconds);
  }

  // Loudness of what sounds now, 0 to 1.
  level() {
    if (!this._sound) return 0;
    const wave = new Float32Array(this._meter.fftSize);
    this._meter.getFloatTimeDomainData(wave);
    return Math.sqrt(wave.reduce((sum, value) => sum + value * value, 0) / wave.length);
  }

  close() {
    this.stop();
    if (this._sound) this._sound.close();
    this._sound = null;
  }

  _open() {
    if (this._sound) return;
    this._sound = new AudioContext();
    [this._out, this._meter] = outputOf(this._sound);
    this._out.gain.value = this._volume;
  }

  _schedule() {
    if (!this.playing) return;
    const end = this.loop ? this.loop[1] : this.seconds;
    this._strikeUntil(end);
    if (this.loop && this.position >= end) this.play(this.loop[0]);
    else if (this.position >= this.seconds + 0.3) { this.stop(); if (this.onend) this.onend(); }
  }

  _strikeUntil(end) {
    const ahead = this._origin + (this._sound.currentTime + AHEAD - this._begun) * this.speed;
    for (; this._next < this.rows.length && this.rows[this._next][0] < Math.min(ahead, end); this._next++) {
      const row = this.rows[this._next], late = Math.max(0, this._origin - row[0]);
      if (row[1] - late <= 0) continue;
      const at = this._begun + (row[0] + late - this._origin) / this.speed;
      this._strike(at, (row[1] - late) / this.speed, row[2], row[3], row[4] || 0, row[5]);
    }
  }

  _strike(begin, seconds, pitch, velocity, program, drum) {
    const sound = this._sound, gain = sound.createGain(), level = 0.3 * (velocity / 127) ** 1.5;
    const hertz = 440 * 2 ** ((pitch - 69) / 12);
    let source, end;
    if (drum) {
      source = sound.createBufferSource();
      source.buffer = this._noise();
      const filter = sound.createBiquadFilter();
      filter.type = pitch < 41 ? "lowpass" : pitch > 41 && pitch < 60 && pitch % 2 === 0 ? "highpass" : "bandpass";
      filter.frequency.value = pitch < 41 ? 180 : 300 * 2 ** ((pitch - 38) / 8);
      gain.gain.setValueAtTime(level, begin);
      gain.gain.exponentialRampToValueAtTime(0.001, begin + 0.18);
      end = begin + 0.2;
      source.connect(filter).connect(gain);
    } else {
      const [wave, attack, decay, held, release, bright] = FAMILIES[Math.min(program >> 3, 9)];
      source = sound.createOscillator();
      source.type = wave;
      source.frequency.value = hertz;
      const filter = sound.createBiquadFilter();
      filter.type = "lowpass";
      filter.frequency.value = Math.min(hertz * bright, 16000);
      gain.gain.setValueAtTime(0, begin);
      gain.gain.linearRampToValueAtTime(level, begin + attack);
      gain.gain.setTargetAtTime(level * held, begin + attack, decay);
      gain.gain.setTargetAtTime(0, begin + Math.max(seconds, attack), release / 3);
      end = begin + seconds + release + 0.2;
      source.connect(filter).connect(gain);
    }
    gain.connect(this._out);
    source.start(begin);
    source.stop(end);
    this._voices.add(source);
    source.onended = () => { this._voices.delete(source); gain.disconnect(); };
  }

  _noise() {
    if (!this._hiss) {
      this._hiss = this._sound.createBuffer(1, this._sound.sampleRate / 4, this._sound.sampleRate);
      const wave = this._hiss.getChannelData(0);
      for (let i = 0; i < wave.length; i++) wave[i] = 2 * Math.random() - 1;
    }
    return this._hiss;
  }

  _silence() {
    for (const voice of this._voices) voice.stop();
    this._voices.clear();
  }
}

let button = null;
const player = new Synthesiser();
function rest() {
  player.stop();
  if (button) button.textContent = "Play";
  button = null;
}
player.onend = rest;
document.querySelectorAll("button[data-notes]").forEach(one => {
  one.addEventListener("click", () => {
    const again = one === button;
    rest();
    if (again) return;
    button = one;
    one.textContent = "Stop";
    player.load(JSON.parse(one.dataset.notes));
    player.play(0);
  });
});
