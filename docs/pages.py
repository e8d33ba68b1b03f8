"""Pages that are made and not written: the notebooks, the commands' help, the gallery.

All of it is taken from the tree at every build, so a renamed command or a new section of the report
needs no change here.
"""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "results" / "reference" / "folk"

#: Figures of one section of the report that the gallery shows: one of each kind is enough.
SHOWN = 2

#: How `classify --help` lists a command: its name, then what it does, there or on the next line.
COMMAND = re.compile(r"^[\s│]{2,}([a-z][a-z-]*)(?:\s{2,}|[\s│]*$)", re.MULTILINE)


def make_all(folder: Path) -> None:
    """Write all made pages anew into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    make_commands(folder / "commands.md")
    make_gallery(folder)


def make_commands(page: Path) -> None:
    """Write what every command says of itself."""
    parts = [f"```text\n{_help()}\n```\n"]
    for command in _commands():
        parts.append(f"## classify {' '.join(command)}\n\n```text\n{_help(*command)}\n```\n")
    page.write_text("\n".join(parts), encoding="utf-8")


def _commands(*above: str) -> list[tuple[str, ...]]:
    """Name every command; one that has commands of its own is followed by those."""
    names = dict.fromkeys(COMMAND.findall(_help(*above)))
    commands = [(*above, name) for name in names if _help(*above, name)]
    if above:
        return commands
    return [deep for command in commands for deep in (command, *_commands(*command))]


def _help(*command: str) -> str:
    """Give a command's help, or nothing where there is no such command."""
    plain = {"COLUMNS": "92", "NO_COLOR": "1", "TERM": "dumb", "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-m", "classify", *command, "--help"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | plain,
    )
    return "" if ran.returncode else ran.stdout.strip()


@dataclass
class Figures(HTMLParser):
    """The embedded figures of a report, by the heading above them: (alt text, SVG)."""

    sections: dict[str, list[tuple[str, bytes]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self._heading, self._inside = "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a figure, or begin a heading."""
        if tag in ("h1", "h2"):
            self._heading, self._inside = "", True
        source = dict(attrs).get("src") or ""
        if tag == "img" and source.startswith("data:image/svg+xml;base64,"):
            picture = base64.b64decode(source.split(",", 1)[1])
            figures = self.sections.setdefault(self._heading.strip(), [])
            figures.append((dict(attrs).get("alt") or "", picture))

    def handle_endtag(self, tag: str) -> None:
        """End a heading."""
        if tag in ("h1", "h2"):
            self._inside = False

    def handle_data(self, data: str) -> None:
        """Read a heading."""
        if self._inside:
            self._heading += data


def make_gallery(folder: Path) -> None:
    """Write the reference run's report, and a page with its figures and those of the notebooks."""
    pictures = folder / "pictures"
    pictures.mkdir()
    lines = ["## A report\n"]
    for heading, figures in _report_figures(folder / "report").items():
        lines.append(f"### {heading}\n")
        for number, (alt, svg) in enumerate(figures[:SHOWN]):
            name = f"{_slug(heading)}-{number}.svg"
            (pictures / name).write_bytes(svg)
            lines.append(_figure(name, alt))
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        lines += _notebook_figures(notebook, pictures)
    (folder / "gallery.md").write_text("\n".join(lines), encoding="utf-8")


def _report_figures(site: Path) -> dict[str, list[tuple[str, bytes]]]:
    """Make the report of the reference run, keep it for the site, and read its figures."""
    from classify import load_run

    site.mkdir()
    with TemporaryDirectory() as scratch:
        run = shutil.copytree(REFERENCE, Path(scratch) / REFERENCE.name)
        text = load_run(run).report().read_text(encoding="utf-8")
    (site / "example-report.html").write_text(text, encoding="utf-8")
    figures = Figures()
    figures.feed(text)
    return figures.sections


def _notebook_figures(path: Path, pictures: Path) -> list[str]:
    """Take a notebook's pictures, with their alternative texts."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    title = "".join(notebook["cells"][0]["source"]).splitlines()[0].removeprefix("# ")
    lines = [f"## [{title}](_generated/notebooks/{path.name})\n"]
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    for number, output in enumerate(outputs):
        for kind, ending in (("image/png", "png"), ("image/svg+xml", "svg")):
            if kind in output.get("data", {}):
                content = "".join(output["data"][kind])
                name = f"{path.stem}-{number}.{ending}"
                content_bytes = base64.b64decode(content) if ending == "png" else content.encode()
                (pictures / name).write_bytes(content_bytes)
                lines.append(_figure(name, output["metadata"][kind]["alt"]))
    return lines


def _figure(name: str, alt: str) -> str:
    """Write a picture as MyST does, with its alternative text as caption."""
    text = " ".join(unescape(alt).split())
    options = f":alt: {text}\n:figclass: gallery"
    return f":::{{figure}} /_generated/pictures/{name}\n{options}\n\n{text}\n:::\n"


def _slug(text: str) -> str:
    return re.sub(r"\W+", "-", text.lower()).strip("-")
