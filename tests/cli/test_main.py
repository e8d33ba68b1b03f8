"""The command line, as a user meets it."""

import io
import os
import signal
import subprocess
import sys
import time

import pytest

from classify.cli import corpus
from classify.cli.main import main
from classify.errors import InputError
from classify.models import registry
from tests.cli.refusals import refused
from tests.conftest import write_corpus


def test_missing_commands_and_words(capsys):
    assert "missing command" in refused(capsys)
    assert "missing argument 'RUN'" in refused(capsys, "report")
    assert "no such option: --fast" in refused(capsys, "compare", "x", "--fast")


def test_help_wakes_nothing_heavy():
    code = (
        "import sys; from classify.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
    )
    heavy = (
        "bad = {'numpy', 'pandas', 'sklearn', 'keras', 'tensorflow', 'music21'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", f"{code}{heavy}\nassert not bad, bad"], check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip


def test_help_names_every_model_and_group(capsys):
    assert main(["compare", "--help"]) == 0
    shown = capsys.readouterr().out
    listed = shown[shown.index("\nModels:") :].replace("-\n  ", "-").split()
    usual = {name for name, spec in registry.find().items() if spec.in_groups}
    assert usual - {"majority"} | set(registry.GROUPS) <= set(listed)


def test_help_of_a_command_wakes_nothing_heavy():
    code = "import sys; from classify.cli.main import main; main(['train', '--help'])\n"
    heavy = "bad = {'pandas', 'sklearn', 'keras', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", f"{code}{heavy}\nassert not bad, bad"], check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip


def test_a_shell_is_told_how_to_complete(monkeypatch):
    options = {"_CLASSIFY_COMPLETE": "complete_bash", "COMP_CWORD": "3"}
    words = {"COMP_WORDS": "classify compare --models knn,mini"}
    found = subprocess.run([sys.executable, "-m", "classify"], capture_output=True, text=True,
                           env=os.environ | options | words)  # fmt: skip
    assert found.stdout.split() == ["knn,minirocket"]


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (KeyboardInterrupt(), 130, "stopped. Models that had finished are kept"),
        (PermissionError(13, "Permission denied", "/x"), 2, "classify: /x: Permission denied"),
        (MemoryError("1 TB"), 2, "not enough memory (1 TB)"),
        (InputError("no"), 2, "classify: no"),
    ],
)
def test_what_goes_wrong_is_one_line(monkeypatch, capsys, error, status, line):
    def fail() -> str:
        raise error

    monkeypatch.setattr(corpus.api, "list_corpora", fail)
    assert main(["corpus", "list"]) == status
    told = capsys.readouterr().err.strip()
    assert line in told and "\n" not in told


def test_a_reader_that_has_enough_is_no_error():
    code = "import sys; from classify.cli.main import main; sys.exit(main(['corpus', 'list']))"
    with subprocess.Popen([sys.executable, "-u", "-c", code], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:  # fmt: skip
        process.stdout.close()
        told = process.stderr.read()
    assert process.returncode == 0 and told == ""


@pytest.mark.usefixtures("local_processes")  # an import of Keras in this one could swallow the kill
def test_a_polite_kill_is_a_ctrl_c(tmp_path):
    songs = write_corpus(tmp_path / "songs")
    command = [sys.executable, "-m", "classify", "compare", str(songs), "--models", "nn3",
               "--window", "16", "--out", str(tmp_path / "run")]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not (tmp_path / "run" / "run.json").exists():
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=60)
    # Python says -2 where it was importing, and both are 130 to a shell
    assert process.returncode in (130, -signal.SIGINT)
    assert "\nclassify: stopped. " in told and "the same command goes on from there.\n" in told


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])  # by LC_ALL=en_US and LC_ALL=C
def test_what_a_terminal_cannot_show_is_shown_otherwise(monkeypatch, errors):
    monkeypatch.setattr(corpus.api, "list_corpora", lambda: "Dvořák")
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors=errors)
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["corpus", "list"]) == 0
    out.flush()
    assert out.buffer.getvalue() == b"Dvo\\u0159\\xe1k\n"
