"""Scores to MIDI bytes: MusicXML, ABC and Humdrum, with music21.

One module reads notes, `classify.songs.midi`. A score is therefore only rewritten here as the MIDI
file that a player would play from it: repeats are played out (or, where they contradict each
other, read once as written), tied notes are one note, transposing instruments sound at concert
pitch, and tempo, dynamics and instruments become those of MIDI. Chord symbols are a remark for
the accompanist and stay silent. Grace notes have no length in a score and are left out.

Everything here is pure: bytes in, bytes out, without files, processes or network. A hostile score
can still take any time and memory; strangers' files belong in a process with limits on both.
"""

import codecs
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from classify.songs.song import UnusableSong

#: File endings that are read as scores, and music21's name of each format.
ENDINGS = {
    ".musicxml": "musicxml",
    ".xml": "musicxml",
    ".mxl": "musicxml",
    ".abc": "abc",
    ".krn": "humdrum",
}

#: A file in an .mxl archive that unpacks to more bytes than this is a trap.
LARGEST_UNPACKED = 64 * 2**20

#: Units that the length of an upbeat can be written in: quarter notes and shorter ones.
UNITS = (4, 8, 16, 32, 64)


@dataclass(frozen=True)
class Piece:
    """One piece of music: its title (empty where it has none) and the bytes of a MIDI file."""

    title: str
    midi: bytes


@dataclass(frozen=True)
class Refusal:
    """A tune, of a file with several, that cannot be read: its title, and why."""

    title: str
    reason: str


def to_midi(data: bytes, ending: str) -> Iterator[Piece | Refusal]:
    """Rewrite a score as MIDI.

    Parameters
    ----------
    data : bytes
        What the file holds.
    ending : str
        The file's ending, one of `ENDINGS`.

    Yields
    ------
    Piece or Refusal
        One Piece for most files. An ABC file with several tunes gives a Piece or a Refusal for
        each, a Humdrum file with several movements a Piece for each, in the file's order. Whether
        a Piece has notes is for `classify.songs.midi.parse` to say.

    Raises
    ------
    UnusableSong
        If the file is no such score, or holds a single piece and that cannot be read.
    MemoryError
        If a score, hostile or not, needs more memory than there is.
    """
    if not data:
        raise UnusableSong("is an empty file (0 bytes)")
    if ENDINGS[ending] == "abc":
        yield from _tunes(_plain_text(data))
    elif ENDINGS[ending] == "humdrum":
        yield from _pieces(_humdrum(_plain_text(data)), "humdrum")
    else:
        yield from _pieces(_musicxml(_unpacked(data) if ending == ".mxl" else data), "musicxml")


def _pieces(text: str, score_format: str) -> list[Piece]:
    """Read a text of a known format with music21."""
    from music21 import converter, stream

    with _quiet():
        try:
            score = converter.parseData(text, format=score_format)
            scores = score.scores if isinstance(score, stream.Opus) else [score]
            return [_piece(score) for score in scores]
        except (UnusableSong, MemoryError):  # the latter tells of limits, not of scores
            raise
        except Exception as error:  # music21 lets through whatever its parsers stumble over
            message = f"{type(error).__name__}: {error}".strip(": ").splitlines()[0][:100]
            raise UnusableSong(
                f"is damaged, or written as music21 cannot read: {message}"
            ) from None


def _piece(score: Any) -> Piece:
    """Play a music21 score into MIDI."""
    from music21.exceptions21 import Music21Exception
    from music21.midi.translate import music21ObjectToMidiFile

    title = (score.metadata and score.metadata.bestTitle) or ""
    _keep_what_sounds(score)
    score.toSoundingPitch(inPlace=True)
    _share_repeats(score)
    for part in score.parts:
        _write_upbeat(part)
        _pair_repeats(part)
    try:
        midi = music21ObjectToMidiFile(score)  # plays out the repeats
    except Music21Exception:
        midi = music21ObjectToMidiFile(_without_bars(score))
    _check_fits(score, midi)
    return Piece(title, midi.writestr())


def _write_upbeat(part: Any) -> None:
    """Write an upbeat as a bar of its own length, since MIDI counts bars from a signature."""
    from music21 import meter, stream

    bars = part.getElementsByClass(stream.Measure)
    metre = bars[0].timeSignature if len(bars) > 1 else None
    if metre is None or not bars[0].paddingLeft or bars[1].timeSignature is not None:
        return
    unit = next((n for n in UNITS if bars[0].duration.quarterLength * n / 4 % 1 == 0), None)
    if unit:
        short = meter.TimeSignature(f"{int(bars[0].duration.quarterLength * unit / 4)}/{unit}")
        bars[0].replace(metre, short)
        bars[1].insert(0, metre)


def _check_fits(score: Any, midi: Any) -> None:
    """Refuse numbers that MIDI has no room for, as music21 would write other ones instead."""
    from music21 import tempo

    for pitch in score.pitches:
        if not 0 <= pitch.ps <= 127:
            raise UnusableSong(f"has the pitch {pitch.nameWithOctave}, and MIDI ends at C-1 and G9")
    slowest = min((mark.getQuarterBPM() or 120 for mark in score[tempo.MetronomeMark]), default=120)
    if 60e6 / slowest >= 2**24:  # three bytes of microseconds
        raise UnusableSong(f"sets a tempo of {slowest:g} bpm, and MIDI has none below 3.6")
    waits = [e.time for track in midi.tracks for e in track.events if e.isDeltaTime()]
    if max(waits) >= 2**28:  # four bytes of seven bits
        beats = max(waits) / midi.ticksPerQuarterNote
        raise UnusableSong(f"has a note or rest of {beats:,.7g} beats, longer than MIDI can write")


def _without_bars(score: Any) -> Any:
    """Give the same notes at the same beats with no bars, and hence no repeats."""
    from music21 import key, meter, stream

    plain = stream.Score()
    for part in score.parts:
        notes = part.flatten().getElementsNotOfClass((meter.TimeSignature, key.KeySignature))
        plain.insert(part.offset, notes.stream())
    return plain


def _keep_what_sounds(score: Any) -> None:
    """Take out chord symbols and notes without length.

    music21 would write their note-off in front of their note-on, so that they sound on until the
    next note of that pitch.
    """
    from music21 import harmony, note

    for level in list(score.recurse(streamsOnly=True, includeSelf=True)):
        level.remove(
            [
                sound
                for sound in level.getElementsByClass(note.NotRest)
                if isinstance(sound, harmony.Harmony) or sound.duration.quarterLength == 0
            ]
        )


def _share_repeats(score: Any) -> None:
    """Give every part the repeat signs that any part has.

    Programs write `D.C. al Fine` above the top staff only, and music21 plays out each part by
    itself, so that the parts would fall asunder. Parts with different numbers of bars are left
    as they are.
    """
    from music21 import bar, repeat, spanner, stream

    parts = [list(part.getElementsByClass(stream.Measure)) for part in score.parts]
    if len(parts) < 2 or len({len(measures) for measures in parts}) > 1:
        return
    for together in zip(*parts, strict=True):
        for side in ("leftBarline", "rightBarline"):
            lines = [getattr(measure, side) for measure in together]
            sign = next((line for line in lines if isinstance(line, bar.Repeat)), None)
            for measure, line in zip(together, lines, strict=True):
                if sign is not None and not isinstance(line, bar.Repeat):
                    setattr(measure, side, deepcopy(sign))
        for sign in [s for m in together for s in m.getElementsByClass(repeat.RepeatExpression)]:
            for measure in together:
                if not measure.getElementsByClass(type(sign)):
                    measure.insert(sign.offset, deepcopy(sign))
    brackets = [list(part[spanner.RepeatBracket]) for part in score.parts]
    fullest = max(range(len(parts)), key=lambda place: len(brackets[place]))
    for part, measures, part_brackets in zip(score.parts, parts, brackets, strict=True):
        if not part_brackets:
            for bracket in brackets[fullest]:
                spanned = [
                    new
                    for new, old in zip(measures, parts[fullest], strict=True)
                    if bracket.hasSpannedElement(old)
                ]
                part.insert(0, spanner.RepeatBracket(spanned, number=bracket.number))


def _pair_repeats(part: Any) -> None:
    """Pair the signs that begin repeats with those that end them.

    A repeat that has no sign for its beginning begins where the repeat before it ended: `A :| B :|`
    is commonly written for A A B B, and music21 would go back to the first bar twice. A repeat
    that is begun and never ended is none; music21 would refuse the whole score.
    """
    from music21 import bar, spanner, stream

    measures = list(part.getElementsByClass(stream.Measure))
    endings = {id(m) for b in part[spanner.RepeatBracket] for m in b.getSpannedElements()}
    begun, after_last = None, 0
    for place, measure in enumerate(measures):
        left, right = measure.leftBarline, measure.rightBarline
        if isinstance(left, bar.Repeat) and left.direction == "start":
            if begun is not None:
                measures[begun].leftBarline = None
            begun = place
        if not isinstance(right, bar.Repeat):
            continue
        if begun is None and 0 < after_last <= place:
            measures[after_last].leftBarline = bar.Repeat(direction="start")
        begun, after_last = None, place + 1
        while after_last < len(measures) and id(measures[after_last]) in endings:
            after_last += 1
    if begun is not None:
        measures[begun].leftBarline = None


@contextmanager
def read_only_to_play() -> Iterator[None]:
    """Have music21 read a score without warnings, and without what only a page needs.

    Beams are half of the work on an ABC tune, and nobody will see them.
    """
    from unittest.mock import patch

    from music21 import stream

    with warnings.catch_warnings(), patch.object(stream.Stream, "makeBeams", _as_it_is):
        warnings.simplefilter("ignore")
        yield


def _as_it_is(score: Any, *, inPlace: bool = False, **_: Any) -> Any:
    return None if inPlace else score


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep music21's messages from the terminal."""
    with read_only_to_play(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        yield


def _plain_text(data: bytes) -> str:
    """Decode ABC or Humdrum: Unicode where the bytes say or allow so, otherwise Latin-1."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    if "\0" in text:
        raise UnusableSong("is not a text, and scores of this kind are")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _humdrum(text: str) -> str:
    if not re.search(r"(?m)^(?:.*\t)?\*\*kern", text):
        raise UnusableSong("is no Humdrum score: no column begins with **kern")
    return text


def _tunes(text: str) -> Iterator[Piece | Refusal]:
    """Read each tune of an ABC file by itself, so that a bad one does not spoil the others."""
    tunes = _tune_texts(text)
    if len(tunes) == 1:
        yield from _pieces(_abc(tunes[0]), "abc")
        return
    for tune in tunes:
        try:
            yield from _pieces(_abc(tune), "abc")
        except UnusableSong as reason:
            title = re.search(r"(?m)^T:(.*)$", tune)
            yield Refusal(title[1].strip() if title else "", str(reason))


def _tune_texts(text: str) -> list[str]:
    """Split at the lines `X:`, ending each tune at the first empty line.

    What stands between tunes is prose (ABC 2.1, section 2.2), and its letters would be read as
    notes. Metre and unit length in the file's header hold for every tune.
    """
    before, *tunes = re.split(r"(?m)^X:.*$\n?", text)
    if not tunes:
        return [text]
    header = "".join(re.findall(r"(?m)^[LMQ]:.*\n", before))
    return [header + re.split(r"(?m)^[ \t]*$", tune.lstrip(), maxsplit=1)[0] for tune in tunes]


def _abc(tune: str) -> str:
    """Make sure that a text is a tune, and name the version in which accidentals last a bar.

    music21 takes a tune that names none for version 1.3, and drops them after one note.
    """
    if not re.search(r"(?m)^K:", tune):
        raise UnusableSong("is no ABC tune: no line begins with K:, the key")
    unit = "" if re.search(r"(?m)^[LM]:", tune) else "L:1/8\n"  # ABC 2.1, section 3.1.7
    return "%abc-2.1\n" + unit + tune


def _musicxml(data: bytes) -> str:
    """Decode MusicXML, making sure that it is some."""
    text = _xml(data)
    try:
        _, root = next(ElementTree.iterparse(io.StringIO(text), ["start"]))
    except (ElementTree.ParseError, StopIteration) as error:
        raise UnusableSong(f"is no XML file: {error or 'it has no element'}") from None
    if root.tag != "score-partwise":
        raise UnusableSong(
            f"is no MusicXML score that can be read: it holds <{root.tag[:60]}>, "
            "and such a score holds <score-partwise>"
        )
    return text


def _xml(data: bytes) -> str:
    """Decode XML by its byte order mark, its first character or its declaration.

    Declared entities are refused: they can unfold to any length or name other files, and no score
    has a use for them.
    """
    declared = re.match(rb"\s*<\?xml[^>]*?\sencoding\s*=\s*[\"']([\w.:-]+)", data)
    encoding = declared[1].decode() if declared else "utf-8"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif data.startswith((b"<\0", b"\0<")):
        encoding = "utf-16-le" if data[0] else "utf-16-be"
    elif encoding.lower().startswith("utf"):  # whichever: its declaration has one byte a letter
        encoding = "utf-8-sig"
    try:
        text = data.decode(encoding).lstrip()
    except (LookupError, ValueError):
        raise UnusableSong(f"is no XML file: its text is not in {encoding}") from None
    if "<!ENTITY" in text:
        raise UnusableSong("declares XML entities, which no score needs and some files misuse")
    return re.sub(r"(?s)^<\?xml\s.*?\?>", "", text)  # it tells of an encoding that is no more


def _unpacked(data: bytes) -> bytes:
    """Give the score in an .mxl archive: the first file that META-INF/container.xml names."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            container = ElementTree.fromstring(_xml(_member(archive, "META-INF/container.xml")))
            names = [element.get("full-path") for element in container.findall(".//{*}rootfile")]
            if not names or not names[0]:
                raise UnusableSong("is a damaged .mxl archive: its container.xml names no score")
            return _member(archive, names[0])
    except (UnusableSong, MemoryError):
        raise
    except zipfile.BadZipFile:
        raise UnusableSong("is no .mxl archive: a zip file cannot be read from it") from None
    except Exception as error:  # zipfile lets through what its decompressors and XML raise
        raise UnusableSong(f"is a damaged .mxl archive: {error}") from None


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Unpack one file, and no more of it than a score can have."""
    if name not in archive.namelist():
        raise UnusableSong(f"is a damaged .mxl archive: it has no {name}")
    with archive.open(name) as file:
        data = file.read(LARGEST_UNPACKED + 1)
    if len(data) > LARGEST_UNPACKED:
        raise UnusableSong(f"unpacks to more than {LARGEST_UNPACKED // 2**20} MB")
    return data
