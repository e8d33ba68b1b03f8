"""Tasks in this process and in others, which hang, balloon or die, and what is left of the rest."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from classify.compute.executor import (
    Executor,
    Future,
    Task,
    TaskDied,
    deadline,
    emit,
    gpu_present,
    make_executor,
    task_name,
)
from classify.compute.inline import InlineExecutor
from classify.compute.local import LocalExecutor
from classify.errors import InputError

GIGABYTE = 2**30
ROOT = str(Path(__file__).parent.parent.parent)


def double(number: int) -> int:
    return 2 * number


def hang(seconds: float) -> None:
    """Loop in C, where no Python signal handler would ever run."""
    deadline(seconds)
    sum(range(10**12))


def start_and_hang(note: str) -> None:
    """Start a program that outlives its parent, unless the whole group is ended."""
    child = subprocess.Popen(["sleep", "600"])
    Path(note).write_text(str(child.pid))
    hang(0.5)


def balloon() -> str:
    try:
        return f"{len(bytearray(3 * GIGABYTE // 2)):,}"
    except MemoryError:
        return "no memory"


def use_memory() -> int:
    """Need much memory for a moment, and say which process this is."""
    assert bytearray(2 * GIGABYTE)
    return os.getpid()


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def double_or_crash(number: int) -> int:
    return crash() if number == 90 else double(number)


def fail() -> None:
    print("this went wrong")
    raise ValueError("no such thing")


def count_to(number: int) -> int:
    for step in range(1, number + 1):
        emit(f"step {step}")
    return number


def say_when(seconds: float) -> tuple[float, float]:
    begun = time.monotonic()
    time.sleep(seconds)
    return begun, time.monotonic()


def until_beside(folder: Path, name: str) -> set[str]:
    """Leave a file here until a task beside this one has, too; give all that are there then."""
    (folder / name).touch()
    until = time.monotonic() + 60
    while not (folder / "beside").exists() and time.monotonic() < until:
        time.sleep(0.02)
    there = {path.name for path in folder.iterdir() if path.name != "nvidia-smi"}
    (folder / name).unlink()
    return there


def meet(folder: Path, name: str, n_others: int) -> int:
    """Wait for others that are here at the same time; say which process this is."""
    (folder / name).touch()
    until = time.monotonic() + 60
    while len(list(folder.iterdir())) <= n_others and time.monotonic() < until:
        time.sleep(0.02)
    return os.getpid()


def crash_after(path: Path) -> None:
    while not path.exists():
        time.sleep(0.02)
    crash()


def speak() -> str:
    print("said to nobody", flush=True)
    os.write(2, b"nor this")
    return "done"


def task(function, *arguments, **limits) -> Task:
    name = task_name(function.__name__, *arguments)
    return Task(name, function, arguments, **({"memory": GIGABYTE} | limits))


@pytest.fixture
def local() -> Iterator[LocalExecutor]:
    with LocalExecutor(2) as executor:
        yield executor


@pytest.fixture(params=["inline", "local"])
def any_executor(request) -> Iterator[Executor]:
    with make_executor(2, request.param) as executor:
        yield executor


def test_results_are_the_same_wherever_tasks_run(any_executor):
    futures = [any_executor.submit(task(double, n)) for n in range(9)]
    assert {f.task.arguments[0]: f.result() for f in any_executor.as_completed(futures)} == {
        n: 2 * n for n in range(9)
    }
    assert futures[3].done and futures[3].result() == 6


def test_a_result_can_be_waited_for_before_others(any_executor):
    first, second = (any_executor.submit(task(double, n)) for n in (1, 2))
    assert second.result() == 4 and first.result() == 2


def test_what_tasks_emit_comes_in_order_and_before_the_result(any_executor):
    log: list[object] = []
    future = any_executor.submit(task(count_to, 3), lambda: log.append("begun"), log.append)
    log.append(future.result())
    assert log == ["begun", "step 1", "step 2", "step 3", 3]


def test_an_error_of_a_task_is_an_error_here_and_others_go_on(any_executor):
    failing, plain = any_executor.submit(task(fail)), any_executor.submit(task(double, 1))
    with pytest.raises(ValueError, match="no such thing"):
        failing.result()
    assert plain.result() == 2


def test_what_tasks_print_goes_to_their_log_only(any_executor, tmp_path, capsys):
    log = tmp_path / "logs" / "task.log"
    with pytest.raises(ValueError, match="no such thing"):
        any_executor.submit(task(fail, log=log)).result()
    any_executor.submit(task(double, 1)).result()
    assert log.read_text() == "this went wrong\n"
    assert capsys.readouterr() == ("", "")


def test_tasks_that_are_not_done_are_forgotten_when_the_executor_is_left(tmp_path):
    before = set(multiprocessing.active_children())  # of tests that ran in this process earlier
    for executor in (InlineExecutor(), LocalExecutor(1)):
        with executor:
            executor.submit(task(say_when, 0.2)).result()
            executor.submit(task(say_when, 600.0))
        assert set(multiprocessing.active_children()) <= before


def test_the_environment_names_the_executor(monkeypatch):
    monkeypatch.setenv("CLASSIFY_EXECUTOR", "inline")
    assert isinstance(make_executor(2), InlineExecutor)
    assert isinstance(make_executor(2, "local"), LocalExecutor)
    monkeypatch.setenv("CLASSIFY_EXECUTOR", "elsewhere")
    with pytest.raises(InputError, match="CLASSIFY_EXECUTOR=elsewhere: expected local or inline"):
        make_executor(2)


def test_a_name_depends_on_every_input():
    names = {
        task_name("fit", {"seed": 0}),
        task_name("fit", {"seed": 1}),
        task_name("fit", Path("a")),
    }
    assert len(names) == 3 and task_name({"a": 1, "b": 2}) == task_name({"b": 2, "a": 1})


# --- processes


def test_processes_are_kept_for_the_next_task_and_executor():
    pids = set()
    for _ in range(2):
        with LocalExecutor(1, keep_workers=True) as executor:
            pids |= {executor.submit(task(os.getpid)).result() for _ in range(2)}
    assert len(pids) == 1 and os.getpid() not in pids


def test_processes_are_kept_by_a_program_that_needs_much_memory_itself():
    program = """
import os
from classify.compute.local import LocalExecutor, RECYCLED_BYTES
from classify.compute.executor import Task
much = b"1" * RECYCLED_BYTES
with LocalExecutor(1) as executor:
    print(len({executor.submit(Task(str(n), os.getpid)).result() for n in range(2)}))
"""
    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "1"


def test_a_script_needs_no_guard_and_runs_once(tmp_path):
    (tmp_path / "script.py").write_text("""
import os
from classify.compute.local import LocalExecutor
from classify.compute.executor import Task
print("begun")
with LocalExecutor(1) as executor:
    print(executor.submit(Task("", abs, (-3,))).result())
""")
    program = [sys.executable, str(tmp_path / "script.py")]
    shown = subprocess.run(program, capture_output=True, text=True, check=True, timeout=60)
    assert shown.stdout.split() == ["begun", "3"]


def ended(future: Future) -> TaskDied:
    with pytest.raises(TaskDied) as caught:
        future.result()
    return caught.value


def test_a_process_that_hangs_takes_only_its_own_task_with_it(local):
    hanging = local.submit(task(hang, 0.5))
    others = [local.submit(task(double, n)) for n in range(5)]
    assert ended(hanging).signal == "SIGALRM"
    assert [other.result() for other in others] == [0, 2, 4, 6, 8]


def test_a_task_has_a_limit_of_its_own(local):
    begun = time.monotonic()
    assert ended(local.submit(task(say_when, 60, seconds=0.5))).signal == "SIGALRM"
    assert time.monotonic() - begun < 30
    assert local.submit(task(say_when, 0.0)).result()


def is_gone(pid: int, seconds: float = 6) -> bool:
    """Say whether a process ends soon."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_what_a_process_started_ends_with_it(local, tmp_path):
    ended(local.submit(task(start_and_hang, str(tmp_path / "pid"))))
    assert is_gone(int((tmp_path / "pid").read_text()))


def test_a_crash_is_named(local):
    crashing, plain = local.submit(task(crash)), local.submit(task(double, 4))
    death = ended(crashing)
    assert (death.signal, death.exit_code) == ("SIGSEGV", -signal.SIGSEGV)
    assert plain.result() == 8


def test_the_program_itself_is_a_worker_where_it_joins(tmp_path):
    """It does what needs no limits; what needs some is done elsewhere."""
    with LocalExecutor(2, joins=True) as executor:
        limited = executor.submit(task(os.getpid))
        both = [executor.submit(task(meet, tmp_path, n, 1, memory=None)) for n in "ab"]
        pids = {future.result() for future in both}
        assert os.getpid() in pids and {limited.result(), os.getpid()} == pids


def test_a_task_given_ahead_survives_the_process_that_had_it(tmp_path):
    """Nor does the program do any more tasks when one may have killed a process."""
    with LocalExecutor(2, joins=True) as executor:
        crashing = executor.submit(task(crash_after, tmp_path / "now", memory=None))
        others = [executor.submit(task(double, n, memory=None)) for n in range(3)]
        executor.submit(task(Path.touch, tmp_path / "now", memory=None))
        assert ended(crashing).signal == "SIGSEGV"
        assert [other.result() for other in others] == [0, 2, 4]
        assert executor.submit(task(os.getpid, memory=None)).result() != os.getpid()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know no such limit")
def test_memory_is_limited_task_by_task():
    with LocalExecutor(1) as executor:
        assert executor.submit(task(balloon)).result() == "no memory"
        assert executor.submit(task(balloon, memory=None)).result() == f"{3 * GIGABYTE // 2:,}"


def test_a_process_that_needed_much_memory_is_not_used_again():
    with LocalExecutor(1) as executor:
        first = executor.submit(task(use_memory, memory=None)).result()
        assert executor.submit(task(os.getpid)).result() != first


@pytest.fixture
def with_gpu(tmp_path, monkeypatch) -> None:
    """A machine on which NVIDIA's program is installed, as on those that have a GPU."""
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_a_gpu_is_looked_for_without_waking_a_framework(with_gpu, monkeypatch):
    assert gpu_present()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert not gpu_present()


def test_tasks_that_use_the_gpu_run_one_at_a_time(with_gpu, local, tmp_path):
    names = ["one", "other"]
    futures = [local.submit(task(until_beside, tmp_path, name, gpu=True)) for name in names]
    local.submit(task(Path.touch, tmp_path / "beside"))
    assert [future.result() for future in futures] == [{name, "beside"} for name in names]


def test_what_libraries_print_is_not_seen(local, capfd):
    assert local.submit(task(speak)).result() == "done"
    assert capfd.readouterr() == ("", "")


SCRIPT = """
import multiprocessing, time
from classify.compute.local import LocalExecutor
from tests.compute.test_executors import double, hang, task
if __name__ == "__main__":
    with LocalExecutor(2) as executor:
        print(executor.submit(task(double, 1)).result(), flush=True)
        futures = [executor.submit(task(hang, 60.0)), executor.submit(task(double, 2))]
        for future in executor.as_completed(futures):
            print(*[p.pid for p in multiprocessing.active_children()], flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_processes_end_with_the_program_that_started_them(tmp_path, how):
    """Killed without a chance to tidy up, or by Ctrl-C, the program leaves no process behind."""
    (tmp_path / "script.py").write_text(SCRIPT)
    program = subprocess.Popen(
        [sys.executable, str(tmp_path / "script.py")],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=os.environ | {"PYTHONPATH": ROOT},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    assert program.stdout is not None
    program.stdout.readline()
    pids = [int(pid) for pid in program.stdout.readline().split()]
    program.send_signal(how)
    program.wait()
    assert pids and all(is_gone(pid) for pid in pids)
