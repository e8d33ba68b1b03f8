"""Whom to cite, in BibTeX."""

import re

from classify.report.latex import escaped
from classify.report.run_view import View


def bibtex(view: View) -> str:
    """Give what to cite: classify, this run, and the corpus where its citation is BibTeX.

    Returns
    -------
    str
        Entries for a .bib file.
    """
    run = view.run
    corpus, version, date = run["corpus"], run["classify"], run["finished"][:10]
    name = escaped(corpus["name"])
    key = re.sub(r"[^A-Za-z0-9]+", "-", corpus["name"]).strip("-").lower() or "corpus"
    software = {
        "title": "{classify}: a leak-free comparison of models for symbolic music",
        "version": escaped(version),
        "year": date[:4],
    }
    comparison = {
        "title": f"{{Comparison of {len(view.contenders)} models on {name}}}",
        "year": date[:4],
        "howpublished": f"Run of classify {escaped(version)}",
        "note": f"{date}, seed {view.seed}, corpus fingerprint {corpus['fingerprint'][:16]}",
    }
    entries = [
        _entry("software", f"classify-{version}", software),
        _entry("misc", f"{key}-{corpus['fingerprint'][:8]}", comparison),
    ]
    citation = str(corpus.get("citation") or "").strip()
    if citation.startswith("@") and citation.count("{") == citation.count("}"):
        entries.append(citation)
    return "\n\n".join(entries) + "\n"


def _entry(kind: str, key: str, fields: dict[str, str]) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])
