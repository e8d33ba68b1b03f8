"""Writes the odd MIDI files beside it: `python -m tests.midi_odd.make`.

Each has one note of middle C unless its name says otherwise. What the reader makes of them is in
`tests/songs/test_odd.py`.
"""

import struct
from pathlib import Path

FOLDER = Path(__file__).parent

#: One quarter note of middle C at velocity 80, 96 ticks a quarter.
NOTE = b"\x00\x90\x3c\x50\x60\x80\x3c\x00"
END = b"\x00\xff\x2f\x00"


def smf(*tracks: bytes, division: int = 96, kind: int = 1, promised: int | None = None) -> bytes:
    """Bytes of a Standard MIDI File."""
    n_tracks = len(tracks) if promised is None else promised
    head = b"MThd" + struct.pack(">IHHH", 6, kind, n_tracks, division)
    return head + b"".join(b"MTrk" + struct.pack(">I", len(t)) + t for t in tracks)


def tempo(microseconds: int) -> bytes:
    """Set a tempo, in microseconds a quarter note."""
    return b"\x00\xff\x51\x03" + microseconds.to_bytes(3, "big")


def riff(data: bytes) -> bytes:
    """Wrap MIDI data as Windows does (.rmi)."""
    chunk = b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"RMID" + chunk


SOUND = smf(NOTE + END)
LONGEST_DELTA = b"\xff\xff\xff\x7f"

FILES = {
    "sound.mid": SOUND,
    "empty.mid": b"",
    "text.mid": b"This is a shopping list.",
    "page.mid": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
    "header-only-half.mid": SOUND[:9],
    "header-only.mid": SOUND[:14],
    "header-8-bytes.mid": SOUND[:4] + b"\x00\x00\x00\x08" + SOUND[8:14] + b"xy" + SOUND[14:],
    "header-huge.mid": SOUND[:4] + b"\x7f\xff\xff\xff" + SOUND[8:],
    "macbinary.mid": b"\x00\x04song" + bytes(122) + SOUND,
    "riff.rmi": riff(SOUND),
    "no-tracks.mid": smf(),
    "no-notes.mid": smf(END),
    "tracks-missing.mid": smf(NOTE + END, promised=3),
    "tracks-unannounced.mid": smf(NOTE + END, NOTE + END, promised=1),
    "junk-behind.mid": SOUND + b"\x7f\x09junk",
    "foreign-chunk.mid": SOUND[:14] + b"XFIH\x00\x00\x00\x02ab" + SOUND[14:],
    "cut-in-last-event.mid": smf(NOTE + NOTE + END)[:-7],
    "cut-in-text.mid": smf(NOTE + b"\x00\xff\x01\x20only the beginning of a lyric")[:-9],
    "cut-before-notes.mid": smf(b"\x00\xff\x03\x04name" + NOTE + END)[:27],
    "no-end-of-track.mid": smf(NOTE),
    "smpte-25.mid": smf(b"\x00\x90\x3c\x50\x64\x80\x3c\x00" + END, division=0xE728),
    "smpte-29.mid": smf(
        tempo(250_000) + b"\x00\x90\x3c\x50\x64\x80\x3c\x00" + END, division=0xE350
    ),
    "division-0.mid": smf(NOTE + END, division=0),
    "tempo-0.mid": smf(tempo(0) + NOTE + END),
    "tempo-fastest.mid": smf(tempo(1) + NOTE + END),
    "tempo-in-second-track.mid": smf(NOTE + END, tempo(1_000_000) + END),
    "running-status-after-sysex.mid": smf(
        b"\x00\x90\x3c\x50\x60\x3c\x00" + b"\x00\xf0\x03\x43\x12\xf7" + b"\x00\x40\x50\x60\x40\x00"
        + END
    ),
    "running-status-after-text.mid": smf(
        b"\x00\x90\x3c\x50\x60\x3c\x00" + b"\x00\xff\x01\x02hi" + b"\x00\x40\x50\x60\x40\x00" + END
    ),
    "sysex-then-status.mid": smf(b"\x00\xf0\x03\x43\x12\xf7" + NOTE + END),
    "status-missing.mid": smf(b"\x00\x3c\x50" + END),
    "velocity-above-127.mid": smf(b"\x00\x90\x3c\xb0\x60\x80\x3c\x00" + END),
    "controller-above-127.mid": smf(b"\x00\xb0\x07\xd2" + NOTE + END),
    "note-never-ends.mid": smf(b"\x00\x90\x3c\x50" + END),
    "note-ends-twice.mid": smf(NOTE + b"\x00\x80\x3c\x00" + END),
    "note-of-no-length.mid": smf(b"\x00\x90\x3c\x50\x00\x80\x3c\x00" + END),
    "note-on-of-velocity-0.mid": smf(b"\x00\x90\x3c\x50\x60\x90\x3c\x00" + END),
    "same-note-overlaps.mid": smf(
        b"\x00\x90\x3c\x50\x30\x90\x3c\x40\x30\x80\x3c\x00\x30\x80\x3c\x00" + END
    ),
    "lasts-for-days.mid": smf(b"\x00\x90\x3c\x50" + LONGEST_DELTA + b"\x80\x3c\x00" + END,
                              division=1),
    "ticks-overflow.mid": smf(
        (LONGEST_DELTA + b"\xff\x01\x00") * 9 + NOTE + END, division=0x7FFF
    ),
    "key-signature-of-mode-255.mid": smf(b"\x00\xff\x59\x02\xfc\xff" + NOTE + END),
    "karaoke.kar": smf(b"\x00\xff\x01\x05@KMID" + NOTE + b"\x00\xff\x01\x03\\la" + END),
    "three-songs.mid": smf(NOTE + END, NOTE + END, NOTE + END, kind=2),
    "drums-only.mid": smf(b"\x00\x99\x24\x50\x60\x89\x24\x00" + END),
}  # fmt: skip


if __name__ == "__main__":
    for name, data in FILES.items():
        (FOLDER / name).write_bytes(data)
