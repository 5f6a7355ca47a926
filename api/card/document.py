"""What a model card is made of: headings, sentences, tables and pictures, each in both languages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

LANGUAGES = ("en", "zh-CN")


@dataclass(frozen=True)
class Text:
    """Plain words in both languages; a renderer escapes them."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        """Words of one language; in Chinese nothing stands between a number and its percent sign.

        Examples
        --------
        >>> Text("42 % won", "赢单 42 %").of("zh-CN")
        '赢单 42%'
        """
        return self.en if language == "en" else self.zh.replace(" %", "%")


def same(word: object) -> Text:
    """Words that are the same in both languages, such as a number or a name from the data."""
    return Text(str(word), str(word))


@dataclass(frozen=True)
class Paragraph:
    """One or more sentences."""

    text: Text


@dataclass(frozen=True)
class Bullets:
    """A list of statements."""

    items: Sequence[Text]


@dataclass(frozen=True)
class Table:
    """Rows under heads; the first column names the row."""

    heads: Sequence[Text]
    rows: Sequence[Sequence[Text]]


@dataclass(frozen=True)
class Picture:
    """An SVG drawn for a language, and what it shows."""

    draw: Callable[[str], str]
    shows: Text


Block = Paragraph | Bullets | Table | Picture


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: Text
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """A whole card."""

    title: Text
    sections: Sequence[Section]
