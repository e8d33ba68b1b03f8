"""What a log shows, what a terminal shows, and how lengths of time are written."""

import io

import pytest
from rich.console import Console

from classify import progress
from classify.progress import SILENT, Bars, Lines, counting, duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.26, "0.3 s"), (9.99, "10.0 s"), (42.4, "42 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"),
     (7500, "2 h 5 min")],
)  # fmt: skip
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_a_log_names_model_epoch_and_time_left(monkeypatch):
    monkeypatch.setattr(progress, "EVERY", -1.0)
    out = io.StringIO()
    shown = Lines(out)
    shown.begin("nn3", "NN3", 4, "epoch")
    shown.advance("nn3", "validation accuracy 0.50")
    shown.end("nn3", "NN3: done")
    first, last = out.getvalue().splitlines()
    assert first.startswith("  NN3: epoch 1 of 4, at most ")
    assert first.endswith(" left validation accuracy 0.50")
    assert last == "NN3: done"


def test_a_terminal_shows_a_bar_and_gets_its_cursor_back():
    out = io.StringIO()
    shown = Bars(Console(file=out, width=120, force_terminal=True))
    with counting(shown, "Reading songs", "song") as count:
        count(1, 2)
        count(2, 2)
    assert "Reading songs" in out.getvalue() and "2/2" in out.getvalue()
    assert out.getvalue().rfind("\x1b[?25h") > out.getvalue().rfind("\x1b[?25l") >= 0


def test_a_task_ends_whatever_happens_in_it():
    shown = Lines(io.StringIO())
    with pytest.raises(OSError), counting(shown, "Reading songs", "song") as count:
        count(1, 2)
        raise OSError
    with counting(shown, "Reading songs", "song") as count:  # no task of that name is left
        count(1, 2)


def test_silence_takes_everything_and_shows_nothing(capsys):
    with counting(SILENT, "Reading songs", "song") as count:
        count(1, 2)
    SILENT.message("a line")
    assert capsys.readouterr() == ("", "")
