"""The command that says why a trained model answers as it does; no logic of its own."""

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

#: Key of a bundle's facts under which the profiles of its training songs are kept.
PROFILES = "profiles"


def add(commands: Any) -> None:
    """Add the command to a parser's."""
    explain = commands.add_parser(
        "explain",
        help="why a trained model answers a song as it does: a picture and a paragraph",
        description="Write, for each song, a piano roll in which the notes that speak for and "
        "against the answer are coloured, over the course of all classes (.svg, .png), and a "
        "paragraph in words (.txt).",
    )
    explain.set_defaults(run=_explain)
    put = explain.add_argument
    put("model", type=Path, metavar="MODEL", help="a folder that classify train wrote")
    put("songs", type=Path, nargs="+", metavar="SONG", help="files, folders or zip archives")
    put("--class", dest="label", default="", metavar="NAME",
        help="the class to explain (default: the answer)")  # fmt: skip
    put("--out", type=Path, default=Path("explained"), metavar="DIR",
        help="where the files go (default: explained)")  # fmt: skip


def _explain(options: argparse.Namespace) -> int:
    """Explain songs; print each paragraph and the path of its picture."""
    import numpy as np

    from classify import bundle
    from classify.corpora.library import load_library
    from classify.explanations.profiles import Profiles
    from classify.explanations.song import explain, listener, write
    from classify.windows import ChannelScaler, unscaled

    loaded = bundle.load(options.model)
    about = loaded.about
    scaling = about["scaling"]
    fill = unscaled
    if scaling:
        fill = ChannelScaler(np.array(scaling["mean"]), np.array(scaling["std"])).transform
    model = listener(
        loaded.estimator, loaded.cutting, about["model"]["input"], fill, loaded.calibrated
    )
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
    for aside in library.set_aside:
        print(f"set aside: {aside.name} {aside.reason}")
    return 1 if library.set_aside else 0
