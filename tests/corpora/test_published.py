"""Published corpora: tiny copies in the layouts in which their authors publish them."""

import csv
import os
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from classify.cli.main import main
from classify.corpora import load, published
from classify.corpora.labels import Listing
from classify.errors import InputError
from tests.conftest import write_song


def lay_out(folder: Path, *names: str) -> Path:
    """Write a short real MIDI file at each of the paths."""
    for seed, name in enumerate(names):
        write_song(folder / name, seed, n_notes=4)
    return folder


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def rows(listing: Listing) -> list[tuple[str, str, str, str]]:
    return [(e.name, e.label, e.group, e.split) for e in listing.entries]


def reasons(listing: Listing) -> dict[str, str]:
    return {item.name: item.reason for item in listing.skipped}


def refusal(name: str, folder: Path) -> str:
    with pytest.raises(InputError) as error:
        published.list_songs(name, folder)
    return str(error.value)


# --- all corpora


def test_every_module_is_a_corpus():
    modules = {p.stem for p in Path(published.__file__).parent.glob("[a-z]*.py")}
    assert {name.replace("-", "_") for name in published.corpora()} == modules
    assert len(modules) >= 5
    for name, corpus in published.corpora().items():
        assert corpus.name == name and corpus.citation.startswith("@")
        assert corpus.home.startswith("https://") and corpus.url.startswith("https://")
        for version, classes in corpus.classes.items():
            assert sum(classes.values()) == corpus.files[version]


@pytest.mark.parametrize("name", sorted(published.corpora()))
def test_what_is_no_copy_is_refused_with_what_to_download(name, tmp_path):
    url = published.corpora()[name].url
    assert "there is no such folder" in refusal(name, tmp_path / "nowhere")
    (tmp_path / "file.txt").write_text("x")
    assert "is not a folder" in refusal(name, tmp_path / "file.txt")
    lay_out(tmp_path / "songs", "midi/a.mid")
    write(tmp_path / "songs" / "labels.csv", "path,label\nmidi/a.mid,Q1\n")
    for folder in ("nowhere", "file.txt", "songs"):
        assert url in refusal(name, tmp_path / folder)
        assert "expected" in refusal(name, tmp_path / folder)
    (tmp_path / "all.zip").write_bytes(b"x")
    assert f'python -m zipfile -e "{tmp_path / "all.zip"}"' in refusal(name, tmp_path / "all.zip")


def test_an_unknown_corpus_is_refused_with_those_there_are(tmp_path):
    message = refusal("emopa", tmp_path)
    assert "'emopa' is not a published corpus" in message and "emopia, nottingham" in message


def test_sources_are_told_from_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert published.parse_source("emopia:/music/E") == ("emopia", Path("/music/E"))
    assert published.parse_source("ADL-Piano:x") == ("adl-piano", Path("x"))
    assert published.parse_source(r"emopia:C:\music") == ("emopia", Path(r"C:\music"))
    assert published.parse_source("emopia:~/x") == ("emopia", Path.home() / "x")
    for path in ("songs", r"C:\music", "C:/music", "/data/emopia:x", "my songs:old", ""):
        assert published.parse_source(path) is None
    (tmp_path / "emopia:mine").mkdir()
    assert published.parse_source("emopia:mine") is None
    with pytest.raises(InputError, match="write emopia:PATH"):
        published.parse_source("emopia:")


# --- EMOPIA

CLIPS = (
    "Q1_0vLPYiPN7qY_0.mid", "Q3_0vLPYiPN7qY_3.mid", "Q2__FVzelKlBFs_1.mid", "Q4_-_FjI4bT2Wo_2.mid",
)  # fmt: skip


@pytest.fixture
def emopia(tmp_path: Path) -> Path:
    """EMOPIA_2.2 unpacked into a folder of its own, as it comes: without a split."""
    copy = lay_out(tmp_path / "data" / "EMOPIA_2.2" / "midis", *CLIPS).parent
    lines = [f"{clip.removesuffix('.mid')},{clip[1]},D" for clip in CLIPS]
    write(copy / "label.csv", "\n".join(["ID,4Q,annotator", *lines, ""]))
    return copy


def test_emopia_takes_label_and_song_from_the_name(emopia):
    expected = [
        ("midis/Q1_0vLPYiPN7qY_0.mid", "Q1", "0vLPYiPN7qY", ""),
        ("midis/Q2__FVzelKlBFs_1.mid", "Q2", "_FVzelKlBFs", ""),
        ("midis/Q3_0vLPYiPN7qY_3.mid", "Q3", "0vLPYiPN7qY", ""),
        ("midis/Q4_-_FjI4bT2Wo_2.mid", "Q4", "-_FjI4bT2Wo", ""),
    ]
    listing = published.list_songs("emopia", emopia)
    assert rows(listing) == expected
    assert listing.name == "emopia" and listing.entries[0].extra == {"annotator": "D"}
    assert reasons(listing) == {"./": "also holds other than MIDI files, 1 in number"}
    above = published.list_songs("emopia", emopia.parent)
    assert [e.name for e in above.entries] == [f"EMOPIA_2.2/{name}" for name, *_ in expected]
    inside = published.list_songs("emopia", emopia / "midis")
    assert [e.name for e in inside.entries] == [
        name.removeprefix("midis/") for name, *_ in expected
    ]


def test_a_copy_is_loaded_by_its_name(emopia):
    corpus = load(f"emopia:{emopia}")
    assert (corpus.name, corpus.window) == ("emopia", 100)
    assert "hung2021emopia" in corpus.citation and "MIDI-BERT" in corpus.note
    assert set(corpus.labels) <= {"Q1", "Q2", "Q3", "Q4"}


def test_corpus_check_on_the_command_line(emopia, tmp_path, capsys):
    assert main(["corpus", "check", f"emopia:{emopia}"]) == 1
    assert "are expected" in capsys.readouterr().out
    assert main(["corpus", "check", f"emopia:{tmp_path / 'no'}"]) == 2
    assert main(["corpus", "check", "folk"]) == 2
    assert "expected one of adl-piano:PATH, emopia:PATH" in capsys.readouterr().err


def test_emopia_names_what_its_list_and_its_folder_do_not_share(emopia):
    (emopia / "midis" / CLIPS[0]).unlink()
    lay_out(
        emopia, "midis/Q1_sUJ4a74Skk8_0.mid", "midis/take two.mid", "other/Q1_sUJ4a74Skk8_1.mid"
    )
    (emopia / "midis" / CLIPS[2]).rename(emopia / "midis" / "Q1__FVzelKlBFs_1.mid")
    text = (emopia / "label.csv").read_text().replace("Q2__FVzelKlBFs_1", "Q1__FVzelKlBFs_1")
    write(emopia / "label.csv", text)
    (emopia / "midis" / "._Q1_sUJ4a74Skk8_0.mid").write_bytes(b"x")
    listing = published.list_songs("emopia", emopia)
    assert [e.label for e in listing.entries] == ["Q3", "Q4"]
    assert reasons(listing) == {
        "midis/Q1_0vLPYiPN7qY_0.mid": "is in the authors' label.csv, but missing",
        "midis/Q1_sUJ4a74Skk8_0.mid": "is not in the authors' label.csv",
        "midis/Q1__FVzelKlBFs_1.mid": "is Q1 by its name and Q2 in the authors' label.csv",
        "midis/take two.mid": "is not named as a clip, so it has no label",
        "other/Q1_sUJ4a74Skk8_1.mid": "is not a file that EMOPIA labels",
        "./": "also holds other than MIDI files, 1 in number",
    }


def test_emopia_takes_the_authors_split_by_song(emopia):
    for part, song in (("train", "0vLPYiPN7qY"), ("val", "_FVzelKlBFs"), ("test", "-_FjI4bT2Wo")):
        write(emopia / "split" / f"{part}_SL.csv", f"songID,num_Q1,DominantQ\n{song},1,1\n")
    write(emopia / "split" / "train.csv", "fname,label\nQ2__FVzelKlBFs_1,Q2\n")  # worse, unused
    splits = {e.group: e.split for e in published.list_songs("emopia", emopia).entries}
    assert splits == {"0vLPYiPN7qY": "train", "_FVzelKlBFs": "val", "-_FjI4bT2Wo": "test"}


@pytest.mark.parametrize("ending, column", [("_clip.csv", "clip_name"), (".csv", "fname")])
def test_emopia_takes_lists_of_clips_where_no_song_is_parted(emopia, ending, column):
    write(emopia / "split" / f"train{ending}", f",{column}\n0,Q1_0vLPYiPN7qY_0.mid\n")
    write(emopia / "split" / f"val{ending}", f",{column}\n0,Q2__FVzelKlBFs_1.mid\n")
    splits = {e.name[6:8]: e.split for e in published.list_songs("emopia", emopia).entries}
    assert splits == {"Q1": "train", "Q2": "val", "Q3": "train", "Q4": ""}


def test_emopia_names_a_split_that_leaks_and_does_not_use_it(emopia):
    write(emopia / "train_clip.csv", ",clip_name\n0,Q1_0vLPYiPN7qY_0.mid\n")
    write(emopia / "test_clip.csv", ",clip_name\n0,Q3_0vLPYiPN7qY_3.mid\n")
    listing = published.list_songs("emopia", emopia)
    assert {e.split for e in listing.entries} == {""}
    for part in ("train", "test"):
        assert "lists song 0vLPYiPN7qY as another part" in reasons(listing)[f"{part}_clip.csv"]


def test_emopia_refuses_two_copies_and_a_strange_list(emopia):
    lay_out(emopia.parent, "EMOPIA_1.0/midis/" + CLIPS[0])
    assert "holds several copies" in refusal("emopia", emopia.parent)
    write(emopia / "label.csv", "name,quadrant\n")
    assert "has no column 'ID'" in refusal("emopia", emopia)


def test_check_says_what_is_missing_and_surplus(emopia, monkeypatch):
    lines = published.check("emopia", emopia)
    assert lines[0] == "EMOPIA (2.2): 4 files are there, 1,071 are expected, 1,067 missing"
    assert lines[2] == "Q2: 1 files are there, 263 are expected, 262 missing"
    corpus = published.corpora()["emopia"]
    monkeypatch.setitem(corpus.files, "2.2", 4)
    monkeypatch.setitem(corpus.classes, "2.2", {"Q1": 1, "Q2": 1, "Q3": 1, "Q4": 1})
    other = "skipped, 1: ./: also holds other than MIDI files, 1 in number"
    assert published.check("emopia", emopia) == [
        "EMOPIA (2.2): all 4 expected files are there", other
    ]  # fmt: skip
    (emopia / "midis" / CLIPS[1]).unlink()
    lay_out(emopia / "midis", "Q1_sUJ4a74Skk8_0.mid")
    assert published.check("emopia", emopia) == [
        "EMOPIA (2.2): 3 files are there, 4 are expected, 1 missing",
        "Q3: 0 files are there, 1 are expected, 1 missing",
        "skipped, 1: midis/Q1_sUJ4a74Skk8_0.mid: is not in the authors' label.csv",
        "skipped, 1: midis/Q3_0vLPYiPN7qY_3.mid: is in the authors' label.csv, but missing",
        other,
    ]
    (emopia / "label.csv").unlink()
    lay_out(emopia / "midis", "Q1_sUJ4a74Skk8_1.mid")
    assert published.check("emopia", emopia)[:2] == [
        "EMOPIA (2.2): 5 files are there, 4 are expected, 1 surplus",
        "Q1: 3 files are there, 1 are expected, 2 surplus",
    ]


def test_real_emopia_agrees_with_labels_derived_elsewhere(real_data, tmp_path):
    with (real_data / "emopia" / "labels.csv").open(encoding="utf-8", newline="") as file:
        expected = list(csv.DictReader(file))
    (tmp_path / "midis").mkdir()
    for row in expected:
        source = real_data / "emopia" / row["path"]
        (tmp_path / "midis" / source.name).symlink_to(source)
    for part in ("train", "val"):
        songs = sorted({row["group"] for row in expected if row["split"] == part})
        write(tmp_path / "split" / f"{part}_SL.csv", "\n".join(["songID", *songs, ""]))
    listing = published.list_songs("emopia", tmp_path)
    assert {Path(name).name: values for name, *values in rows(listing)} == {
        Path(row["path"]).name: [row["label"], row["group"], row["split"]] for row in expected
    }
    n = len(expected)
    assert published.check("emopia", tmp_path)[0] == (
        f"EMOPIA (2.2): {n:,} files are there, 1,071 are expected, {1071 - n:,} missing"
    )


# --- VGMIDI

HEADER = "id,series,console,game,piece,midi,valence,arousal"


def clip(number: str, piece: str, place: int, valence: str, arousal: str) -> str:
    file = f"labelled/phrases/Zelda_N64_Ocarina_{piece}_{place}.mid"
    return f"{number},Zelda,N64,Ocarina,{piece},{file},{valence},{arousal}"


@pytest.fixture
def vgmidi(tmp_path: Path) -> Path:
    """A checkout with the clips unpacked, whole pieces and unlabelled pieces."""
    copy = tmp_path / "vgmidi"
    lines = [
        clip("8158", "Song of Storms", 0, "1", "1"), clip("8032", "Windmill Hut", 0, "1", "-1"),
        clip("8016", "Caverns", 0, "-1", "-1"), clip("8016", "Caverns", 1, "-1", "1"),
    ]  # fmt: skip
    write(copy / "vgmidi_labelled.csv", "\n".join([HEADER, *lines, ""]))
    pieces = ("Song of Storms", "Windmill Hut", "Caverns")
    whole = [f"labelled/midi/Zelda_N64_Ocarina_{piece}.mid" for piece in pieces]
    phrases = [line.split(",")[5] for line in lines]
    return lay_out(copy, *whole, *phrases, "unlabelled/midi/Mario_Theme.mid")


def test_vgmidi_takes_quadrants_from_the_signs_and_groups_pieces(vgmidi):
    listing = published.list_songs("vgmidi", vgmidi)
    start = "labelled/phrases/Zelda_N64_Ocarina_"
    assert rows(listing) == [
        (f"{start}Song of Storms_0.mid", "Q1", "8032", ""),
        (f"{start}Windmill Hut_0.mid", "Q4", "8032", ""),
        (f"{start}Caverns_0.mid", "Q3", "8016", ""),
        (f"{start}Caverns_1.mid", "Q2", "8016", ""),
    ]
    assert listing.entries[0].extra["piece"] == "Song of Storms"
    strays = reasons(listing)
    assert strays["unlabelled/midi/Mario_Theme.mid"] == "is not a file that VGMIDI labels"
    assert "labelled/midi/Zelda_N64_Ocarina_Caverns.mid" in strays and len(strays) == 5
    labelled = published.list_songs("vgmidi", vgmidi / "labelled")
    assert [e.label for e in labelled.entries] == ["Q1", "Q4", "Q3", "Q2"]


def test_vgmidi_names_missing_clips_and_strange_signs(vgmidi):
    phrases = vgmidi / "labelled" / "phrases"
    (phrases / "Zelda_N64_Ocarina_Caverns_0.mid").unlink()
    table = vgmidi / "vgmidi_labelled.csv"
    write(table, table.read_text().replace("Caverns_1.mid,-1,1", "Caverns_1.mid,0,1"))
    listing = published.list_songs("vgmidi", vgmidi)
    assert [e.label for e in listing.entries] == ["Q1", "Q4"]
    start = "labelled/phrases/Zelda_N64_Ocarina_Caverns_"
    assert reasons(listing)[f"{start}0.mid"].endswith("but missing")
    assert "has valence '0' and arousal '1'" in reasons(listing)[f"{start}1.mid"]
    assert any("but missing" in line for line in published.check("vgmidi", vgmidi))


def test_vgmidi_must_be_unpacked(vgmidi):
    phrases = vgmidi / "labelled" / "phrases"
    with zipfile.ZipFile(phrases.with_suffix(".zip"), "w") as archive:
        for path in sorted(phrases.iterdir()):
            archive.write(path, path.name)
            path.unlink()
    message = refusal("vgmidi", vgmidi)
    assert f'python -m zipfile -e "{phrases}.zip" "{phrases}"' in message
    with zipfile.ZipFile(phrases.with_suffix(".zip")) as archive:
        archive.extractall(phrases)  # what that command does
    assert len(published.list_songs("vgmidi", vgmidi).entries) == 4


def test_vgmidi_takes_whole_pieces_where_there_are_no_clips(vgmidi):
    for path in (vgmidi / "labelled" / "phrases").iterdir():
        path.unlink()
    listing = published.list_songs("vgmidi", vgmidi)
    assert [(e.name, e.label) for e in listing.entries] == [
        ("labelled/midi/Zelda_N64_Ocarina_Song of Storms.mid", "Q1"),
        ("labelled/midi/Zelda_N64_Ocarina_Windmill Hut.mid", "Q4"),
    ]
    reason = reasons(listing)["labelled/phrases/Zelda_N64_Ocarina_Caverns_1.mid"]
    assert reason == "is one of 2 clips of a piece, each with its own label"


# --- Pianist8


def test_pianist8_takes_the_pianist_from_folder_or_name(tmp_path):
    copy = lay_out(
        tmp_path / "joann8512-Pianist8-ab9f541",
        "midi/Yiruma/Yiruma_River_Flows_in_You.mid",
        "midi/Herbie Hancock/Maiden_Voyage.mid",
        "Einaudi_Nuvole_Bianche.mid",
        "Unknown_Song.mid",
    )
    listing = published.list_songs("pianist8", copy)
    assert [(e.label, e.group) for e in listing.entries] == [
        ("Einaudi", "Einaudi/Einaudi_Nuvole_Bianche"),
        ("Hancock", "Hancock/Maiden_Voyage"),
        ("Yiruma", "Yiruma/Yiruma_River_Flows_in_You"),
    ]
    assert list(reasons(listing)) == ["Unknown_Song.mid"]
    assert published.check("pianist8", copy)[0] == (
        "Pianist8 (as published): 3 files are there, 411 are expected, 408 missing"
    )


def test_pianist8_takes_the_split_of_sorted_folders(tmp_path):
    names = ("train/Yiruma/a.mid", "valid/Yiruma/b.mid", "test/Bethel/c.mid")
    listing = published.list_songs("pianist8", lay_out(tmp_path, *names))
    assert {e.label + e.split for e in listing.entries} == {
        "Yirumatrain",
        "Yirumaval",
        "Betheltest",
    }


# --- ADL Piano MIDI


def test_adl_takes_genre_and_artist_from_the_folders(tmp_path):
    names = (
        "midi/adl-piano-midi/Rock/British Invasion/The Kinks/Lola.mid",
        "midi/adl-piano-midi/Rock/Pop Rock/The Kinks/Sunny Afternoon.mid",
        "midi/adl-piano-midi/Unknown/Pop/The Kinks/Days.mid",
        "midi/adl-piano-midi/Jazz/loose.mid",
    )
    copy = lay_out(tmp_path / "adl-piano-midi", *names)
    (copy / "midi" / "adl-piano-midi.zip").write_bytes(b"x")
    listing = published.list_songs("adl-piano", copy)
    assert [(e.label, e.group) for e in listing.entries] == [
        ("Rock", "Rock/The Kinks"), ("Rock", "Rock/The Kinks"), ("Unknown", "Unknown/The Kinks"),
    ]  # fmt: skip
    assert listing.entries[0].extra == {"subgenre": "British Invasion", "artist": "The Kinks"}
    assert reasons(listing) == {
        names[3]: "does not lie in a folder Genre/Subgenre/Artist",
        "midi/": "also holds other than MIDI files, 1 in number",
    }
    assert len(published.list_songs("adl-piano", copy / "midi" / "adl-piano-midi").entries) == 3


def test_adl_must_be_unpacked(tmp_path):
    (tmp_path / "midi").mkdir()
    (tmp_path / "midi" / "adl-piano-midi.zip").write_bytes(b"x")
    archive = tmp_path / "midi" / "adl-piano-midi.zip"
    assert f'zipfile -e "{archive}" "{tmp_path / "midi"}"' in refusal("adl-piano", tmp_path)


def test_names_that_no_table_can_show_are_skipped(tmp_path):
    names = ("Rock/Rock/A\x07B/one.mid", "Rock/Rock/AB/two.mid")
    bad = os.fsdecode(b"Rock/Rock/AB/caf\xe9.mid")
    listing = published.list_songs("adl-piano", lay_out(tmp_path, *names, bad))
    assert [e.name for e in listing.entries] == [r"Rock/Rock/AB/caf\xe9.mid", names[1]]
    assert reasons(listing) == {"Rock/Rock/A?B/one.mid": "has a control character in its name"}


# --- Nottingham


@pytest.fixture
def nottingham(tmp_path: Path) -> Path:
    """A checkout with a few tunes of most collections."""
    copy = lay_out(
        tmp_path / "nottingham-dataset",
        *(f"MIDI/{stem}.mid" for stem in ("jigs1", "jigs2", "slip1", "waltzes1", "morris1")),
        *(f"MIDI/{stem}.mid" for stem in ("reelsa-c1", "reelsr-t14", "reelsa-c43", "hpps1")),
        *(f"MIDI/{stem}.mid" for stem in ("reelsa-c31", "reelsa-c32", "xmas1", "playford1")),
        *("MIDI/melody/jigs1.mid", "MIDI/chords/jigs1.mid", "MIDI/mine.mid"),
    )
    titles = {
        "jigs": ["The Rose Tree", "Rose Tree", "Gone"],
        "hpps": ["White Cockade"],
        "slip": ["Drops of Brandy"],
        "waltzes": ["A Waltz"],
        "morris": ["The Rose Tree"],
    }
    for collection, names in titles.items():
        tunes = [f"\nX: {i}\nT:{name}\nM:6/8\nK:G\nGAB|\n\n" for i, name in enumerate(names, 1)]
        write(copy / "ABC_cleaned" / f"{collection}.abc", "".join(tunes))
    reels = {1: "The White Cockade", 31: " Missing title ?", 32: " Missing title !"}
    tunes = [f"X: {number}\nT:{title}\nK:G\nGAB|\n\n" for number, title in reels.items()]
    write(copy / "ABC_cleaned" / "reelsa-c.abc", "".join(tunes))
    return copy


def test_nottingham_takes_the_type_from_the_collection(nottingham):
    listing = published.list_songs("nottingham", nottingham)
    assert Counter(e.label for e in listing.entries) == {
        "reel": 5, "jig": 2, "hornpipe": 1, "slip jig": 1, "waltz": 1, "morris": 1,
    }  # fmt: skip
    assert reasons(listing) == {
        "MIDI/chords/jigs1.mid": "is the chords alone of a tune that MIDI/ has whole",
        "MIDI/melody/jigs1.mid": "is the melody alone of a tune that MIDI/ has whole",
        "MIDI/mine.mid": "is not named by a collection and a number",
        "MIDI/playford1.mid": "is of the collection playford (a book), which is no type of tune",
        "MIDI/xmas1.mid": "is of the collection xmas (carols), which is no type of tune",
        "MIDI/jigs3.mid": "is in the authors' ABC files, but missing",
        "ABC_cleaned/": "also holds other than MIDI files, 6 in number",
    }


def test_nottingham_groups_one_title_and_known_pairs(nottingham):
    entries = published.list_songs("nottingham", nottingham / "MIDI").entries
    group = {Path(e.name).stem: e.group for e in entries}
    assert group["jigs1"] == group["jigs2"] == group["morris1"] == "rose tree"
    assert group["hpps1"] == group["reelsa-c1"]
    assert group["reelsa-c43"] == group["reelsr-t14"]  # On the Road to Boston, twice
    assert group["reelsa-c31"] != group["reelsa-c32"]  # "Missing title" is no title
    assert len(set(group.values())) == 7
    assert {e.extra.get("title") for e in entries} >= {"The Rose Tree", None}


def test_nottingham_without_sources_is_grouped_by_known_pairs_alone(nottingham):
    for path in (nottingham / "ABC_cleaned").iterdir():
        path.unlink()
    entries = published.list_songs("nottingham", nottingham).entries
    group = {Path(e.name).stem: e.group for e in entries}
    assert group["reelsa-c43"] == group["reelsr-t14"]
    assert len(set(group.values())) == len(group) - 1


def test_real_nottingham_agrees_with_types_derived_elsewhere(real_data, tmp_path):
    with (real_data / "nottingham" / "labels.csv").open(encoding="utf-8", newline="") as file:
        expected = {
            Path(row["path"]).name.removeprefix(f"{row['label']}_"): row["label"].replace("_", " ")
            for row in csv.DictReader(file)
        }
    (tmp_path / "MIDI").mkdir()
    for name, label in expected.items():
        source = real_data / "nottingham" / "midi" / f"{label.replace(' ', '_')}_{name}"
        (tmp_path / "MIDI" / name).symlink_to(source)
    entries = published.list_songs("nottingham", tmp_path).entries
    assert {Path(e.name).name: e.label for e in entries} == expected
    assert len(expected) - len({e.group for e in entries}) == 18  # the known pairs
