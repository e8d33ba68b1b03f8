"""A folder of songs as a Corpus."""

import shutil

from classify.corpora import load
from classify.corpora.groups import group_by_shared_keys


def test_damaged_files_are_skipped_and_the_rest_goes_on(corpus_folder):
    happy = corpus_folder / "Happy"
    silent = b"MThd\0\0\0\x06\0\0\0\x01\0\x60" + b"MTrk\0\0\0\x04\0\xff\x2f\0"
    whole = (happy / "00.mid").read_bytes()
    (happy / "text.mid").write_text("not music")
    (happy / "empty.mid").write_bytes(b"")
    (happy / "cut.mid").write_bytes(whole[: len(whole) // 2])
    (happy / "silent.mid").write_bytes(silent)
    (corpus_folder / "Sports").mkdir()
    corpus = load(str(corpus_folder))
    assert len(corpus.songs) == 17
    assert [name for name, _ in corpus.repaired] == ["Happy/cut.mid"]
    assert "track 1 was cut short" in corpus.repaired[0][1]
    reasons = {item.name: item.reason for item in corpus.skipped}
    assert set(reasons) == {
        "Sports/", "Happy/text.mid", "Happy/empty.mid", "Happy/silent.mid",
    }  # fmt: skip
    assert "begins with 'not music'" in reasons["Happy/text.mid"]
    assert "no notes" in reasons["Happy/silent.mid"]


def test_copies_under_another_name_share_a_group(corpus_folder):
    shutil.copy(corpus_folder / "Happy" / "00.mid", corpus_folder / "Calming" / "copy.mid")
    corpus = load(str(corpus_folder))
    group = dict(zip([e.name for e in corpus.entries], corpus.groups, strict=True))
    assert corpus.n_copies == 1
    assert group["Happy/00.mid"] == group["Calming/copy.mid"]
    assert len(set(corpus.groups)) == len(corpus.songs) - 1


def test_the_fingerprint_knows_labels_and_bytes(corpus_folder):
    before = load(str(corpus_folder)).fingerprint
    assert load(str(corpus_folder)).fingerprint == before
    (corpus_folder / "Happy" / "00.mid").rename(corpus_folder / "Calming" / "99.mid")
    assert load(str(corpus_folder)).fingerprint != before


def test_groups_merge_through_a_chain():
    assert group_by_shared_keys([["a", "x"], ["b"], ["c", "x", "y"], ["d", "y"]]) == [
        "a",
        "b",
        "a",
        "a",
    ]
