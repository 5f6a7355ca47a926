"""A card as one HTML page that fetches nothing."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from api.card.document import Block, Bullets, Document, Paragraph, Picture, Section, Table, Text

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.55 system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; color: #1c2430;
  background: #fff; margin: 0 auto; padding: 1.5rem; max-width: 62rem; }
h1 { font-size: 1.7rem; margin: 1rem 0; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
section:first-of-type { background: #fdf3e7; border-left: 4px solid #c96f00; padding: .2rem 1.2rem 1rem; }
section:first-of-type h2 { margin-top: .8rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; margin: .6rem 0; }
th, td { padding: .3rem .55rem; text-align: right; border-bottom: 1px solid #dfe4ea; vertical-align: top; }
th:first-child, td:first-child, .words { text-align: left; }
td { font-variant-numeric: tabular-nums; white-space: nowrap; }
td.words { white-space: normal; }
thead th { border-bottom: 2px solid #8a96a3; }
figure { margin: 1rem 0; } figure svg { max-width: 100%; height: auto; }
figcaption { font-size: .9rem; color: #4a5663; }
nav a { margin-right: 1rem; } article + article { border-top: 3px solid #1c2430; margin-top: 3rem; }
@media print { body { max-width: none; } section { break-inside: avoid-page; } }
"""

_NAMES = {"en": "English", "zh-CN": "中文"}


def html_page(document: Document, languages: Sequence[str]) -> str:
    """Lay out a card as HTML, a whole card for each language.

    Every word is escaped: names come from customers' data.
    """
    links = "".join(f'<a href="#{lang}" lang="{lang}">{_NAMES[lang]}</a>' for lang in languages)
    nav = f"<nav>{links}</nav>" if len(languages) > 1 else ""
    articles = "\n".join(_article(document, language) for language in languages)
    title = escape(" · ".join(document.title.of(language) for language in languages))
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!DOCTYPE html>\n<html lang="{languages[0]}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{nav}\n{articles}\n</body>\n</html>\n"
    )


def _article(document: Document, language: str) -> str:
    sections = "\n".join(_section(section, language) for section in document.sections)
    return (
        f'<article id="{language}" lang="{language}">\n<h1>{_words(document.title, language)}</h1>\n'
        f"{sections}\n</article>"
    )


def _section(section: Section, language: str) -> str:
    blocks = "\n".join(_block(block, language) for block in section.blocks)
    return f"<section>\n<h2>{_words(section.title, language)}</h2>\n{blocks}\n</section>"


def _block(block: Block, language: str) -> str:
    match block:
        case Paragraph():
            return f"<p>{_words(block.text, language)}</p>"
        case Bullets():
            return "<ul>\n" + "\n".join(f"<li>{_words(item, language)}</li>" for item in block.items) + "\n</ul>"
        case Table():
            return _table(block, language)
        case Picture():
            shows = _words(block.shows, language)
            drawn = block.draw(language)
            return f'<figure role="img" aria-label="{shows}">{drawn}<figcaption>{shows}</figcaption></figure>'


def _table(table: Table, language: str) -> str:
    # Words are read from the left, figures compared from the right.
    worded = [any(row[at].of(language)[:1].isalpha() for row in table.rows) for at in range(len(table.heads))]
    sort = [' class="words"' if words else "" for words in worded]
    heads = "".join(
        f'<th scope="col"{s}>{_words(head, language)}</th>' for head, s in zip(table.heads, sort, strict=True)
    )
    rows = "\n".join(
        "<tr>" + "".join(f"<td{s}>{_words(cell, language)}</td>" for cell, s in zip(row, sort, strict=True)) + "</tr>"
        for row in table.rows
    )
    return f'<div class="wide"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>'


def _words(text: Text, language: str) -> str:
    """Escape; a percent sign stays with its number."""
    return escape(text.of(language)).replace(" %", "\u00a0%")
