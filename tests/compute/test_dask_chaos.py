"""A site of three workers on which everything goes wrong: same results, or one clear sentence."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import dask
import pandas as pd
import pytest

from classify.compute.dask import DaskExecutor
from classify.compute.executor import Task, TaskDied, on_cluster, task_name
from classify.compute.inline import InlineExecutor
from classify.compute.local import LocalExecutor
from classify.errors import InputError
from classify.experiments import comparison
from classify.experiments.results import PREDICTIONS, SCORES_FILE
from classify.experiments.settings import Settings
from classify.files import DiskFull, atomic_write
from classify.generation import comparison as generators
from classify.generation.parts import ComparisonSettings
from tests.compute.sites import ROOT, site
from tests.compute.test_executors import GIGABYTE, double, ended, is_gone, task
from tests.conftest import write_corpus, write_song

pytestmark = pytest.mark.slow

SETTINGS = {"models": "knn,logistic", "window": 16, "folds": 3, "quick": True}


def write_late(path: str, seconds: float, text: str) -> str:
    """Leave a file as tasks do, some time later."""
    time.sleep(seconds)
    Path(path).write_text(text)
    return text


def balloon_slowly() -> None:
    held = []
    for _ in range(40):
        held.append(bytearray(GIGABYTE // 20))
        time.sleep(0.1)


def write_to_full_disk(path: str) -> None:
    with atomic_write(Path(path)), Path("/dev/full").open("w") as full:
        full.write("more")


def say_pid_and_wait(note: str) -> None:
    Path(note).write_text(str(os.getpid()))
    time.sleep(600)


def late(number: int, folder: Path, seconds: float = 0.4) -> Task:
    arguments = str(folder / f"{number}.txt"), seconds, f"result {number}"
    return Task(task_name(*arguments), write_late, arguments)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """A corpus, and a comparison on it that nothing disturbed."""
    place = tmp_path_factory.mktemp("reference")
    songs = write_corpus(place / "songs")
    settings = Settings.of(songs, SETTINGS | {"leak": True, "learning_curve": True})
    with InlineExecutor() as executor:
        return settings, comparison.compare(settings, place / "run", executor=executor)


def same(one: Path, other: Path) -> bool:
    return all(
        (one / file).read_bytes() == (other / file).read_bytes()
        for file in (PREDICTIONS, SCORES_FILE)
    )


# --- the same wherever it runs


@pytest.fixture
def certificates(tmp_path) -> dict[str, str]:
    """A certificate of this machine's own, as Dask is told of it."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return {"key": str(key), "cert": str(certificate)}


def without_times(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path)
    if "measure" in table:
        return table[(table.measure != "seconds") & (table.of != "seconds")].reset_index(drop=True)
    return table[[name for name in table if "seconds" not in name]]


def test_results_are_the_same_on_three_workers_over_tls(reference, certificates, tmp_path):
    settings, whole = reference
    key, cert = certificates["key"], certificates["cert"]
    tls = "distributed.comm.tls"
    told = {f"{tls}.ca-file": cert, f"{tls}.client.cert": cert, f"{tls}.client.key": key}
    options = ["--tls-ca-file", cert, "--tls-cert", cert, "--tls-key", key, "--protocol", "tls"]
    asked = ComparisonSettings(
        str(write_corpus(tmp_path / "more", per_class=10)),
        ("copy", "unigram"), songs=3, judge="features-logistic", window=16, quick=True,
    )  # fmt: skip
    with dask.config.set(told), site(tmp_path / "site", 3, options=options) as there:
        assert '"tls://' in Path(there.file).read_text()
        executors = {
            "local": lambda: LocalExecutor(2),
            "local:2": lambda: DaskExecutor("local:2"),
            "tls": lambda: DaskExecutor(there.file),
        }
        for name, executor in executors.items():
            with executor() as ours:
                run = comparison.compare(settings, tmp_path / name, executor=ours)
            assert same(run, whole)
            made = generators.compare(asked, tmp_path / f"made-{name}", executor=executor())
            for table in (generators.TABLE, generators.MEASURES):
                first = without_times(tmp_path / "made-local" / table)
                pd.testing.assert_frame_equal(without_times(made / table), first, check_exact=True)
        strangers = dict.fromkeys(told)
        with (
            dask.config.set(strangers),
            pytest.raises(InputError, match="no scheduler can be reached there"),
        ):
            on_cluster(there.file, None, tmp_path)


def test_a_network_is_the_same_on_a_cluster(reference, tmp_path):
    wanted = {"models": "nn3", "window": 16, "quick": True, "epochs": 1}
    settings = Settings.of(reference[0].corpus, wanted)
    for name, executor in (("local", LocalExecutor(1)), ("dask", DaskExecutor("local:1"))):
        with executor:
            comparison.compare(settings, tmp_path / name, executor=executor)
    assert same(tmp_path / "local", tmp_path / "dask")


# --- deaths


def kill_now_and_then(there, moments: int, ended: threading.Event) -> None:
    draw = random.Random(moments)
    for _ in range(moments):
        if ended.wait(draw.uniform(0.2, 1.5)):
            return
        pids = there.worker_pids()
        if pids:
            os.kill(draw.choice(pids), signal.SIGKILL)


def test_workers_killed_at_twenty_random_moments_change_no_result(tmp_path):
    with site(tmp_path / "site", 3) as there, DaskExecutor(there.file) as executor:
        futures = [executor.submit(late(n, tmp_path)) for n in range(90)]
        over = threading.Event()
        killer = threading.Thread(target=kill_now_and_then, args=(there, 20, over))
        killer.start()
        outcomes = {}
        for future in executor.as_completed(futures):
            try:
                outcomes[future.task.name] = future.result()
            except TaskDied as death:
                assert "workers that it ran on were lost" in str(death)
        over.set()
        killer.join()
        killed = 20
    assert len(outcomes) >= 90 - killed // 4
    assert all(
        (tmp_path / f"{text.split()[1]}.txt").read_text() == text for text in outcomes.values()
    )


def test_a_comparison_whose_workers_are_killed_gives_the_same_tables(reference, tmp_path):
    settings, whole = reference
    with site(tmp_path / "site", 3) as there:
        over = threading.Event()
        killer = threading.Thread(target=kill_now_and_then, args=(there, 6, over))
        killer.start()
        with DaskExecutor(there.file, folder=tmp_path) as executor:
            run = comparison.compare(settings, tmp_path / "run", executor=executor)
        over.set()
        killer.join()
    assert same(run, whole)


def test_a_task_that_kills_every_worker_costs_that_task_alone(tmp_path):
    with site(tmp_path / "site", 2) as there, DaskExecutor(there.file) as executor:
        poison = executor.submit(Task("poison", end_worker))
        others = [executor.submit(late(n, tmp_path)) for n in range(12)]
        assert [other.result() for other in others] == [f"result {n}" for n in range(12)]
        assert "workers that it ran on were lost, one after another" in str(ended(poison))


def test_what_kills_workers_costs_itself_alone_among_many_short_tasks(tmp_path):
    with site(tmp_path / "site", 2) as there, DaskExecutor(there.file) as executor:
        executor.submit(task(double_or_end_worker, 0)).result()
        futures = [executor.submit(task(double_or_end_worker, n)) for n in range(1, 100)]
        deadly = futures.pop(49)
        assert [future.result() for future in futures] == [
            2 * n for n in range(1, 100) if n != 50
        ]  # fmt: skip
        assert "workers that it ran on were lost, one after another" in str(ended(deadly))


def double_or_end_worker(number: int) -> int:
    return end_worker() if number == 50 else double(number)


def end_worker() -> None:
    """End the worker beside which the task runs."""
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(600)


def test_a_worker_that_hangs_loses_its_task_to_another(tmp_path):
    ttl = {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "5 s"}
    with site(tmp_path / "site", 3, settings=ttl) as there, DaskExecutor(there.file) as executor:
        hanging = there.worker_pids()[0]
        futures = [executor.submit(late(n, tmp_path)) for n in range(6)]
        os.kill(hanging, signal.SIGSTOP)
        assert [future.result() for future in futures] == [f"result {n}" for n in range(6)]


def test_a_task_that_needs_too_much_memory_is_ended_alone(tmp_path):
    with site(tmp_path / "site", 2, "--memory-limit", "600MB") as there:
        pids = there.worker_pids()
        with DaskExecutor(there.file) as executor:
            greedy = executor.submit(task(balloon_slowly, memory=None))
            assert executor.submit(task(double, 2)).result() == 4
            assert ended(greedy).signal == "SIGKILL"
        assert sorted(there.worker_pids()) == sorted(pids)


# --- the scheduler, and the client


def classify(*arguments: str | Path, folder: Path, **how) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "classify", *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "CLASSIFY_EXECUTOR": "local"}, cwd=folder,
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how,
    )  # fmt: skip


def test_a_run_goes_on_after_its_scheduler_was_restarted(reference, tmp_path):
    settings, whole = reference
    arguments = ["compare", settings.corpus, "--models", "knn,logistic", "--window", "16",
                 "--folds", "3", "--quick", "--leak", "--learning-curve", "--out", "run",
                 "--cluster", "site/scheduler.json"]  # fmt: skip
    with site(tmp_path / "site", 3) as there:
        run = classify(*arguments, folder=tmp_path)
        while not list((tmp_path / "run" / "models").glob("*/*/fit.json")) and run.poll() is None:
            time.sleep(0.1)
        there.stop()
        said = run.communicate(timeout=120)[1]
        assert run.returncode == 2 and "Traceback" not in said
        assert "the connection to the scheduler was lost" in said.splitlines()[-1]
        there.start(3)
        run = classify(*arguments, folder=tmp_path)
        said = run.communicate(timeout=600)[1]
        assert run.returncode == 0, said
        assert "fits are done already" in said
    assert same(tmp_path / "run", whole)


SCRIPT = """
import sys
from pathlib import Path
from classify.compute.dask import DaskExecutor
from classify.compute.executor import Task
from tests.compute.test_dask_chaos import say_pid_and_wait
with DaskExecutor(sys.argv[1]) as executor:
    executor.submit(Task("wait", say_pid_and_wait, (sys.argv[2],))).result()
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("local", [False, True])
def test_a_client_that_is_stopped_leaves_no_task(tmp_path, how, local):
    note = tmp_path / "pid"
    (tmp_path / "script.py").write_text(SCRIPT)
    with site(tmp_path / "site", 1) as there:
        cluster = "local:1" if local else there.file
        client = subprocess.Popen(
            [sys.executable, tmp_path / "script.py", cluster, note],
            env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )  # fmt: skip
        while not note.is_file() or not note.read_text():
            assert client.poll() is None
            time.sleep(0.1)
        client.send_signal(how)
        client.wait(timeout=30)
        assert is_gone(int(note.read_text()), 60)


def alive(group: int) -> list[str]:
    """Name the processes of a group that have not ended."""
    shown = subprocess.run(["ps", "-eo", "pgid,stat,args"], capture_output=True, text=True)
    rows = [line.split(maxsplit=2) for line in shown.stdout.splitlines()[1:]]
    return [args for pgid, state, args in rows if int(pgid) == group and state[0] != "Z"]


def test_ctrl_c_at_a_terminal_is_one_line_and_leaves_no_process(reference, tmp_path):
    settings, _ = reference
    run = classify("compare", settings.corpus, "--models", "features-vote", "--window", "16",
                   "--folds", "3", "--out", "run", "--cluster", "local:2", folder=tmp_path,
                   start_new_session=True)  # fmt: skip
    while not list((tmp_path / "run").glob("work/folds.npz")):
        assert run.poll() is None
        time.sleep(0.1)
    time.sleep(3)
    assert len(alive(run.pid)) >= 3
    os.killpg(run.pid, signal.SIGINT)
    said = run.communicate(timeout=60)[1]
    assert run.returncode == 130 and "Traceback" not in said and "ERROR" not in said
    assert said.rstrip().endswith("the same command goes on from there.")
    until = time.monotonic() + 20
    while alive(run.pid) and time.monotonic() < until:
        time.sleep(0.2)
    assert not alive(run.pid)


def test_a_prediction_whose_scheduler_is_lost_goes_on_elsewhere(trained, tmp_path):
    for number in range(1500):
        write_song(tmp_path / "library" / f"{number:04d}.mid", number)
    command = ["predict", trained, "library", "--cluster"]
    with site(tmp_path / "site", 2) as there:
        run = classify(*command, there.file, "--out", "moods.parquet", folder=tmp_path)
        while not list(tmp_path.glob(".moods.parquet.parts/*.json")):
            assert run.poll() is None
            time.sleep(0.05)
        there.stop()
        said = run.communicate(timeout=120)[1]
        assert run.returncode == 2 and "the connection to the scheduler was lost" in said
    parts = {path: path.stat().st_mtime_ns for path in tmp_path.glob(".*.parts/*.json")}
    assert len(parts) < 15 and not (tmp_path / "moods.parquet").exists()
    for out in ("moods.parquet", "again.parquet"):
        run = classify(*command, "local:2", "--out", out, folder=tmp_path)
        assert run.communicate(timeout=120) and run.returncode == 0
    assert (tmp_path / "moods.parquet").read_bytes() == (tmp_path / "again.parquet").read_bytes()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
def test_a_full_disk_on_a_worker_is_one_sentence(tmp_path):
    with site(tmp_path / "site", 1) as there, DaskExecutor(there.file) as executor:
        full = executor.submit(Task("full", write_to_full_disk, (str(tmp_path / "file"),)))
        with pytest.raises(DiskFull, match="no space is left on its disk"):
            full.result()


# --- GPUs


def worker_name() -> str:
    """Name the worker beside which the task runs, by the environment that it was given."""
    time.sleep(0.3)
    return os.environ.get("CUDA_VISIBLE_DEVICES", "none")


def test_tasks_that_use_gpus_go_to_workers_that_have_one(tmp_path):
    with site(tmp_path / "site", 1) as there:
        there.add_workers(1, "--resources", "GPU=1", CUDA_VISIBLE_DEVICES="3")
        with DaskExecutor(there.file) as executor:
            networks = [executor.submit(Task(f"{n}", worker_name, gpu=True)) for n in range(4)]
            others = [executor.submit(Task(f"{n}", worker_name)) for n in range(8)]
            assert {one.result() for one in networks} == {"3"}
            assert "none" in {one.result() for one in others}
