"""How to get the same numbers again."""

from collections.abc import Iterator

from classify.report.blocks import Block, Text
from classify.report.run_view import View

TITLE, ORDER = "How to get these numbers again", 150


def blocks(view: View) -> Iterator[Block]:
    """Give the command, the seed and the versions."""
    run = view.run
    versions = ", ".join(f"{name} {value}" for name, value in run["versions"].items())
    yield Text(run["command"], kind="code")
    yield Text(
        f"Seed {view.seed} · corpus fingerprint {run['corpus']['fingerprint'][:16]} · {versions} · "
        f"{run['machine']['system']} · started {run['started']}, finished {run['finished']}",
        kind="note",
    )
