"""Tasks on a Dask cluster of two workers on this machine: what executors promise, and refusals."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from classify.cli.main import main
from classify.compute.dask import DaskExecutor
from classify.compute.dask.site import check_disk, check_workers, connected, versions
from classify.compute.executor import Task, on_cluster
from classify.compute.inline import InlineExecutor
from classify.errors import InputError
from classify.experiments import comparison
from classify.experiments.results import PREDICTIONS, SCORES_FILE
from classify.experiments.settings import Settings
from tests.compute.test_executors import (  # noqa: F401  what every executor promises
    balloon,
    crash,
    double,
    double_or_crash,
    ended,
    hang,
    task,
    test_a_result_can_be_waited_for_before_others,
    test_an_error_of_a_task_is_an_error_here_and_others_go_on,
    test_results_are_the_same_wherever_tasks_run,
    test_what_tasks_emit_comes_in_order_and_before_the_result,
    test_what_tasks_print_goes_to_their_log_only,
)
from tests.conftest import write_corpus


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Address of a cluster, as a program finds one."""
    with connected("local:2") as client:
        yield client.scheduler.address


@pytest.fixture
def any_executor(scheduler) -> Iterator[DaskExecutor]:
    with DaskExecutor(scheduler) as executor:
        yield executor


def test_a_task_that_dies_costs_itself_and_no_worker(any_executor):
    dying = [any_executor.submit(task(crash)), any_executor.submit(task(hang, 0.3))]
    limited = any_executor.submit(task(balloon))
    assert any_executor.submit(task(double, 4)).result() == 8
    assert limited.result() == "no memory"
    assert [ended(one).signal for one in dying] == ["SIGSEGV", "SIGALRM"]


def test_many_short_tasks_travel_together_and_die_alone(any_executor):
    any_executor.submit(task(double_or_crash, 0)).result()  # so long do they take
    futures = [any_executor.submit(task(double_or_crash, n)) for n in range(1, 150)]
    values = {}
    for future in any_executor.as_completed(futures):
        if future is futures[89]:
            assert ended(future).signal == "SIGSEGV"
        else:
            values[future.task.arguments[0]] = future.result()
    assert values == {n: 2 * n for n in range(1, 150) if n != 90}
    assert any_executor._number < 75  # journeys


def test_relative_paths_lead_to_the_files_of_the_client(scheduler, tmp_path, monkeypatch):
    (tmp_path / "note.txt").write_text("here")
    monkeypatch.chdir(tmp_path)
    with DaskExecutor(scheduler, folder=Path("results")) as executor:
        assert executor.submit(Task("note", Path.read_text, (Path("note.txt"),))).result() == "here"
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]  # no probe is left


def test_at_most_so_many_tasks_are_sent_at_once(scheduler):
    with DaskExecutor(scheduler, n_workers=1) as executor:
        futures = [executor.submit(task(double, n)) for n in range(3)]
        assert executor.n_workers == 1 and len(executor._running) == 1
        assert [future.result() for future in futures] == [0, 2, 4]


def test_a_comparison_is_the_same_byte_for_byte_on_a_cluster(scheduler, tmp_path):
    settings = Settings.of(
        write_corpus(tmp_path / "songs"),
        {"models": "knn", "window": 16, "quick": True},
    )
    for name, executor in (("inline", InlineExecutor()), ("dask", DaskExecutor(scheduler, 1))):
        with executor:
            comparison.compare(settings, tmp_path / name, executor=executor)
    for file in (PREDICTIONS, SCORES_FILE):
        assert (tmp_path / "inline" / file).read_bytes() == (tmp_path / "dask" / file).read_bytes()


# --- refusals


def refusal(cluster: str, folder: Path = Path()) -> str:
    with pytest.raises(InputError) as refused, on_cluster(cluster, None, folder):
        pass
    return str(refused.value)


def test_what_is_no_cluster_is_refused_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("classify.compute.dask.site.CONNECTING", 0.5)
    assert "expected tcp://HOST:PORT, tls://HOST:PORT" in refusal("spark://here")
    assert "expected local:N with N from 1 to" in refusal("local:none")
    assert "no scheduler can be reached there" in refusal("tcp://127.0.0.1:1")
    assert "no scheduler can be reached there" in refusal("tls://127.0.0.1:1")
    assert "is no scheduler file" in refusal(str(tmp_path / "scheduler.json"))
    (tmp_path / "scheduler.json").write_text("[]")
    assert "is no scheduler file" in refusal(str(tmp_path / "scheduler.json"))


def test_without_dask_the_extra_is_named():
    program = """
import sys
from pathlib import Path
from classify.compute.executor import on_cluster
from classify.errors import InputError
sys.modules["distributed"] = None
try:
    on_cluster("local:2", None, Path())
except InputError as refused:
    print(refused)
"""
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "distributed is not installed; pip install 'classify[cluster]'" in shown.stdout


def test_workers_with_other_versions_are_refused(scheduler):
    with connected(scheduler) as client:
        check_workers(client, versions())
        with pytest.raises(InputError, match=r"worker tcp://.*: has numpy .*, and .* 1.0"):
            check_workers(client, versions() | {"numpy": "1.0"})
        with pytest.raises(InputError, match=r"has no magenta \(2 here\)"):
            check_workers(client, versions() | {"magenta": "2"})


def test_a_worker_that_joins_late_is_asked_for_its_versions_too(scheduler):
    with DaskExecutor(scheduler) as executor:
        executor._versions = executor._versions | {"keras": "0.1"}
        with pytest.raises(InputError, match=r"worker tcp://.*: has keras .*, and .* 0.1"):
            executor.submit(task(double, 1)).result()


def test_a_disk_that_cannot_be_written_to_is_refused(scheduler, tmp_path):
    with connected(scheduler) as client:
        assert check_disk(client, tmp_path / "runs" / "one") < 10
        with pytest.raises(InputError, match=r"/proc: cannot be written to"):
            check_disk(client, Path("/proc/none"))
    assert not list(tmp_path.iterdir())


def test_dask_is_silent(scheduler):
    assert logging.getLogger("distributed.client").level == logging.CRITICAL


def test_the_doctor_names_workers_versions_and_the_disk(scheduler, tmp_path, capsys):
    assert main(["doctor", "--cluster", scheduler, "--out", str(tmp_path / "runs")]) == 0
    first, *workers, disk = capsys.readouterr().out.splitlines()
    assert f"{scheduler}: 2 workers, 2 tasks at once" in first and "dashboard at http" in first
    assert all("GB a task" in one and "the same versions as here" in one for one in workers)
    assert len(workers) == 2 and disk.startswith(f"{tmp_path / 'runs'}: what all workers wrote")
    assert main(["doctor", "--cluster", scheduler, "--out", "/proc/none"]) == 1
    assert "/proc: cannot be written to" in capsys.readouterr().out
