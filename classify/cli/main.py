"""The commands; no logic of their own.

Everything heavy is imported inside the command that needs it, so that `classify --help` answers at
once.
"""

import argparse
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from classify.cli import explain, library, playlist, pretrain
from classify.cli.numbers import number, whole
from classify.errors import InputError
from classify.versions import VERSION

#: Exit status after Ctrl-C, as shells have it.
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; give the exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        options = _parser().parse_args(given)
        options.command = shlex.join(["classify", *given])
        return options.run(options)
    except InputError as error:
        return _refuse(str(error))
    except BrokenPipeError:  # `classify ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # no right to read or write there, a full disk, a name too long
        return _refuse(f"{error.filename or 'a file'}: {error.strerror or error}")
    except MemoryError as error:
        return _refuse(f"not enough memory ({error}); smaller --window or --jobs need less")
    except KeyboardInterrupt:
        print(
            "\nclassify: stopped. Models that had finished are kept; "
            "the same command goes on from there.",
            file=sys.stderr,
        )
        return INTERRUPTED


def _refuse(message: str) -> int:
    print(f"classify: {message}", file=sys.stderr)
    return 2


class _Parser(argparse.ArgumentParser):
    """An argument parser that refuses in one sentence, as everything here does."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message.removeprefix('argument ')} (see {self.prog} --help)")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="classify",
        description="Compare networks and classical models on a folder of labelled songs.",
    )
    parser.add_argument("--version", action="version", version=f"classify {VERSION}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill is a Ctrl-C
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_compare(commands)
    _add_report(commands)
    _add_corpus(commands)
    _add_transcribe(commands)
    pretrain.add(commands)
    library.add(commands)
    playlist.add(commands)
    explain.add(commands)
    return parser


def _add_compare(commands: "argparse._SubParsersAction[_Parser]") -> None:
    compare = commands.add_parser(
        "compare",
        help="train every model on a corpus and write one report",
        description="Train every model on a corpus and write one report. The same command again "
        "goes on where a stopped one was.",
    )
    compare.set_defaults(run=_compare)
    add = compare.add_argument
    add(
        "corpora",
        nargs="*",
        metavar="CORPUS",
        help="a folder with one folder per class, a folder with a labels.csv, a zip archive of "
        "either, a CSV file, a built-in corpus (folk, the default, or tunes), or a copy of a "
        "published one (emopia:PATH; see classify corpus list). Several are compared one after "
        "another and laid side by side",
    )
    add(
        "--models",
        default="all",
        metavar="NAMES",
        help="names or groups, with commas: nn1 nn2 nn3 bi-nn1 bi-nn2 bi-nn3 crnn transformer "
        "passages random-forest svm knn logistic gradient-boosting minirocket features-svm "
        "features-logistic features-extra-trees features-boosting features-vote song-logistic "
        "song-vote song-choice song-stack; all (default), networks, own, baselines, features, "
        "paper, recommended",
    )
    add(
        "--window",
        type=whole,
        metavar="NOTES",
        help="notes in a window (default: 800, or the built-in corpus's own)",
    )
    add(
        "--hop",
        type=whole,
        metavar="NOTES",
        help="notes between window starts (default: a window)",
    )
    add(
        "--channels",
        metavar="NAMES",
        help="pitch,velocity,inter-onset,duration,drum (default: "
        "all five; the paper's input is pitch)",
    )
    add(
        "--tune",
        type=number(float, "a number of minutes"),
        metavar="MINUTES",
        help="first choose the window and the channels on the training songs, in about so many "
        "minutes; what --window or --channels give stays as it is",
    )
    add(
        "--split",
        choices=("song", "window", "given"),
        default="song",
        help="song: songs stay whole (default); window: the paper's random windows, which leaks; "
        "given: the split column of labels.csv",
    )
    add(
        "--folds",
        type=whole,
        default=1,
        metavar="K",
        help="test every song once, in K folds (default: 1, a hold-out of about a fifth)",
    )
    add(
        "--merge-duplicates",
        action="store_true",
        help="keep songs together that seem to be the same music (classify corpus show lists them)",
    )
    add("--repeats", type=whole, default=1, metavar="R", help="draw the folds R times")
    add(
        "--leak",
        action="store_true",
        help="show beside the truth what the paper's random windows would have claimed",
    )
    add(
        "--robustness",
        action="store_true",
        help="ask also about test songs transposed, stretched, without loudness, without drums",
    )
    add(
        "--learning-curve",
        action="store_true",
        help="train also on an eighth, a quarter and half of the songs",
    )
    add(
        "--recipe",
        choices=("default", "paper"),
        default="default",
        help="paper: unscaled numbers, plain Adam, no early stopping",
    )
    add("--epochs", type=whole, metavar="N", help="at most so many epochs a network (default: 30)")
    add(
        "--no-augment",
        action="store_true",
        help="leave the training windows of networks on note events as they are",
    )
    add(
        "--quick",
        action="store_true",
        help="3 epochs, small grids: to see the road, not to publish",
    )
    add("--seed", type=whole, default=0, metavar="N", help="of everything drawn (default: 0)")
    add("--init", metavar="DIR", help="weights to start from: a folder that pretrain wrote")
    add("--jobs", type=whole, metavar="N", help="models that train at once (default: one a core)")
    add(
        "--out",
        type=Path,
        metavar="DIR",
        help="the run's folder (default: results/<corpus>); of several corpora, where they all go",
    )


def _add_report(commands: "argparse._SubParsersAction[_Parser]") -> None:
    report = commands.add_parser("report", help="make a run's report anew from its files")
    report.set_defaults(run=_report)
    report.add_argument("folder", type=Path, metavar="RUN", help="a run's folder")
    report.add_argument(
        "--compare",
        type=Path,
        nargs="+",
        default=[],
        metavar="RUN",
        help="runs to lay beside it, on the same corpus or on others",
    )
    report.add_argument(
        "--out", type=Path, metavar="DIR", help="where the side-by-side page goes (default: RUN)"
    )


def _add_corpus(commands: "argparse._SubParsersAction[_Parser]") -> None:
    corpus = commands.add_parser("corpus", help="look at a corpus before any model does")
    actions = corpus.add_subparsers(required=True, metavar="ACTION")
    show = actions.add_parser("show", help="songs, windows and notes per class; what is set aside")
    show.set_defaults(run=_corpus_show)
    show.add_argument("corpus", help="as for compare")
    show.add_argument("--window", type=whole, metavar="NOTES", help="notes in a window")
    show.add_argument("--hop", type=whole, metavar="NOTES", help="notes between window starts")
    show.add_argument(
        "--problems", action="store_true", help="list every file that was set aside or mended"
    )
    show.add_argument(
        "--duplicates",
        action="store_true",
        help="list the songs that seem to be the same music, in another key or at another tempo",
    )
    check = actions.add_parser("check", help="what a copy of a published corpus lacks")
    check.set_defaults(run=_corpus_check)
    check.add_argument("corpus", metavar="NAME:PATH", help="such as emopia:PATH")
    listing = actions.add_parser("list", help="built-in and published corpora, their licences")
    listing.set_defaults(run=_corpus_list)


def _add_transcribe(commands: "argparse._SubParsersAction[_Parser]") -> None:
    transcribe = commands.add_parser(
        "transcribe",
        help="make MIDI files of recordings (needs `make audio` once)",
        description="Make MIDI files of recordings (.wav, .mp3, .flac, .ogg; .m4a with ffmpeg). "
        "Needs the audio extra: run `make audio` once.",
    )
    transcribe.set_defaults(run=_transcribe)
    add = transcribe.add_argument
    add("source", type=Path, metavar="IN", help="a recording, or a folder of recordings")
    add("out", type=Path, metavar="OUT", help="a .mid file, or a folder")
    add("--force", action="store_true", help="replace MIDI files that are there")


def _compare(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from classify.experiments.comparison import compare
    from classify.experiments.dataset import Settings
    from classify.representations.windows import CHANNELS

    if options.jobs is not None and options.jobs < 1:
        raise InputError(f"--jobs {options.jobs}: expected a whole number from 1 up")
    settings = Settings(
        window=options.window,
        hop=options.hop,
        channels=_names(options.channels) if options.channels is not None else tuple(CHANNELS),
        split=options.split,
        folds=options.folds,
        repeats=options.repeats,
        leak=options.leak,
        robustness=options.robustness,
        learning_curve=options.learning_curve,
        merge_duplicates=options.merge_duplicates,
        models=_names(options.models),
        recipe=options.recipe,
        epochs=options.epochs,
        augment=not options.no_augment,
        seed=options.seed,
        quick=options.quick,
        tune=options.tune,
        init=options.init,
    )
    given = {"n_workers": options.jobs, "command": options.command}
    if len(options.corpora) < 2:
        one = replace(settings, corpus=(options.corpora or [settings.corpus])[0])
        return _finish(compare(one, options.out, **given))
    within = options.out or Path("results")
    corpora = [replace(settings, corpus=corpus) for corpus in options.corpora]
    folders = [compare(one, within=within, **given) for one in corpora]
    statuses = [_finish(folder) for folder in folders]
    return max(statuses) or _side_by_side(folders, within / "side-by-side")


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _report(options: argparse.Namespace) -> int:
    if options.compare:
        return _side_by_side([options.folder, *options.compare], options.out or options.folder)
    if options.out:
        raise InputError(f"--out {options.out}: goes with --compare; a run's report stays with it")
    return _finish(options.folder)


def _side_by_side(folders: list[Path], out: Path) -> int:
    """Lay runs side by side; print the page's path."""
    from classify.report.side_by_side import write_side_by_side

    print(write_side_by_side(folders, out))
    return 0


def _finish(folder: Path) -> int:
    """Write a run's report, print its answer and its path; give 1 if a model failed."""
    from classify.report import summary, write_report
    from classify.report.run_view import read_view

    view = read_view(folder)
    report = write_report(folder, view)
    print(*summary.warnings(view), *summary.summary(view), report, sep="\n")
    return 1 if view.failures else 0


def _corpus_show(options: argparse.Namespace) -> int:
    from classify.experiments.corpus_summary import show

    show(options.corpus, options.window, options.hop, options.problems, options.duplicates)
    return 0


def _corpus_check(options: argparse.Namespace) -> int:
    from classify.experiments.corpus_summary import check

    return 0 if check(options.corpus) else 1


def _corpus_list(options: argparse.Namespace) -> int:
    from classify.experiments.corpus_summary import listing

    print(listing())
    return 0


def _transcribe(options: argparse.Namespace) -> int:
    """Print how many became MIDI files, and what did not and why; give 1 if any did not."""
    from classify.corpora.transcribe import transcribe
    from classify.progress import Display

    done = transcribe(options.source, options.out, Display(), options.force)
    print(f"Recordings that are MIDI files in {options.out} now: {len(done.written)}")
    if done.skipped:
        reasons = [f"  {item.name} {item.reason}" for item in done.skipped]
        print(f"Set aside: {len(reasons)}", *reasons, sep="\n")
    return 1 if done.skipped else 0
