"""Execute all notebooks in place, from fresh kernels: python -m tests.notebooks.

Run it whenever the reference runs were made again, since the notebooks are kept with their
outputs.
"""

import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

#: What is kept of a notebook's metadata; the rest says on which machine it ran.
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

#: Seconds that a cell, or the start of a kernel, may take: the machine may be busy, and a corpus
#: may have to be made first.
LONGEST = 300


def executed(path: Path, scratch: Path) -> nbformat.NotebookNode:
    """Run all cells of a notebook in a fresh kernel, in the notebook's folder.

    Parameters
    ----------
    path : Path
        The notebook; it is not written to.
    scratch : Path
        Folder for what IPython keeps, so that nobody's own settings count.

    Returns
    -------
    NotebookNode
        With the outputs.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=LONGEST,
        startup_timeout=LONGEST,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute(env=os.environ | {"IPYTHONDIR": str(scratch), "MPLBACKEND": "agg"})
    notebook.metadata = nbformat.from_dict(METADATA)
    return notebook


if __name__ == "__main__":
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        os.environ["CLASSIFY_CACHE"] = folder  # what other versions said of files is not repeated
        for notebook in NOTEBOOKS:
            nbformat.write(executed(notebook, Path(folder)), notebook)
            print(f"{notebook.relative_to(ROOT)}: {notebook.stat().st_size / 1024:.0f} KB")
