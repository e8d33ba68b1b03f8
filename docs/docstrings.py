"""Docstrings to reStructuredText: they are written to be read in a terminal.

There, `*songs` is an argument, `names_` an attribute and an indented block a piece of code; in
reStructuredText the first begins an emphasis, the second is a link and the third a quotation.
"""

import re

#: What is left as it is: code in backticks.
CODE = re.compile(r"(`+[^`]+`+)")

#: A heading of Keras's docstrings, and the one of numpydoc's that says the same.
KERAS, NUMPYDOC = ("Call arguments", "--------------"), ("Other Parameters", "----------------")

#: Characters that mean something to reStructuredText outside code.
SPECIAL = re.compile(r"(?<!\\)[*|]|(?<=\w)_(?=\W|$)")

#: Code that is followed by a letter.
GLUED = re.compile(r"(?<![\w`])(`[^`]+`)(?=\w)")

EXAMPLE = re.compile(r"\s*(>>>|\.\.\.) ?")

#: Packages whose members are described; what they import from elsewhere is not.
OURS = ("classify",)

#: Methods that scikit-learn adds to every estimator.
ADDED = re.compile(r"set_\w+_request|get_metadata_routing")


def is_not_ours(app, what, name, obj, skip, options) -> bool | None:
    """Leave out what a module or a class has from another library; None keeps Sphinx's choice."""
    module = getattr(obj, "__module__", None)
    elsewhere = isinstance(module, str) and module.split(".")[0] not in OURS
    return True if elsewhere or ADDED.fullmatch(name) else None


def as_restructured_text(app, what, name, obj, options, lines: list[str]) -> None:
    """Escape what is no markup in a docstring, and mark its indented code; in place."""
    headings = dict(zip(KERAS, NUMPYDOC, strict=True)) if KERAS[0] in lines else {}
    lines[:] = [headings.get(line, _escaped(line)) for line in _with_code_blocks(lines)]


def _escaped(line: str) -> str:
    if EXAMPLE.match(line) or line.lstrip().startswith((".. ", ":")):
        return line
    parts = [
        part if part.startswith("`") else SPECIAL.sub(r"\\\g<0>", part) for part in CODE.split(line)
    ]
    return GLUED.sub(r"\1\\ ", "".join(parts))  # an escaped space is none


def _with_code_blocks(lines: list[str]) -> list[str]:
    """Put `::` before a block that is indented by four after a blank line below plain text."""
    marked: list[str] = []
    before = ""
    for line in lines:
        opens = line.startswith("    ") and marked and not marked[-1].strip()
        if opens and before and not before.startswith((" ", "..")):
            marked += ["::", ""]
        if line.strip():
            before = line
        marked.append(line)
    return marked
