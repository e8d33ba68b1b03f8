"""The page's texts in the languages that it speaks: English in the code, others in `locales/*.po`.

A text is looked up by its English wording (gettext). Scripts get the same catalogue as a module,
`/texts.js`, so each text of a language stands in one file.
"""

import gettext
import io
import json
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent / "locales"

#: Languages, and what each calls itself.
LANGUAGES = {"en": "English", "de": "Deutsch"}


@cache
def catalogue(language: str) -> dict[str, str]:
    """Give a language's texts by their English ones; none for English."""
    file = FOLDER / f"{language}.po"
    if language not in LANGUAGES or not file.is_file():
        return {}
    with file.open("rb") as opened:
        read = read_po(opened)
    return {str(m.id): str(m.string) for m in read if m.id and isinstance(m.id, str) and m.string}


@cache
def translations(language: str) -> gettext.NullTranslations:
    """Give a language's texts as templates take them."""
    file = FOLDER / f"{language}.po"
    if language not in LANGUAGES or not file.is_file():
        return gettext.NullTranslations()
    with file.open("rb") as opened:
        compiled = io.BytesIO()
        write_mo(compiled, read_po(opened))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def as_module(language: str) -> str:
    """Write a language's texts as a module for scripts."""
    texts = json.dumps(catalogue(language), ensure_ascii=False)
    return f"export const LANGUAGE = {json.dumps(language)};\nexport const TEXTS = {texts};\n"


def chosen(cookie: str | None, accepted: str) -> str:
    """Choose a language: what was chosen on the page, or else the first that a browser accepts.

    Parameters
    ----------
    cookie : str or None
        What was chosen.
    accepted : str
        The header Accept-Language.
    """
    if cookie in LANGUAGES:
        return cookie
    for part in accepted.split(","):
        language = part.split(";")[0].strip().lower()[:2]
        if language in LANGUAGES:
            return language
    return "en"
