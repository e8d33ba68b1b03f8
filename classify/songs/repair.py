"""The second reader: repairs files that symusic refuses and mido can still read.

Old and carelessly written files are common in real libraries: a RIFF around the MIDI data, a header
of an unusual length, times in SMPTE frames, running status after a system-exclusive message, a
last track cut off by a broken download, no note that is ever ended. mido reads most of them, with
data bytes above 127 clipped. What it reads is written as a plain MIDI file for the first reader, so
that one reader makes all notes; the song keeps a sentence on what was repaired.
"""

import io
import struct
from dataclasses import dataclass

import mido
from mido.midifiles.meta import KeySignatureError

from classify.songs.song import UnusableSong

#: How far into a file its MThd may be (128 bytes of an old Macintosh's header, as a rule).
SEARCHED = 1024

END_OF_TRACK = b"\x00\xff\x2f\x00"


@dataclass(frozen=True)
class RepairedFile:
    """A repaired file.

    Parameters
    ----------
    data : bytes
        A plain Standard MIDI File.
    repairs : str
        What was repaired, for people.
    beats : bool
        Whether its ticks mean beats; SMPTE frames mean seconds only.
    """

    data: bytes
    repairs: str
    beats: bool


def repair_file(data: bytes, reason: str) -> RepairedFile:
    """Rewrite a file that the first reader refused for `reason`.

    Raises
    ------
    UnusableSong
        With `reason`, if this reader cannot read it either or finds no notes.
    """
    repairs: list[str] = []
    body = _without_wrapper(data, repairs)
    if len(body) < 14 or body[:4] != b"MThd" or body[12:14] == b"\0\0":
        raise UnusableSong(reason)
    seconds_only = body[12] >= 0x80
    if seconds_only and not body[13]:
        raise UnusableSong("has 0 ticks per SMPTE frame, so its notes have no times")
    whole = _with_whole_chunks(body, repairs)
    written = io.BytesIO()
    try:
        file = mido.MidiFile(file=io.BytesIO(whole), clip=True)
        if not any(_sounds(message) for track in file.tracks for message in track):
            raise UnusableSong(reason)
        if seconds_only:
            _count_seconds(file)
            repairs.append("its SMPTE times were turned into seconds")
        _end_notes(file, repairs)
        file.save(file=written)
    except (OSError, EOFError, ValueError, LookupError, TypeError, KeySignatureError):
        raise UnusableSong(reason) from None
    if not repairs or reason.startswith("is a damaged"):
        repairs.append(f"was read by the second reader, since it {reason}")
    return RepairedFile(written.getvalue(), "; ".join(repairs), not seconds_only)


def _sounds(message: mido.Message) -> bool:
    return bool(message.type == "note_on" and message.velocity > 0)


# --- the container


def _without_wrapper(data: bytes, repairs: list[str]) -> bytes:
    """Remove what is around the MIDI file (RIFF-RMID, MacBinary)."""
    place = data.find(b"MThd", 0, SEARCHED)
    if place <= 0:
        return data
    riff = data[:4] == b"RIFF" and data[8:12] == b"RMID"
    repairs.append("a RIFF around it" if riff else f"{place:,} bytes before its header")
    repairs[-1] += " was taken off" if riff else " were passed over"
    return data[place:]


def _with_whole_chunks(data: bytes, repairs: list[str]) -> bytes:
    """Give header and tracks with correct lengths, every track ending with a whole event."""
    length, kind, n_tracks, division = struct.unpack_from(">IHHH", data, 4)
    if length != 6:
        repairs.append(f"its header had {length} bytes")
    if division >= 0x8000:  # frames a second (29 means 30, some left out), ticks a frame
        frames = 256 - (division >> 8)
        division = (30 if frames == 29 else frames) * (division & 0xFF)
    tracks: list[bytes] = []
    place = 8 + max(length, 6) if length < len(data) else 14
    while len(tracks) < n_tracks and place + 8 <= len(data):
        name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "big")
        body = data[place + 8 : place + 8 + size]
        if name == b"MTrk":
            if len(body) < size:
                repairs.append(f"track {len(tracks) + 1} was cut short")
            tracks.append(_whole_events(body))
        place += 8 + size
    if len(tracks) < n_tracks:
        repairs.append(f"{n_tracks} tracks were declared, and {len(tracks)} are there")
    header = b"MThd" + struct.pack(">IHHH", 6, min(kind, 2), len(tracks), min(division, 0x7FFF))
    return header + b"".join(
        b"MTrk" + struct.pack(">I", len(body) + 4) + body + END_OF_TRACK for body in tracks
    )


def _whole_events(track: bytes) -> bytes:
    """Give the whole events of a track, each with its status byte, without the end of the track.

    Parameters
    ----------
    track : bytes
        Events of a track chunk, perhaps cut off anywhere (SMF 1.0: delta time, then an event).
    """
    place = status = 0
    events = bytearray()
    while True:
        _, at = variable_length(track, place)
        if at >= len(track):
            return bytes(events)
        delta, first = track[place:at], track[at] if track[at] >= 0x80 else status
        at += track[at] >= 0x80
        data = at
        if first in (0xF0, 0xF7, 0xFF):
            if first == 0xFF and track[at : at + 1] == b"\x2f":
                return bytes(events)
            size, at = variable_length(track, at + (first == 0xFF))
            at += size
        else:
            status = first  # a system message does not end the running status, as many files say
            at += 1 if 0xC0 <= first < 0xE0 else 2
        if at > len(track) or not first:
            return bytes(events)
        events += delta + bytes([first]) + track[data:at]
        place = at


def variable_length(data: bytes, place: int) -> tuple[int, int]:
    """Read a number of variable length; give it and the offset after it (beyond the end if cut)."""
    value = 0
    while place < len(data):
        byte = data[place]
        value, place = value << 7 | byte & 0x7F, place + 1
        if byte < 0x80:
            return value, place
    return value, len(data) + 1


# --- what the notes need


def _count_seconds(file: mido.MidiFile) -> None:
    """Make a quarter note last a second, since the ticks are those of a second."""
    for track in file.tracks:
        for message in track:
            if message.type == "set_tempo":
                message.tempo = 1_000_000
    if file.tracks:
        file.tracks[0].insert(0, mido.MetaMessage("set_tempo", tempo=1_000_000, time=0))


def _end_notes(file: mido.MidiFile, repairs: list[str]) -> None:
    """End notes that never end where the song does, a quarter note after their track at least."""
    lengths = [sum(message.time for message in track) for track in file.tracks]
    n_ended = 0
    for track, length in zip(file.tracks, lengths, strict=True):
        sounding = _left_sounding(track)
        if not sounding:
            continue
        n_ended += len(sounding)
        if track[-1].type == "end_of_track":
            length -= track.pop().time
        wait = max(max(lengths) - length, file.ticks_per_beat)
        for channel, note in sounding:
            track.append(mido.Message("note_off", channel=channel, note=note, time=wait))
            wait = 0
    if n_ended:
        repairs.append(f"{n_ended} notes without an end were ended" if n_ended > 1
                    else "1 note without an end was ended")  # fmt: skip


def _left_sounding(track: mido.MidiTrack) -> list[tuple[int, int]]:
    """Channel and pitch of each note that is begun and not ended."""
    sounding: list[tuple[int, int]] = []
    for message in track:
        if message.type in ("note_on", "note_off"):
            key = message.channel, message.note
            if _sounds(message):
                sounding.append(key)
            elif key in sounding:
                sounding.remove(key)
    return sounding
