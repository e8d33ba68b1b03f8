"""Templates and pictures to files: the part that every page shares."""

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from classify.files import write_text

HERE = Path(__file__).parent


def write_page(
    file: Path, name: str, context: dict[str, Any], pictures: Mapping[str, Path]
) -> Path:
    """Write a page as one HTML file that needs no network, and as Markdown beside it.

    Parameters
    ----------
    file : Path
        The HTML file.
    name : str
        Of the templates: `<name>.html.jinja` and `<name>.md.jinja`.
    context : dict
        What the templates know.
    pictures : mapping of str to Path
        SVG files by the name that the templates know them by, as `pictures.<name>`.

    Returns
    -------
    Path
        The HTML file.
    """
    write_text(file.with_suffix(".md"), render(f"{name}.md.jinja", context, html=False))
    embedded = {picture: _data_uri(path) for picture, path in pictures.items()}
    style = (HERE / "style.css").read_text(encoding="utf-8")
    page = render(f"{name}.html.jinja", context | {"pictures": embedded, "style": style}, html=True)
    write_text(file, page)
    return file


def render(template: str, context: dict[str, Any], *, html: bool) -> str:
    """Fill a template; in HTML every text is escaped, in Markdown where `cell` is asked for."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=html,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = _markdown_cell
    environment.filters["tied"] = _tied
    return environment.get_template(template).render(context)


def _markdown_cell(text: str) -> str:
    """Keep a name from being read as Markdown or as the end of a cell."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", " ".join(text.split()))


def _tied(text: str) -> str:
    """Keep the end of a line from parting a number from its unit, or p from its value."""
    return re.sub(r"(?<=\d) (?=%)|(?<=\bp) (?=[.<1])|(?<=[<>]) (?=\d)", "\u00a0", text)


def _data_uri(path: Path) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
