// Plays the notes of a button: [onset, duration, MIDI pitch, velocity], times in seconds.
let sound = null, playing = null;
function stop() {
  if (sound) sound.close();
  if (playing) playing.textContent = "Play";
  sound = playing = null;
}
function strike(begin, seconds, pitch, velocity) {
  const gain = sound.createGain(), tone = sound.createOscillator();
  tone.type = "triangle";
  tone.frequency.value = 440 * 2 ** ((pitch - 69) / 12);
  gain.gain.setValueAtTime(0, begin);
  gain.gain.linearRampToValueAtTime(0.25 * velocity / 127, begin + 0.01);
  gain.gain.setTargetAtTime(0, begin + seconds, 0.05);
  tone.connect(gain).connect(sound.destination);
  tone.start(begin);
  tone.stop(begin + seconds + 0.5);
}
document.querySelectorAll("button[data-notes]").forEach(button => {
  button.addEventListener("click", () => {
    const again = button === playing;
    stop();
    if (again) return;
    sound = new AudioContext();
    playing = button;
    button.textContent = "Stop";
    const notes = JSON.parse(button.dataset.notes), begin = sound.currentTime + 0.1;
    let end = 0;
    for (const [onset, seconds, pitch, velocity] of notes) {
      strike(begin + onset, seconds, pitch, velocity);
      end = Math.max(end, onset + seconds);
    }
    const own = sound;
    setTimeout(() => { if (sound === own) stop(); }, 1000 * (end + 1));
  });
});
