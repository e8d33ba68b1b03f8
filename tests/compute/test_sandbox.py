"""Processes that hang, balloon or die, and what is left of the rest."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from classify.compute import sandbox

GIGABYTE = 2**30


def double(number: int) -> int:
    return 2 * number


def hang(seconds: float) -> None:
    """Loop in C, where no Python signal handler would ever run."""
    sandbox.deadline(seconds)
    sum(range(10**12))


def start_and_hang(note: str) -> None:
    """Start a program that outlives its parent, unless the whole group is ended."""
    child = subprocess.Popen(["sleep", "600"])
    Path(note).write_text(str(child.pid))
    hang(0.5)


def balloon() -> str:
    try:
        return f"{len(bytearray(4 * GIGABYTE)):,}"
    except MemoryError:
        return "no memory"


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def fail() -> None:
    raise ValueError("no such thing")


def speak() -> str:
    print("heard by nobody")
    os.write(2, b"nor this")
    return "done"


def run(*jobs: sandbox.Job, n_workers: int = 2) -> dict[int, object]:
    return dict(sandbox.run(jobs, n_workers, 2 * GIGABYTE))


def test_jobs_are_done_and_processes_kept_for_the_next():
    assert run(*[(double, (n,)) for n in range(9)]) == {n: 2 * n for n in range(9)}
    (pid,) = run((os.getpid, ()), n_workers=1).values()
    assert run((os.getpid, ()), n_workers=1) == {0: pid}


def test_a_process_that_hangs_takes_only_its_own_job_with_it():
    found = run((hang, (0.5,)), *[(double, (n,)) for n in range(5)])
    assert isinstance(found[0], sandbox.Died)
    assert found[0].reason(0.5) == "takes longer than 0 s to read"
    assert [found[n] for n in range(1, 6)] == [0, 2, 4, 6, 8]


def test_what_a_process_started_ends_with_it(tmp_path):
    run((start_and_hang, (str(tmp_path / "pid"),)))
    pid = int((tmp_path / "pid").read_text())
    for _ in range(100):
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return
        time.sleep(0.05)
    raise AssertionError("the child of a process that was ended still runs")


def test_a_crash_is_named():
    found = run((crash, ()), (double, (4,)))
    assert isinstance(found[0], sandbox.Died) and found[1] == 8
    assert found[0].reason(1) == "makes the reader crash (SIGSEGV)"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know no such limit")
def test_memory_is_limited():
    assert run((balloon, ())) == {0: "no memory"}


def test_an_error_of_a_job_is_an_error_here_and_the_process_lives_on():
    with pytest.raises(ValueError, match="no such thing"):
        run((fail, ()))
    assert run((double, (1,))) == {0: 2}


def test_what_libraries_print_is_not_seen(capfd):
    assert run((speak, ())) == {0: "done"}
    assert capfd.readouterr() == ("", "")


def test_processes_end_with_the_program_that_started_them(tmp_path):
    """Killed without a chance to tidy up, the program leaves no process behind."""
    code = (
        "import sys; from classify.compute import sandbox\n"
        "from tests.compute.test_sandbox import hang, double\n"
        "if __name__ == '__main__':\n"
        "    jobs = [(double, (1,)), (double, (2,)), (hang, (2,))]\n"
        "    for number, _ in sandbox.run(jobs, 2, 2**31):\n"
        "        print(*[w.process.pid for w in sandbox._idle], flush=True)\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    root = str(Path(__file__).parent.parent.parent)
    program = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": root},
    )  # fmt: skip
    assert program.stdout is not None
    program.stdout.readline()
    tasks = Path(f"/proc/{program.pid}/task").glob("*/children")
    pids = [int(pid) for task in tasks for pid in task.read_text().split()]
    program.kill()
    program.wait()
    assert pids
    for _ in range(120):
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return
        time.sleep(0.05)
    raise AssertionError("a reading process outlived the program")
