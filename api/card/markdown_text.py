"""A card as Markdown: the words and tables, without the pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from api.card.document import Block, Bullets, Document, Paragraph, Picture, Section, Table, Text


def markdown_text(document: Document, languages: Sequence[str]) -> str:
    """Lay out a card as Markdown, a whole card for each language.

    Every word is escaped: names come from customers' data.
    """
    return "\n\n".join(_document(document, language) for language in languages) + "\n"


def _document(document: Document, language: str) -> str:
    parts = [f"# {_words(document.title, language)}"]
    return "\n\n".join([*parts, *(_section(section, language) for section in document.sections)])


def _section(section: Section, language: str) -> str:
    blocks = [_block(block, language) for block in section.blocks]
    return "\n\n".join([f"## {_words(section.title, language)}", *(block for block in blocks if block)])


def _block(block: Block, language: str) -> str:
    match block:
        case Paragraph():
            return _words(block.text, language)
        case Bullets():
            return "\n".join(f"- {_words(item, language)}" for item in block.items)
        case Table():
            rows = [block.heads, *block.rows]
            lines = ["| " + " | ".join(_words(cell, language) for cell in row) + " |" for row in rows]
            return "\n".join([lines[0], "|" + "---|" * len(block.heads), *lines[1:]])
        case Picture():
            return ""


def _words(text: Text, language: str) -> str:
    r"""Escape what Markdown or HTML would read as more than words.

    Examples
    --------
    >>> _words(Text("a|b <c>", ""), "en")
    'a\\|b &lt;c&gt;'
    """
    flat = " ".join(escape(text.of(language), quote=False).split())
    return re.sub(r"([\\`*_{}\[\]|#~])", r"\\\1", flat)
