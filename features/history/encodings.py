"""Finds out how a text file is encoded, and refuses to guess when it cannot know."""

from __future__ import annotations

import codecs
import re

from features.errors import UnreadableSourceError

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f]")
_HANZI = re.compile("[\u4e00-\u9fff]")


def decode(content: bytes, encoding: str | None, name: str) -> str:
    """Return the text of a file.

    Parameters
    ----------
    content
        The whole file.
    encoding
        Its encoding; None means UTF-8, else UTF-16 with a mark, else GB18030.
    name
        Of the file, for the error.

    Raises
    ------
    UnreadableSourceError
        The content is not text, or is in another encoding.

    Examples
    --------
    >>> decode("客户".encode("gb18030"), None, "customers.csv")
    '客户'
    """
    for one in [encoding] if encoding else _candidates(content):
        try:
            text = content.decode(one)
        except (UnicodeDecodeError, LookupError):
            continue
        if not _CONTROL.search(text) and (encoding or one != "gb18030" or _looks_chinese(text)):
            return text.removeprefix("\ufeff")
    raise UnreadableSourceError(
        f"{name}, which is not text in {encoding or 'UTF-8 or GB18030'}",
        "a text file, UTF-8 or GB18030 unless the mapping names its encoding",
        "export it as CSV in UTF-8, or name its encoding in the mapping (encoding: cp1251)",
    )


def _candidates(content: bytes) -> list[str]:
    return ["utf-16"] if content.startswith(_UTF16_MARKS) else ["utf-8-sig", "gb18030"]


def _looks_chinese(text: str) -> bool:
    """Tell Chinese from Cyrillic or accented letters, which GB18030 decodes as well.

    Text in Chinese is mostly of the common characters (level 1 of GB 2312, first byte
    B0 to D7); other encodings read as Chinese are mostly of the rare ones.
    """
    hanzi = _HANZI.findall(text)
    common = sum(0xB0 <= one.encode("gb18030")[0] <= 0xD7 and one.encode("gb18030")[1] >= 0xA1 for one in hanzi)
    return bool(hanzi) and common >= 0.6 * len(hanzi)
