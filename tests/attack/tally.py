"""What came of attacks: how many were tried, refused in a sentence, or survived."""

import io
import os
import signal
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from classify.cli.main import main
from classify.errors import InputError

ROOT = Path(__file__).parent.parent.parent

#: Seconds after which a command counts as hanging.
PATIENCE = 900


class Hang(BaseException):
    """A command that does not end; nothing catches it on the way."""


class Tally:
    """Counts outcomes of one family of attacks, and keeps what must not happen."""

    def __init__(self, family: str) -> None:
        self.family = family
        self.counts: Counter[str] = Counter()
        self.bad: list[str] = []

    def note(self, outcome: str, what: str = "") -> None:
        """Count an attack that was `refused` or `survived`; anything else is bad."""
        self.counts[outcome] += 1
        if outcome not in ("refused", "survived"):
            self.bad.append(f"{outcome}: {what}")

    def check(self, holds: bool, what: str) -> None:
        """Count a loss where something that should be there is not."""
        if not holds:
            self.note("loss", what)

    def command(self, *arguments: object) -> tuple[int, str]:
        """Run a command in this process; give its status and what it told."""
        words = [str(word) for word in arguments]
        out, err = io.StringIO(), io.StringIO()
        try:
            with _patient(PATIENCE), redirect_stdout(out), redirect_stderr(err):
                status = main(words)
        except SystemExit as end:
            status = int(end.code or 0)
        except Hang:
            self.note("hang", " ".join(words)[:300])
            return -1, ""
        except BaseException:
            self.note("traceback", f"{' '.join(words)[:300]}\n{traceback.format_exc(limit=-4)}")
            return -1, ""
        self._judge(status, err.getvalue(), words)
        return status, out.getvalue() + err.getvalue()

    def process(
        self,
        *arguments: object,
        env: dict[str, str | None] | None = None,
        before: Callable[[], None] | None = None,
    ) -> tuple[int, str]:
        """Run a command in a process of its own."""
        words = [str(word) for word in arguments]
        try:
            done = subprocess.run(
                [sys.executable, "-m", "classify", *words],
                capture_output=True, timeout=PATIENCE, env=environment(env), preexec_fn=before,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            self.note("hang", " ".join(words))
            return -1, ""
        told = done.stderr.decode(errors="replace")
        self._judge(done.returncode, told, words)
        return done.returncode, done.stdout.decode(errors="replace") + told

    def refusing(self, do: Callable[[], object], what: str) -> bool:
        """Do something that may be refused; say whether it was not."""
        try:
            with _patient(PATIENCE):
                do()
        except InputError as error:
            self.note("refused" if _sentence(str(error)) else "no sentence", f"{what}: {error}")
            return False
        except Hang:
            self.note("hang", what)
            return False
        except BaseException:
            self.note("traceback", f"{what}\n{traceback.format_exc(limit=-4)}")
            return False
        self.note("survived")
        return True

    def _judge(self, status: int, told: str, words: Sequence[str]) -> None:
        what = f"{' '.join(words)[:300]}: status {status}\n{told[-1500:]}"
        if "Traceback (most recent call last)" in told:
            self.note("traceback", what)
        elif status == 0 or (status == 1 and "failed after" in told):
            self.note("survived")
        elif status == 2 and _sentence(told.strip().splitlines()[-1].removeprefix("classify: ")):
            self.note("refused")
        else:
            self.note("no sentence", what)

    def __str__(self) -> str:
        tried = sum(self.counts.values())
        return (
            f"{self.family:<22}{tried:>6} tried{self.counts['refused']:>6} refused in a sentence"
            f"{self.counts['survived']:>6} survived{len(self.bad):>4} bad"
        )


def environment(changes: dict[str, str | None] | None = None) -> dict[str, str]:
    """Give this environment with changes; None takes a variable away."""
    changed = os.environ | {"PYTHONPATH": str(ROOT), "CLASSIFY_EXECUTOR": "local"} | (changes or {})
    return {name: value for name, value in changed.items() if value is not None}


def _sentence(text: str) -> bool:
    return bool(text.strip()) and len(text.strip().splitlines()) == 1 and len(text) < 3000


@contextmanager
def _patient(seconds: int) -> Iterator[None]:
    def hang(number: int, frame: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, hang)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
