"""Small hand-written scores, sound and unsound, through music21 and the reader of MIDI."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from classify.songs import UnusableSong, midi, score
from classify.songs.score import Piece, Refusal

DOCTYPE = (
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">'
)
#: A program much used for ABC, abc2midi 5.02, never ends on this.
ENDLESS = "X:1\nT:Endless\nM:4/4\nL:1/8\nK:C\nC2 D2 E9999999 :|\n"


def to_midi(data: bytes, ending: str) -> list[Piece | Refusal]:
    return list(score.to_midi(data, ending))


def notes(piece: Piece | Refusal) -> list[tuple[float, int]]:
    """(beat, pitch) of each note, in order."""
    return [(float(n["beat"]), int(n["pitch"])) for n in song(piece).notes]


def song(piece: Piece | Refusal):
    assert isinstance(piece, Piece)
    return midi.parse(piece.midi, Path("a score"))


def pitches(piece: Piece | Refusal) -> list[int]:
    return song(piece).notes["pitch"].tolist()


def xml_note(step: str, quarters: int = 4, more: str = "", octave: int = 4) -> str:
    place = f"<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
    return f"<note>{place}<duration>{quarters}</duration>{more}</note>"


def xml(*parts: list[str], programs: tuple[int, ...] = (), title: str = "") -> str:
    """Write MusicXML of some parts, each a list of bars; a quarter note is one division."""
    programs = programs or (1,) * len(parts)
    listed = "".join(
        f'<score-part id="P{k}"><part-name>{k}</part-name><score-instrument id="I{k}">'
        f'<instrument-name>{k}</instrument-name></score-instrument><midi-instrument id="I{k}">'
        f"<midi-program>{program}</midi-program></midi-instrument></score-part>"
        for k, program in enumerate(programs)
    )
    written = ""
    for k, bars in enumerate(parts):
        first = "<attributes><divisions>1</divisions></attributes>" + bars[0]
        written += f'<part id="P{k}">'
        for number, bar in enumerate([first, *bars[1:]], 1):
            written += f'<measure number="{number}">{bar}</measure>'
        written += "</part>"
    work = f"<work><work-title>{title}</work-title></work>"
    return f"<score-partwise>{work}<part-list>{listed}</part-list>{written}</score-partwise>"


BACK = '<barline location="right"><repeat direction="backward"/></barline>'
TEMPO = (
    "<direction><direction-type><metronome><beat-unit>quarter</beat-unit>"
    "<per-minute>90</per-minute></metronome></direction-type></direction>"
)
HARMONY = "<harmony><root><root-step>C</root-step></root><kind>major</kind></harmony>"
ONE_NOTE = xml([xml_note("C")], title="Ängste")


def abc(body: str, header: str = "") -> bytes:
    return f"X:1\nT:Small\nM:4/4\nL:1/4\n{header}K:D\n{body}\n".encode()


def mxl(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def container(name: str) -> bytes:
    return (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        f'<rootfile full-path="{name}"/></rootfiles></container>'
    ).encode()


def test_musicxml_sounds_as_it_is_played():
    transposed = "<attributes><transpose><chromatic>-2</chromatic></transpose></attributes>"
    soft = "<direction><direction-type><dynamics><p/></dynamics></direction-type></direction>"
    grace = "<note><grace/><pitch><step>E</step><octave>4</octave></pitch></note>"
    clarinet = [
        transposed + TEMPO + soft + grace + xml_note("D", 4, '<tie type="start"/>'),
        xml_note("D", 1, '<tie type="stop"/>') + xml_note("F", 3) + BACK,
    ]
    chord = xml_note("C", 4, octave=3) + xml_note("G", 4, octave=3).replace(
        "<note>", "<note><chord/>"
    )
    piano = [HARMONY + xml_note("C", 4, octave=3), chord + BACK]
    (piece,) = to_midi(xml(clarinet, piano, programs=(72, 1), title="Two").encode(), ".xml")
    read = song(piece)
    once = [(0, 48), (0, 60), (4, 48), (4, 55), (5, 63)]
    assert notes(piece) == once + [(beat + 8, pitch) for beat, pitch in once]
    low, high = read.notes[0], read.notes[1]
    beat = 60 / 90
    np.testing.assert_allclose([low["duration"], high["duration"]], [4 * beat, 5 * beat], rtol=1e-4)
    np.testing.assert_allclose(read.tempi[:, 1], 90, rtol=1e-5)
    assert (low["program"], high["program"]) == (0, 71)
    assert high["velocity"] < low["velocity"]
    assert piece.title == "Two"


def test_unpitched_percussion_is_drums():
    drum = "<note><unpitched/><duration>4</duration></note>"
    (piece,) = to_midi(xml([drum], [xml_note("C")]).encode(), ".musicxml")
    assert sorted(song(piece).notes["drum"].tolist()) == [False, True]


def two_staves(top: list[str]) -> list[int]:
    """Read a score whose lower staff, an octave below, has the bars C, D, E and no signs."""
    (piece,) = to_midi(xml(top, [xml_note(s, octave=3) for s in "CDE"]).encode(), ".xml")
    read = notes(piece)
    assert [(beat, pitch - 12) for beat, pitch in read[1::2]] == read[::2]
    return [pitch for _, pitch in read[1::2]]


def test_a_sign_above_one_staff_holds_for_all():
    fine, da_capo = (
        f"<direction><direction-type><words>{words}</words></direction-type></direction>"
        for words in ("Fine", "D.C. al Fine")
    )
    played = two_staves([xml_note("C"), xml_note("D") + fine, xml_note("E") + da_capo])
    assert played == [60, 62, 64, 60, 62]
    first, second = (
        f'<barline location="left"><ending number="{number}" type="start"/></barline>{note}'
        f'<barline location="right"><ending number="{number}" type="stop"/>{back}</barline>'
        for number, note, back in (
            (1, xml_note("D"), '<repeat direction="backward"/>'),
            (2, xml_note("E"), ""),
        )
    )
    assert two_staves([xml_note("C"), first, second]) == [60, 62, 60, 64]


def test_abc_sounds_as_it_is_played():
    (piece,) = to_midi(abc('|:"D"D F A c|1 "G"(3GAB c2:|2 "A7"c4-|c4|]', "Q:1/4=90\n"), ".abc")
    once = [(0, 62), (1, 66), (2, 69), (3, 73)]
    triplet = [(4, 67), (4 + 2 / 3, 69), (4 + 4 / 3, 71), (6, 73)]
    again = [(beat + 8, pitch) for beat, pitch in once]
    np.testing.assert_allclose(notes(piece), once + triplet + again + [(12, 73)], atol=1e-3)
    read = song(piece)
    assert read.notes["duration"][-1] == pytest.approx(8 * 60 / 90, rel=1e-4)
    assert read.tempi[0, 1] == pytest.approx(90, rel=1e-5)
    assert piece.title == "Small"


@pytest.mark.parametrize(
    ("body", "played"),
    [
        ("D4|E4:|F4|G4:|", "DEDEFGFG"),  # a repeat begins where the one before it ended
        ("D4|E4|1 F4:|2 G4|]A4|B4|1 c4:|2 d4|]", "DEFDEGABcABd"),  # and after all its endings
        ("|:D4|E4:|:F4|G4:|", "DEDEFGFG"),
        ("|:D4|E4:||:F4|G4|]", "DEDEFG"),  # begun and never ended
        ("|:D4|E4|:F4|G4:|A4|]", "DEFGFGA"),
        ("|:D4|E4|1 FGABc:|2 F4|]", "DEFGABcF"),  # music21 refuses the long bar: as written
        ("{e}D4|{fg}E4|F4|", "DEF"),  # grace notes
    ],
)
def test_repeats_in_abc(body, played):
    scale = dict(zip("DEFGABcd", (62, 64, 66, 67, 69, 71, 73, 74), strict=True))
    assert pitches(to_midi(abc(body), ".abc")[0]) == [scale[letter] for letter in played]


def test_humdrum_sounds_as_it_is_played():
    rows = ["**kern **kern", "*MM90 *MM90", "*M4/4 *M4/4", "=1 =1", "2C 4c", ". 4d", "2G [4e-",
            ". 4e-]", "=2 =2", "1C 1cc#", "*- *-"]  # fmt: skip
    data = "!!!OTL: Klein\n" + "\n".join(rows).replace(" ", "\t") + "\n"
    (piece,) = to_midi(data.encode(), ".krn")
    assert notes(piece) == [(0, 48), (0, 60), (1, 62), (2, 55), (2, 63), (4, 48), (4, 73)]
    assert song(piece).notes["duration"][4] == pytest.approx(2 * 60 / 90, rel=1e-4)
    assert piece.title == "Klein"


def test_accidentals_in_abc_last_a_bar():
    assert pitches(to_midi(abc("=F F A F|F4|F4|"), ".abc")[0]) == [65, 65, 69, 65, 66, 66]


def test_repeats_in_humdrum():
    bars = ["**kern", "*M4/4", "=1", "1c", "=:|!", "1d", "=3", "1e", "=:|!", "1f", "=="]
    (piece,) = to_midi("\n".join([*bars, "*-", ""]).encode(), ".krn")
    assert pitches(piece) == [60, 60, 62, 64, 62, 64, 65]


def test_a_bad_tune_does_not_take_the_others_with_it():
    opus = (
        "L:1/2\n\nThis page of a book has words.\n\nX:1\nT:One\nK:C\nCDEF|G4|A4|\n\n"
        "Baggage, bed\n\nX:7\nT:Two\nL:1/0\nK:C\nCD|E|F|\n\n"
        "X:7\nT:Three\nK:G\nF2|G2|A2|\n\nX:9\nT:Four\n\n"
    )
    first, second, third, fourth = to_midi(opus.encode(), ".abc")
    assert notes(first)[:3] == [(0, 60), (2, 62), (4, 64)]
    assert len(notes(first)) == 6
    assert pitches(third) == [66, 67, 69]
    assert (first.title, second.title, third.title) == ("One", "Two", "Three")
    assert isinstance(second, Refusal) and "music21 cannot read: ZeroDivision" in second.reason
    assert fourth == Refusal("Four", "is no ABC tune: no line begins with K:, the key")


@pytest.mark.parametrize(
    "data",
    [
        ONE_NOTE.encode("utf-8-sig"),
        ('<?xml version="1.0" encoding="UTF-16"?>' + DOCTYPE + ONE_NOTE).encode("utf-16"),
        ('<?xml version="1.0" encoding="UTF-16"?>' + ONE_NOTE).encode("utf-16-be"),
        ('<?xml version="1.0" encoding="UTF-16"?>' + ONE_NOTE).encode(),  # it says so, it is not
        ('<?xml version="1.0" encoding="ISO-8859-1"?>' + ONE_NOTE).encode("latin-1"),
        (f'<?xml version="1.0"?>\r\n{DOCTYPE}\r\n{ONE_NOTE}').encode(),
    ],
)
def test_musicxml_in_any_encoding(data):
    (piece,) = to_midi(data, ".xml")
    assert (piece.title, pitches(piece)) == ("Ängste", [60])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_text_in_any_encoding(encoding):
    tune = "X:1\r\nT:Ängste\r\nL:1/4\r\nK:C\r\nC|D|E|\r\n"
    (piece,) = to_midi(tune.encode(encoding), ".abc")
    assert (piece.title, pitches(piece)) == ("Ängste", [60, 62, 64])
    kern = "!!!OTL: Ängste\r\n**kern\r\n4c\r\n*-\r\n"
    (piece,) = to_midi(kern.encode(encoding), ".krn")
    assert (piece.title, pitches(piece)) == ("Ängste", [60])


def test_an_archive_holds_the_score_that_its_container_names():
    data = mxl(
        {
            "cover.xml": b"<cover/>",
            "META-INF/container.xml": container("in/a.xml"),
            "in/a.xml": ONE_NOTE.encode(),
        }
    )
    assert pitches(to_midi(data, ".mxl")[0]) == [60]


BOMB = mxl(
    {"META-INF/container.xml": container("a.xml"), "a.xml": bytes(score.LARGEST_UNPACKED + 1)}
)
ENTITY = '<!DOCTYPE score-partwise [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
FOREIGN = '<!DOCTYPE score-partwise [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(
    ("data", "ending", "reason"),
    [
        (b"", ".abc", "empty file"),
        (b"MThd\0\0\0\6", ".abc", "is not a text"),
        (b"Dear Bea, feed Ada's dog.", ".abc", "no line begins with K:"),
        (b"Dear Bea, feed Ada's dog.", ".krn", r"no column begins with \*\*kern"),
        (b"Dear Bea, feed Ada's dog.", ".xml", "is no XML file: syntax error"),
        (b"   ", ".xml", "is no XML file: no element found"),
        (b"<html><p>C</p></html>", ".xml", "it holds <html>, and such a score"),
        (b"<score-timewise/>", ".musicxml", "it holds <score-timewise>"),
        (b"<score-partwise><part></score-partwise>", ".xml", "is damaged, .*mismatched tag"),
        (b"<?xml version='1.0' encoding='rot13'?><a/>", ".xml", "its text is not in rot13"),
        (b"<a>\xff</a>", ".xml", "its text is not in utf-8"),
        ((ENTITY + ONE_NOTE).encode(), ".xml", "declares XML entities"),
        ((ENTITY + ONE_NOTE).encode("utf-16"), ".xml", "declares XML entities"),
        ((FOREIGN + ONE_NOTE).encode(), ".musicxml", "declares XML entities"),
        (ONE_NOTE.encode(), ".mxl", "is no .mxl archive"),
        (BOMB, ".mxl", "unpacks to more than 64 MB"),
        (BOMB[:-30], ".mxl", "is no .mxl archive"),
        (mxl({"a.xml": ONE_NOTE.encode()}), ".mxl", "it has no META-INF/container.xml"),
        (mxl({"META-INF/container.xml": container("b")}), ".mxl", "it has no b"),
        (mxl({"META-INF/container.xml": b"<container/>"}), ".mxl", "names no score"),
        (mxl({"META-INF/container.xml": b"<container>"}), ".mxl", "damaged .mxl archive: no elem"),
        (ENDLESS.encode(), ".abc", "has a note or rest of 5,000,000 beats"),
        (abc("DEFG|A4|B4|", "Q:1/4=1\n"), ".abc", "tempo of 1 bpm"),
        (abc("[" * 20_000), ".abc", "is damaged, .*Bad chord indicator"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_says_why(data, ending, reason):
    with pytest.raises(UnusableSong, match=reason) as caught:
        to_midi(data, ending)
    assert len(str(caught.value)) < 250 and "\n" not in str(caught.value)


def test_a_score_without_notes_says_so():
    with pytest.raises(UnusableSong, match="has no notes"):
        song(to_midi(abc("z4|z4|z4|"), ".abc")[0])


def test_music21_is_not_heard(capfd, recwarn):
    unbegun = '<direction><direction-type><dashes type="stop"/></direction-type></direction>'
    to_midi(xml([unbegun + xml_note("C")]).encode(), ".xml")  # music21 warns
    to_midi(b"**kern\n*clefH9\n4c\n*-\n", ".krn")  # music21 writes to standard error
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def test_the_document_type_is_not_fetched(monkeypatch):
    def refused(*_):
        raise AssertionError("something reached for the network")

    monkeypatch.setattr("socket.socket.connect", refused)
    assert pitches(to_midi((DOCTYPE + ONE_NOTE).encode(), ".xml")[0]) == [60]


def test_reading_scores_costs_nothing_until_there_is_one():
    code = "import sys, classify.songs.score; sys.exit('music21' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=30).returncode == 0


def test_metres_are_kept_and_an_upbeat_is_a_bar_of_its_own():
    tune = b"X:1\nM:3/4\nL:1/4\nK:C\n%s\n"
    (whole,) = to_midi(tune % b"cde|fga|g3|]", ".abc")
    assert song(whole).metres.tolist() == [[0, 3, 4]]
    (upbeat,) = to_midi(tune % b"G/|cde|fga|g3|]", ".abc")
    assert song(upbeat).metres.tolist() == [[0, 1, 8], [0.5, 3, 4]]
    assert notes(upbeat)[:2] == [(0.0, 67), (0.5, 72)]
    (again,) = to_midi(tune % b"G|:cde|fga|g2:|]", ".abc")
    assert song(again).metres[:2].tolist() == [[0, 1, 4], [1, 3, 4]]
    assert len(notes(again)) == 15
