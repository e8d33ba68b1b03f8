"""Which files playlists become."""

from dataclasses import replace
from pathlib import Path

import pytest

from classify.errors import InputError
from classify.playlists.build import build
from classify.playlists.output import Output, wishes_of, write_files
from classify.playlists.playlist import Provenance
from classify.playlists.request import Limits, Request

from .libraries import table

MADE = Provenance("mine", "2026-01-31T12:30:00+00:00")


def written(out: Path, n_lists: int = 1, **output) -> list[str]:
    """Names of the files that a list becomes."""
    limits = Limits(0.0, tempo_change=None, loudness_change=None)
    lists = build(table([{}, {}]), Request("Calming", minutes=10, limits=limits))
    files = write_files(lists * n_lists, Output(out, **output), MADE)
    assert {path.name for path in files.paths} == {path.name for path in out.parent.iterdir()}
    return [path.name for path in files.paths]


def test_a_path_without_ending_becomes_all_formats(tmp_path):
    assert written(tmp_path / "a" / "list") == ["list.m3u8", "list.xspf", "list.csv", "list.svg"]
    assert written(tmp_path / "b" / "list", formats=("jspf",), picture="png") == [
        "list.jspf",
        "list.png",
    ]


@pytest.mark.parametrize("ending", ["m3u8", "xspf", "jspf", "csv", "XSPF"])
def test_a_known_ending_means_that_format_alone(tmp_path, ending):
    names = written(tmp_path / "a" / f"list.{ending}")
    assert names == [f"list.{ending}", "list.svg"]


def test_any_other_dot_belongs_to_the_name(tmp_path):
    assert written(tmp_path / "a" / "v1.2 week", formats=("csv",)) == [
        "v1.2 week.csv",
        "v1.2 week.svg",
    ]


def test_several_lists_are_numbered(tmp_path):
    names = written(tmp_path / "a" / "list.xspf", n_lists=2)
    assert names == ["list-1.xspf", "list-2.xspf", "list-1.svg", "list-2.svg"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"formats": ("pls",)}, "--format pls: expected any of m3u8"),
        ({"formats": ()}, "expected any of"),
        ({"picture": "gif"}, "--picture gif: expected one of svg, png"),
        ({"media_root": Path("nowhere")}, "nowhere: is not a folder"),
    ],
)
def test_an_output_that_cannot_be_is_refused(wrong, words):
    with pytest.raises(InputError, match=words):
        Output(**wrong)


def test_wishes_are_dealt_out_by_name():
    wishes = {"minutes": 5, "min_confidence": 0.5, "formats": "csv,jspf"}
    request, output = wishes_of("Happy", wishes)
    assert request == replace(Request("Happy", minutes=5), limits=Limits(0.5))
    assert output == Output(formats=("csv", "jspf"))
    with pytest.raises(InputError, match="'minuets' is no wish; expected any of absolute"):
        wishes_of("Happy", {"minuets": 5})
