"""The commands that train a model and put it to use: train, predict, adapt, suggest.

As in `classify.cli.main`, no logic of their own, and everything heavy is imported where it is
needed.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classify.cli.numbers import number, whole
from classify.errors import InputError

if TYPE_CHECKING:
    from classify.inference.prediction import Predictions

#: Songs that are listed in full on a terminal.
LISTED = 30

#: Options of train that a run has settled, and how they are called.
SETTLED = ("window", "hop", "channels", "recipe", "epochs", "seed", "quick", "init")


def add(commands: Any) -> None:
    """Add the commands to a parser's."""
    _add_train(commands)
    _add_predict(commands)
    _add_adapt(commands)
    _add_suggest(commands)


def _add_train(commands: Any) -> None:
    train = commands.add_parser(
        "train",
        help="train one model on all songs of a corpus and keep it in a folder",
        description="Train one model on all songs of a corpus, learn on held-out folds what its "
        "probabilities are worth, and keep it in a folder that loads anywhere.",
    )
    train.set_defaults(run=_train)
    add = train.add_argument
    add("corpus", nargs="?", metavar="CORPUS", help="as for compare")
    add(
        "--from",
        dest="origin",
        type=Path,
        metavar="RUN",
        help="take corpus, settings and the best model (or --model) of a comparison",
    )
    add("--model", metavar="NAME", help="a model's name (default: recommended)")
    add("--out", type=Path, required=True, metavar="DIR", help="the model's folder")
    add("--window", type=whole, metavar="NOTES", help="as for compare")
    add("--hop", type=whole, metavar="NOTES", help="as for compare")
    add("--channels", metavar="NAMES", help="as for compare")
    add("--recipe", choices=("default", "paper"), help="as for compare")
    add("--epochs", type=whole, metavar="N", help="as for compare")
    add("--seed", type=whole, metavar="N", help="of everything drawn (default: 0)")
    add("--quick", action="store_true", default=None, help="3 epochs, small grids: to try it out")
    add("--init", metavar="DIR", help="weights to start from: a folder that pretrain wrote")
    add(
        "--folds",
        type=whole,
        default=5,
        metavar="K",
        help="folds of whole songs that probabilities are calibrated on (default: 5)",
    )
    add("--jobs", type=whole, metavar="N", help="fits at once (default: one a core)")
    add("--force", action="store_true", help="replace a model that is there")


def _add_predict(commands: Any) -> None:
    predict = commands.add_parser(
        "predict",
        help="say the moods of new songs, and how sure that is",
        description="Say the moods of new songs, how sure that is, tempo, key and length. The same "
        "command again goes on where a stopped one was, if it has --out.",
    )
    predict.set_defaults(run=_predict)
    add = predict.add_argument
    add("model", type=Path, metavar="MODEL", help="a folder that train wrote")
    add("songs", nargs="+", type=Path, metavar="SONGS", help="files, folders, zip archives")
    add(
        "--out",
        type=Path,
        metavar="FILE",
        help=".csv, .json or .parquet (default: a table on the terminal)",
    )
    add(
        "--course",
        type=Path,
        metavar="FILE",
        help="the moods window by window, as .csv or .parquet",
    )
    add(
        "--artist-folder",
        type=whole,
        default=1,
        metavar="N",
        help="which folder below SONGS names the artist, where file names do not: 1 for "
        "artist/song (default), 2 for genre/artist/song, 0 for none",
    )
    add(
        "--sure",
        type=number(float, "a probability from 0 to 1"),
        default=0.5,
        metavar="P",
        help="confidence from which a song of several likely moods has an answer (default: 0.5)",
    )


def _add_adapt(commands: Any) -> None:
    adapt = commands.add_parser(
        "adapt",
        help="adapt a model to one listener's own labels, if that helps",
        description="Adapt a model to one listener's own labels. Says whether that helps, each "
        "song judged without its own label; if not, nothing is written.",
    )
    adapt.set_defaults(run=_adapt)
    add = adapt.add_argument
    add("model", type=Path, metavar="MODEL", help="a folder that train wrote")
    add(
        "labels",
        type=Path,
        metavar="LABELS",
        help="a CSV file with the columns path and label (and group, if you like)",
    )
    add("--out", type=Path, required=True, metavar="DIR", help="the adapted model's folder")
    add("--force", action="store_true", help="write it even if it hurts; replace what is there")


def _add_suggest(commands: Any) -> None:
    suggest = commands.add_parser(
        "suggest",
        help="name the songs whose label would teach a model most",
        description="Name the songs of a library whose label would teach most, as a CSV file to "
        "be filled in and given to adapt.",
    )
    suggest.set_defaults(run=_suggest)
    add = suggest.add_argument
    add("model", type=Path, metavar="MODEL", help="a folder that train wrote")
    add("songs", nargs="+", type=Path, metavar="LIBRARY", help="files, folders")
    add("-n", type=whole, default=10, metavar="N", help="how many songs (default: 10)")
    add(
        "--out",
        type=Path,
        default=Path("my-labels.csv"),
        metavar="FILE",
        help="where the list goes (default: my-labels.csv)",
    )


def _train(options: argparse.Namespace) -> int:
    from classify.experiments.dataset import Settings
    from classify.inference import training

    if (options.corpus is None) == (options.origin is None):
        raise InputError("train: name either a CORPUS, or a run with --from")
    if options.jobs is not None and options.jobs < 1:
        raise InputError(f"--jobs {options.jobs}: expected a whole number from 1 up")
    given = {name: getattr(options, name) for name in SETTLED if getattr(options, name) is not None}
    if options.origin and given:
        name = next(iter(given))
        raise InputError(f"--{name}: goes with a CORPUS; --from takes it from the run")
    if options.origin:
        plan = training.plan_of_run(options.origin, options.model, options.folds)
    else:
        if "channels" in given:
            given["channels"] = tuple(given["channels"].replace(",", " ").split())
        settings = Settings(corpus=options.corpus, folds=options.folds, **given)
        plan = training.plan(settings, options.model or "recommended")
    command = getattr(options, "command", "")
    folder = training.train(plan, options.out, options.jobs, None, command, options.force)
    print(folder / "model-card.md")
    return 0


def _predict(options: argparse.Namespace) -> int:
    """Print a short table, or counts; give 1 if a file could not be read."""
    from classify.inference import saved_model
    from classify.inference.prediction import predict

    loaded = saved_model.load(options.model)
    found = predict(
        loaded,
        options.songs,
        options.out,
        options.course,
        options.sure,
        artist_folder=options.artist_folder,
    )
    _show(found, options.out)
    return 1 if found.skipped else 0


def _show(found: "Predictions", out: Path | None) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    if not out or len(found.table) <= LISTED:
        table = Table(box=None, pad_edge=False)
        for column in ("song", "answer", "sure", "90 % set", "bpm", "key", "length"):
            table.add_column(column, overflow="fold")
        for row in found.table.itertuples():
            answer = row.answer or ("not sure" if row.known else "not known")
            tempo = "" if row.tempo != row.tempo else f"{row.tempo:.0f}"
            length = f"{int(row.seconds) // 60}:{int(row.seconds) % 60:02d}"
            own = (row.song, answer, f"{row.confidence:.2f}", row.set.replace("|", " "), tempo,
                   row.key, length)  # fmt: skip
            table.add_row(*(Text(str(cell)) for cell in own))
        console.print(table)
    about = found.about
    lines = [
        f"{about['songs']} songs by {about['model']}: not sure of {about['not_sure']}, "
        f"{about['not_known']} of these unlike anything it was trained on.",
        *filter(None, [about["warning"]]),
        about["remark"],
    ]
    if found.skipped:
        shown = [f"  {item.name} {item.reason}" for item in found.skipped[:LISTED]]
        lines += [f"Set aside: {len(found.skipped)}", *shown]
        lines += [f"  and {len(found.skipped) - LISTED} more"] * (len(found.skipped) > LISTED)
    console.print("\n".join(lines), markup=False)
    if out:
        console.print(str(out), markup=False)


def _adapt(options: argparse.Namespace) -> int:
    """Say whether labels help; give 1 if nothing was written."""
    from classify.inference import saved_model
    from classify.inference.personalise import adapt

    report, aside = adapt(
        saved_model.load(options.model), options.labels, options.out, options.force
    )
    for item in aside:
        print(f"Left out: {item.name} {item.reason}")
    print(report.sentence())
    if report.hurts and not options.force:
        print("That does not help, so nothing was written; --force writes it all the same.")
        return 1
    print(options.out)
    return 0


def _suggest(options: argparse.Namespace) -> int:
    from classify.inference import saved_model
    from classify.inference.personalise import suggest, write_suggestions
    from classify.inference.prediction import check_target, predict

    if options.n < 1:
        raise InputError(f"-n {options.n}: expected a whole number from 1 up")
    check_target(options.out, (".csv",))
    if options.out.exists():
        raise InputError(f"{options.out}: is there already; name another file with --out")
    loaded = saved_model.load(options.model)
    table = suggest(predict(loaded, options.songs), loaded, options.n, options.out)
    write_suggestions(table, options.out)
    for row in table.itertuples():
        print(f"{row.title}: {row.reason}")
    print(f"Fill in the column label ({', '.join(loaded.classes)}) and give it to adapt:")
    print(options.out)
    return 0
