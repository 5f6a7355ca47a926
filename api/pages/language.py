"""The language of a page: chosen by a link and kept in a cookie, else as the browser prefers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.support import NullTranslations, Translations
from fastapi import Request

from api.pages.formats import Formats

COOKIE = "dealodds_language"
LOCALES = {"en": Locale("en", "GB"), "zh-CN": Locale("zh", "CN", script="Hans")}
"""Languages of the pages, by their tag, with the locale that writes their numbers and dates."""
_FOLDER = Path(__file__).parent / "locales"
_DOMAIN = "pages"


def N_(text: str) -> str:  # noqa: N802 (what gettext calls it)
    """Mark words that are translated where they are shown."""
    return text


@dataclass(frozen=True)
class Language:
    """Words and formats of one language."""

    tag: str
    formats: Formats
    translations: NullTranslations

    def say(self, text: str, **values: Any) -> str:
        """Translate words, and put values into them."""
        said = str(self.translations.ugettext(text))
        return said % values if values else said

    def of(self, words: Any) -> str:
        """Choose from words that are in both languages, as the service answers them."""
        if words is None:
            return ""
        if isinstance(words, dict):
            return str(words[self.tag])
        return str(words.en if self.tag == "en" else getattr(words, "zh_cn", None) or words.zh)


@lru_cache
def language(tag: str) -> Language:
    """Give a language by its tag."""
    locale = LOCALES[tag]
    found = Translations.load(str(_FOLDER), [locale], _DOMAIN) if tag != "en" else NullTranslations()
    return Language(tag, Formats(locale), found)


def language_of(request: Request) -> Language:
    """Give the language of a page: of the cookie, else what the browser asks for, else English."""
    kept = request.cookies.get(COOKIE, "")
    if kept in LOCALES:
        return language(kept)
    return language(preferred(request.headers.get("accept-language", "")))


def preferred(header: str) -> str:
    """Choose by the header Accept-Language.

    Examples
    --------
    >>> preferred("zh-TW,zh;q=0.8,en;q=0.5"), preferred("de,en;q=0.7,zh;q=0.3"), preferred("fr"), preferred("en;q=x")
    ('zh-CN', 'en', 'en', 'en')
    """
    wanted: list[tuple[float, str]] = []
    for part in header.split(",")[:20]:
        tag, _, said = part.partition(";")
        try:
            quality = float(said.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        wanted.append((quality, tag.strip().lower()))
    for quality, tag in sorted(wanted, key=lambda one: -one[0]):
        for known in LOCALES:
            if quality > 0 and tag.partition("-")[0] == known.partition("-")[0]:
                return known
    return "en"
