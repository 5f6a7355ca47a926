"""Reasons as the service writes them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from api.answers import PartAnswer, ReasonAnswer, ReasonsAnswer, UsualAnswer, Words
from scoring import words
from scoring.reasons import Part, Reason, Reasons


def reasons_answer(reasons: Reasons) -> ReasonsAnswer:
    """Write the reasons of one opportunity."""
    return ReasonsAnswer(
        base=reasons.base,
        base_shown=reasons.base_shown,
        probability_shown=reasons.probability_shown,
        groups=part_answers(reasons.groups),
        features=part_answers(reasons.features),
        up=[_reason(reason) for reason in reasons.up],
        down=[_reason(reason) for reason in reasons.down],
    )


def part_answers(parts: Sequence[Part]) -> list[PartAnswer]:
    """Write parts in their order."""
    return [PartAnswer(key=p.key, group=p.group, names=in_both(p.names), points=p.points, shown=p.shown) for p in parts]


@lru_cache(maxsize=2_000)
def in_both(said: words.Words) -> Words:
    """Write words in both languages; the same few are written again and again."""
    return Words(en=said.en, zh_cn=said.zh)


def _reason(reason: Reason) -> ReasonAnswer:
    part, usual = reason.part, reason.usual
    return ReasonAnswer(
        key=part.key,
        group=part.group,
        names=in_both(part.names),
        points=part.points,
        shown=part.shown,
        value=in_both(reason.value),
        usual=None
        if usual is None
        else UsualAnswer(words=in_both(usual.words), share_won=usual.share_won, opportunities=usual.opportunities),
        effect=in_both(reason.effect),
    )
