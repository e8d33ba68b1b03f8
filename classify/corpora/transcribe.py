"""Recordings to MIDI files, in the same folders as the recordings."""

from dataclasses import dataclass
from pathlib import Path

from classify.compute.executor import Task, TaskDied, make_executor, n_cores, task_name
from classify.corpora.walk import Skipped, hidden, relative_name, walk
from classify.errors import InputError
from classify.files import atomic_write, displayable
from classify.progress import SILENT, Progress, counting
from classify.songs import audio, midi, transcribers
from classify.songs.formats import KINDS, FileFormat, transcription


@dataclass(frozen=True)
class Transcribed:
    """The MIDI files that were written, and the recordings that could not be transcribed."""

    written: list[Path]
    skipped: list[Skipped]


def transcribe(
    source: Path,
    out: Path,
    force: bool = False,
    progress: Progress = SILENT,
    by: str = transcribers.DEFAULT,
) -> Transcribed:
    """Transcribe a recording, or every recording of a folder and the folders in it.

    Parameters
    ----------
    source : Path
        A recording or a folder.
    out : Path
        For one recording a .mid file, or the folder to put it into. For a folder a folder, in
        which each MIDI file has the place and the name of its recording in `source`.
    progress : Progress
        Counts the recordings.
    force : bool
        Replace MIDI files that exist.
    by : {"basic-pitch", "transkun"}
        What transcribes.

    Returns
    -------
    Transcribed
        Which files were written, whole each, and which recordings were not, and why.

    Raises
    ------
    InputError
        If there is no recording at `source`, two recordings would become one file, `out` cannot
        hold the files, or one of them exists and `force` is not given.
    """
    transcribers.find(by)
    plan = _plan(source, out)
    _check(plan, force)
    done = Transcribed([], [])
    kind = KINDS["audio"]
    with (
        counting(progress, f"Transcribing {source}", "recording") as count,
        make_executor(min(n_cores(), len(plan)), keep_workers=True) as executor,
    ):
        count(0, len(plan))
        of_future = {executor.submit(_task(recording, kind, by)): recording for recording in plan}
        for ended, future in enumerate(executor.as_completed(list(of_future)), 1):
            recording = of_future[future]
            try:
                data = future.result()
            except TaskDied as death:
                data = kind.why_died(death)
            if isinstance(data, str):
                done.skipped.append(Skipped(_name(recording, source), data))
            else:
                with atomic_write(plan[recording]) as temporary:
                    temporary.write_bytes(data)
                done.written.append(plan[recording])
            count(ended, len(plan))
    return Transcribed(sorted(done.written), sorted(done.skipped, key=lambda item: item.name))


def _task(recording: Path, kind: FileFormat, by: str) -> Task:
    name = task_name("transcribe", transcribers.find(by).name(), recording)
    return Task(name, transcription, (recording, kind, by), kind.memory, kind.seconds)


def _plan(source: Path, out: Path) -> dict[Path, Path]:
    """Give the file that each recording becomes."""
    expected = f"expected a recording ({', '.join(audio.ENDINGS)}) or a folder of recordings"
    if not source.exists():
        raise InputError(f"{source}: no such file or folder; {expected}")
    if not source.is_dir():
        if not _is_recording(source):
            raise InputError(f"{source}: is not a recording; {expected}")
        in_folder = out.is_dir() or out.suffix.lower() not in midi.ENDINGS
        return {source: out / f"{source.stem}.mid" if in_folder else out}
    files, _ = walk(source)
    recordings = sorted(file.path for file in files if _is_recording(file.path))
    if not recordings:
        raise InputError(f"{source}: holds no recording; {expected}")
    return {p: (out / p.relative_to(source)).with_suffix(".mid") for p in recordings}


def _is_recording(path: Path) -> bool:
    return path.suffix.lower() in audio.ENDINGS and not hidden(path.name)


def _check(plan: dict[Path, Path], force: bool) -> None:
    """Refuse what would lose a file, before minutes are spent on it."""
    recordings: dict[Path, Path] = {}
    for recording, target in plan.items():
        first = recordings.setdefault(target, recording)
        if first != recording:
            raise InputError(f"{first} and {recording} would both become {target}; rename one")
        if target.is_dir():
            raise InputError(f"{target}: is a folder, and a MIDI file would be written there")
        if target.exists() and not force:
            raise InputError(f"{target}: is there already; name another place, or give --force")
    for folder in {parent for target in plan.values() for parent in target.parents}:
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder}: is a file, and MIDI files would be put into it")


def _name(recording: Path, source: Path) -> str:
    """Name a recording for people."""
    if recording == source:
        return displayable(recording.name)
    return relative_name(recording, source)
