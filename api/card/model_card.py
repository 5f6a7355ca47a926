"""The whole card of a model, made from its artifact alone."""

from __future__ import annotations

from collections.abc import Sequence

from api.card.class_sections import class_section
from api.card.document import LANGUAGES, Bullets, Document, Section, Text
from api.card.html_page import html_page
from api.card.limits import limit_section
from api.card.markdown_text import markdown_text
from api.card.model_sections import (
    data_section,
    feature_section,
    member_section,
    performance_section,
)
from api.card.reliability_sections import reliability_sections
from api.card.shortcomings import shortcomings
from models.artifact import Artifact


def model_card(artifact: Artifact) -> Document:
    """Put together the card of a model, what is bad first.

    Examples
    --------
    >>> from scoring.version_zero import version_zero
    >>> model_card(version_zero()).title.en
    'Model card: win probabilities, version 0'
    """
    version = artifact.version or "not registered"
    title = Text(
        f"Model card: win probabilities, version {version}", f"模型说明：赢单概率，版本 {artifact.version or '未注册'}"
    )
    bad = Section(Text("What is bad comes first", "不足在先"), [Bullets(shortcomings(artifact))])
    sections = [
        bad,
        data_section(artifact),
        performance_section(artifact),
        *reliability_sections(artifact),
        class_section(artifact),
        member_section(artifact),
        feature_section(artifact),
        limit_section(),
    ]
    return Document(title, sections)


def card_text(artifact: Artifact, suffix: str, languages: Sequence[str] = LANGUAGES) -> str:
    """Lay out the card of a model as ``.html`` or ``.md``, in one language or both."""
    layout = {".html": html_page, ".md": markdown_text}[suffix]
    return layout(model_card(artifact), languages)
