"""Blocks to LaTeX: the tables that have a label, for a paper.

Names of corpora, classes and models are the user's and may hold any character, so every text is
escaped. The tables need the package booktabs and nothing else; names in other than Latin letters
need LuaLaTeX or XeLaTeX.
"""

import re
from collections.abc import Iterable, Sequence

from classify.report.blocks import Block, Cell, Table, walk

SPECIAL = {character: f"\\{character}" for character in "&%$#_"} | {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",  # not \{, which BibTeX counts as an open brace
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    "|": r"\textbar{}",
    "–": "--",
    "−": "$-$",
    "×": r"$\times$",
    "…": r"\ldots{}",
}


def escaped(text: str) -> str:
    """Write any text so that LaTeX and BibTeX print it as it is.

    White space of any kind becomes one blank; other control characters, which LaTeX cannot print,
    are left out.
    """
    plain = "".join(c for c in " ".join(text.split()) if c.isprintable())
    return "".join(SPECIAL.get(character, character) for character in plain)


def tables(blocks: Iterable[Block], corpus: str, protocol: str) -> str:
    """Write all tables with a label; captions begin with the corpus and end with the protocol."""
    parts = ["% \\usepackage{booktabs}"]
    for block in walk(blocks):
        if isinstance(block, Table) and block.label:
            parts.append(_table(block, f"{corpus} {block.caption} {protocol}"))
    return "\n\n".join(parts) + "\n"


def _table(table: Table, caption: str) -> str:
    """Lay out a table: the first column to the left, the others to the right."""
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_text(caption)}}}",
            rf"\label{{{table.label}}}",
            rf"\begin{{tabular}}{{l{'r' * (len(table.columns) - 1)}}}",
            r"\toprule",
            _row([_text(column.title) for column in table.columns]),
            r"\midrule",
            *(_row([_cell(cell) for cell in cells]) for cells in table.cells),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _cell(cell: Cell) -> str:
    text = escaped(f"{cell.text} ({cell.small})" if cell.small else cell.text)
    return rf"\multicolumn{{{cell.span}}}{{l}}{{{text}}}" if cell.span > 1 else text


def _text(text: str) -> str:
    """Escape a sentence, with a thin space between a number and its percent sign."""
    return re.sub(r"(?<=\d) \\%", r"\\,\\%", escaped(text))
