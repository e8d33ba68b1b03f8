"""The command that lets an encoder learn from songs without labels: pretrain.

As in `classify.cli.main`, no logic of its own, and everything heavy is imported where it is needed.
"""

import argparse
from pathlib import Path
from typing import Any

from classify.cli.numbers import whole


def add(commands: Any) -> None:
    """Add the command to a parser's."""
    pretrain = commands.add_parser(
        "pretrain",
        help="let a network learn how music goes from songs without labels",
        description="Hide notes of songs that nobody has labelled, and let the encoder of a "
        "network learn to say what they were; compare and train start from it with --init. The "
        "same command again goes on where a stopped one was.",
    )
    pretrain.set_defaults(run=_pretrain)
    option = pretrain.add_argument
    option("library", nargs="+", type=Path, metavar="LIBRARY", help="files, folders, zip archives")
    option("--out", type=Path, required=True, metavar="DIR", help="the folder of the weights")
    option("--model", metavar="NAME", help="crnn (default) or transformer")
    option(
        "--window",
        type=whole,
        metavar="NOTES",
        help="notes in a window, as it will be for compare (default: 800)",
    )
    option("--epochs", type=whole, metavar="N", help="at most so many epochs (default: 30)")
    option("--seed", type=whole, metavar="N", help="of everything drawn (default: 0)")


def _pretrain(options: argparse.Namespace) -> int:
    """Print the folder's path."""
    from classify.models.pretraining import PretrainingSettings, pretrain

    names = ("model", "window", "epochs", "seed")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    command = getattr(options, "command", "")
    print(pretrain(options.library, options.out, PretrainingSettings(**given), command=command))
    return 0
