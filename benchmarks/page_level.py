"""How loud the two players of the page are, and how near they come to clipping.

    python benchmarks/page_level.py [SECONDS]

Songs are rendered in Chromium without being played (`OfflineAudioContext`), by the small
synthesiser and by the recorded instruments where `make app` has fetched them, at full
volume: folk songs and a chorale of the built-in ones, the songs of `page_sound.py`
with eight instruments and drums, and 32 voices of pianos, strings and brass struck together as hard
as MIDI can. Levels are decibels of full scale: the mean (RMS of the seconds rendered), and the
highest sample before and after the limiter. Above 0 it would clip.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import mido
import numpy as np
import page_sound

from classify import api
from classify.presentation import instruments

#: Renders a song by a player; gives RMS after the limiter, and peaks before and after it.
RENDER = """
const [number, name, seconds, done] = arguments;
(async () => {
  const rate = 44100, { Synthesiser, outputOf } = await import("/player.js");
  const [{ asRows }, { LOUDER, written }, { ask }] = await Promise.all(
    ["/static/listen.js", "/static/instruments.js", "/static/base.js"].map(one => import(one)));
  const rows = asRows(await ask("GET", `/songs/${number}/notes`)).filter(row => row[0] < seconds);
  const sound = new OfflineAudioContext(4, rate * seconds, rate), player = new Synthesiser();
  const [out, meter] = outputOf(sound), all = sound.createChannelMerger(4);
  out.gain.value = 1;
  meter.disconnect();
  for (const [node, first] of [[out, 0], [meter, 2]]) {
    const parts = sound.createChannelSplitter(2), wide = sound.createGain();
    wide.channelCount = 2;
    wide.channelCountMode = "explicit";
    node.connect(wide).connect(parts);
    for (const side of [0, 1]) parts.connect(all, side, first + side);
  }
  all.connect(sound.destination);
  if (name === "small") {
    [player._sound, player._out] = [sound, out];
    for (const row of rows) player._strike(row[0], row[1], row[2], row[3], row[4] || 0, row[5]);
  } else {
    const place = document.body.dataset.instruments;
    const [core, library] = await Promise.all(["core", "lib"].map(
      one => import(`${place}/spessasynth_${one}.js`)));
    await sound.audioWorklet.addModule(`${place}/spessasynth_processor.min.js`);
    const bank = await (await fetch(`${place}/FluidR3Mono_GM.sf3`)).arrayBuffer();
    const synth = new library.WorkletSynthesizer(sound);
    synth.connect(out);
    synth.setSystemParameter("gain", LOUDER);
    const midiSequence = core.BasicMIDI.fromArrayBuffer(written(rows).midi);
    await synth.startOfflineRender({ midiSequence, loopCount: 0, sequencerOptions: {},
      soundBankList: [{ bankOffset: 0, soundBankBuffer: bank }] });
  }
  const made = await sound.startRendering();
  const channels = [0, 1, 2, 3].map(channel => made.getChannelData(channel));
  const peak = wave => wave.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const square = wave => wave.reduce((sum, value) => sum + value * value, 0) / wave.length;
  done([Math.sqrt((square(channels[2]) + square(channels[3])) / 2),
        Math.max(...channels.slice(0, 2).map(peak)), Math.max(...channels.slice(2).map(peak))]);
})().catch(error => done(String(error.stack)));
"""


def write_songs(folder: Path) -> None:
    """Write 32 voices struck together as hard as can be, and built-in songs beside them."""
    made = mido.MidiFile(ticks_per_beat=480)
    for channel, program in enumerate((0, 48, 56, 61)):
        track = mido.MidiTrack([mido.Message("program_change", channel=channel, program=program)])
        made.tracks.append(track)
        pitches = [36 + 3 * channel + 7 * step for step in range(8)]
        for kind, wait in (("note_on", 0), ("note_off", 4 * 960)):
            for number, pitch in enumerate(pitches):
                track.append(mido.Message(kind, channel=channel, note=pitch, velocity=127,
                                          time=wait if number == 0 else 0))  # fmt: skip
    made.save(folder / "32 voices.mid")
    for corpus in ("folk", "chorales"):
        source, _ = api.built_in(corpus)
        songs = sorted(Path(source).rglob("*.mid"))
        for song in songs[:: max(1, len(songs) // 3)][:3]:
            (folder / f"{corpus} {song.stem}.mid").write_bytes(song.read_bytes())


def decibels(value: float) -> float:
    """Give a level in decibels of full scale."""
    return 20 * float(np.log10(max(value, 1e-6)))


def measure(opened: Any, address: str, numbers: dict[str, int], seconds: int) -> None:
    """Render each song by both players, and print a row of each."""
    opened.get(f"{address}/?token={page_sound.TOKEN}")
    opened.get(f"{address}/songs/{min(numbers.values())}")
    opened.set_script_timeout(600)
    for name, number in numbers.items():
        row = []
        for player in ("small", "recorded"):
            found = opened.execute_async_script(RENDER, number, player, seconds)
            if isinstance(found, str):
                raise SystemExit(f"{name}, {player}: {found}")
            row += [decibels(value) for value in found]
        print(f"| {name} | {' | '.join(f'{one:.1f}' for one in row)} |", flush=True)


def main() -> None:
    """Measure, and print a table."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    if not instruments.are_here():
        raise SystemExit("no recorded instruments here: make app")
    columns = ["mean", "peak", "after the limiter"]
    heads = [f"{player}, {one}" for player in ("small", "recorded") for one in columns]
    print(f"| song | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 1)}")
    del page_sound.SONGS["400 notes"], page_sound.SONGS["an hour"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with page_sound.browser(folder / "profile") as opened, \
                page_sound.served(folder, write_songs) as (address, numbers):  # fmt: skip
            measure(opened, address, numbers, seconds)


if __name__ == "__main__":
    main()
