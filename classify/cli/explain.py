"""The command that says why a model answers as it does; no logic of its own."""

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from classify.errors import InputError

#: Key of a bundle's facts under which the profiles of its training songs are kept.
PROFILES = "profiles"


def add(commands: Any) -> None:
    """Add the command to a parser's."""
    explain = commands.add_parser(
        "explain",
        help="why a trained model answers a song as it does: a picture and a paragraph",
        description="Write, for each song, a piano roll in which the notes that speak for and "
        "against the answer are coloured, over the course of all classes (.svg, .png), and a "
        "paragraph in words (.txt). Given a run of compare and no song, write what one of its "
        "models rests on over the test songs (importance.csv).",
    )
    explain.set_defaults(run=_explain)
    put = explain.add_argument
    put("model", type=Path, metavar="MODEL",
        help="a folder that classify train wrote, or the folder of a run")  # fmt: skip
    put("songs", type=Path, nargs="*", metavar="SONG", help="files, folders or zip archives")
    put("--of", default="", metavar="NAME", help="which model of a run (default: the best)")
    put("--class", dest="label", default="", metavar="NAME",
        help="the class to explain (default: the answer)")  # fmt: skip
    put("--out", type=Path, default=Path("explained"), metavar="DIR",
        help="where the files go (default: explained)")  # fmt: skip


def _explain(options: argparse.Namespace) -> int:
    """Explain songs, or what a model of a run rests on."""
    if (options.model / "run.json").is_file():
        if options.songs:
            raise InputError(
                f"{options.model}: is a run, which tells what its models rest on; to explain a "
                f"song, train a model of it (classify train --from {options.model})"
            )
        return _rests(options)
    if not options.songs:
        raise InputError(f"{options.model}: name the songs to explain, or the folder of a run")
    return _songs(options)


#: Families or features that are printed.
LISTED = 10


def _rests(options: argparse.Namespace) -> int:
    """Print what a model of a run rests on most, and the path of the whole table."""
    import pandas as pd

    from classify.inference.explain.run import write_importance

    path = write_importance(options.model, options.of)
    table = pd.read_csv(path, keep_default_na=False)
    table = table[(table.metric == "accuracy") & (table.question == "credit")]
    print(f"What {table.model.iloc[0]} rests on, in points of accuracy on songs:")
    for level, own in table.groupby("level", sort=False):
        for row in own.sort_values("value", ascending=False).head(LISTED).itertuples():
            low, value, high = (100 * number for number in (row.low, row.value, row.high))
            print(f"  {level} {row.name}: {value:+.1f} ({low:+.1f} to {high:+.1f})")
    print(path)
    return 0


def _songs(options: argparse.Namespace) -> int:
    """Explain songs; print each paragraph and the path of its picture."""
    from classify.corpora.library import load_library
    from classify.inference import saved_model
    from classify.inference.explain.profiles import Profiles
    from classify.inference.explain.song import explain, listener, write

    loaded = saved_model.load(options.model)
    about = loaded.about
    model = listener(loaded.estimator, loaded.cutting, loaded.representation, loaded.calibrated)
    profiles = Profiles.from_json(about[PROFILES]) if PROFILES in about else None
    library = load_library(options.songs)
    taken: Counter[str] = Counter()
    for item in library.items:
        found = explain(model, item.song, options.label, profiles)
        stem = Path(item.name).stem if item.file else Path(item.name).name
        taken[stem] += 1  # songs of one name in two folders
        name = stem if taken[stem] == 1 else f"{stem}-{taken[stem]}"
        picture = write(found, options.out, name)[0]
        print(found.paragraph, picture, "", sep="\n")
    for aside in library.skipped:
        print(f"set aside: {aside.name} {aside.reason}")
    return 1 if library.skipped else 0
