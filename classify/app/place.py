"""Where the page keeps things: one folder, which can be moved or deleted as a whole."""

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

#: Names another folder than the user's data folder.
VARIABLE = "CLASSIFY_APP_DATA"


@dataclass(frozen=True)
class Place:
    """A folder, and what lies where in it.

    Parameters
    ----------
    folder : Path
        The folder.
    """

    folder: Path

    @classmethod
    def of(cls, folder: str | Path = "") -> "Place":
        """Take a folder that is named, or the user's own; make it, for its owner alone."""
        named = folder or os.environ.get(VARIABLE) or platformdirs.user_data_dir("classify")
        place = cls(Path(named).expanduser().absolute())
        place.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return place

    @property
    def database(self) -> Path:
        """The SQLite file of everything that was said."""
        return self.folder / "page.sqlite"

    @property
    def password(self) -> Path:
        """The hash of the password that lets other machines in, where one was chosen."""
        return self.folder / "password"

    @property
    def models(self) -> Path:
        """Trained models and generators, a folder each."""
        return self.folder / "models"

    @property
    def uploads(self) -> Path:
        """Files that were dropped onto the page, a folder for each library."""
        return self.folder / "uploads"

    @property
    def generated(self) -> Path:
        """New songs."""
        return self.folder / "generated"

    @property
    def maps(self) -> Path:
        """Where songs lie in the spaces of composers, and maps of libraries."""
        return self.folder / "maps"

    @property
    def runs(self) -> Path:
        """Comparisons."""
        return self.folder / "runs"

    @property
    def work(self) -> Path:
        """What a job needs while it runs."""
        return self.folder / "work"

    @property
    def log(self) -> Path:
        """What the processes of jobs wrote that was meant for nobody."""
        return self.folder / "jobs.log"
