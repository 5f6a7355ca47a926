"""What is usual: how often open opportunities are won by the value of a feature, in words.

It is said of what was seen in training, one feature at a time: an association, never a cause.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from features.feature import Feature
from scoring.season_words import is_season, months_between
from scoring.words import UNKNOWN, Words, is_known, percent, quantity

_MOST_OTHERS = 3
_QUANTITY = re.compile(r"(\D*?)(-?[\d,.]+)(\D*)")


@dataclass(frozen=True)
class UsualShare:
    """How often open opportunities with such a value are won.

    ``share_won`` and ``opportunities`` are those of the group that the value is in.
    """

    words: Words
    share_won: float
    opportunities: int


def usual_share(
    feature: Feature, value: object, usual: Mapping[str, Any], stages: Mapping[str, Words]
) -> UsualShare | None:
    """Say how often opportunities with such a value are won, and how often others.

    Parameters
    ----------
    usual
        What ``training.usual.usual_of`` found.

    Returns
    -------
    None where too few opportunities had such a value.

    Examples
    --------
    >>> replies = Feature("replies_7d", "email", "count", "replies in 7 days", "7天内回复次数", "")
    >>> usual = {"features": {"replies_7d": [[None, 1, 0.18, 400], [1, None, 0.41, 90]]}, "all": [0.2, 450]}
    >>> usual_share(replies, 2.0, usual, {}).words
    Words(en='open opportunities with any are won in 41 % of cases, without any 18 %', zh='有的商机赢单41%，没有的18%')
    """
    place = usual_group(feature, value, usual)
    return None if place is None else share_of_group(feature, place, usual, stages)


def usual_group(feature: Feature, value: object, usual: Mapping[str, Any]) -> int | None:
    """Find the group that a value is in, as a place; None where too few opportunities had such a value."""
    for place, group in enumerate(usual.get("features", {}).get(feature.name, ())):
        if _holds(feature, group, value):
            return place
    return None


def share_of_group(feature: Feature, place: int, usual: Mapping[str, Any], stages: Mapping[str, Words]) -> UsualShare:
    """Say how often opportunities of one group are won, and how often others."""
    groups: Sequence[Sequence[Any]] = usual["features"][feature.name]
    own = groups[place]
    others = [group for group in groups if group is not own]
    label, won = _label(feature, own, stages), percent(own[2])
    en = f"open opportunities {label.en} are won in {won.en} of cases"
    zh = f"{label.zh}商机赢单{won.zh}"
    if len(others) > _MOST_OTHERS:
        rest = [(Words("all", "所有商机"), percent(usual["all"][0]))]
    else:
        rest = [(_label(feature, group, stages), percent(group[2])) for group in others]
    words = Words(
        ", ".join([en, *(f"{name.en} {share.en}" for name, share in rest)]),
        "，".join([zh, *(f"{name.zh}{share.zh}" for name, share in rest)]),
    )
    return UsualShare(words, float(own[2]), int(own[3]))


def _holds(feature: Feature, group: Sequence[Any], value: object) -> bool:
    """Tell whether a value is in a group."""
    low, high = group[0], group[1]
    if low is None and high is None:
        return not is_known(value)
    if not is_known(value):
        return False
    if feature.is_category:
        return bool(value == low)
    number = float(value)  # type: ignore[arg-type]
    return (low is None or number >= low) and (high is None or number < high)


def _label(feature: Feature, group: Sequence[Any], stages: Mapping[str, Words]) -> Words:
    low, high = group[0], group[1]
    if low is None and high is None:
        return Words(f"where it is {UNKNOWN.en}", f"{UNKNOWN.zh}的")
    if feature.is_category:
        word = quantity(feature, low, stages)
        if feature.name == "stage":
            return Words(f"in {word.en}", f"{word.zh}的")
        # A word of the customer's data, in whatever language.
        return Words(f"with “{word.en}”", f"“{word.zh}”的")
    if feature.unit == "yes/no":
        return Words("where this is so", "符合的") if low == 1 else Words("where not", "不符合的")
    if feature.unit == "level":
        word = quantity(feature, 0.0 if low is None else low, stages)
        return Words(f"assessed as {word.en}", f"评估为“{word.zh}”的")
    if is_season(feature.name):
        months = Words(*months_between(feature.name, low, high))
        return Words(f"in {months.en}", f"{months.zh}的")
    if feature.unit == "count" and (high == 1 or low == 1):
        return _counted(low, high, "次" if feature.zh.endswith("次数") else "个")
    return _range(feature, low, high, stages)


def _counted(low: float | None, high: float | None, measure: str) -> Words:
    if high == 1:
        return Words("without any", "没有的")
    if high is None:
        return Words("with any", "有的")
    most = math.ceil(high) - 1
    return Words(f"with 1 to {most}", f"1至{most}{measure}的") if most > 1 else Words("with 1", f"1{measure}的")


def _range(feature: Feature, low: float | None, high: float | None, stages: Mapping[str, Words]) -> Words:
    start, end = quantity(feature, low, stages), quantity(feature, high, stages)
    if low is None:
        return Words(f"with less than {end.en}", f"低于{end.zh}的")
    if high is None:
        return Words(f"with {start.en} or more", f"{start.zh}及以上的")
    return Words(f"with {_span(start.en, ' to ', end.en)}", f"{_span(start.zh, '至', end.zh)}的")


def _span(start: str, to: str, end: str) -> str:
    """Write two quantities as one span, the unit once.

    Examples
    --------
    >>> _span("33 days", " to ", "79 days")
    '33 to 79 days'
    """
    one, other = _QUANTITY.fullmatch(start), _QUANTITY.fullmatch(end)
    if one is None or other is None or one[1] != other[1] or one[3].rstrip("s") != other[3].rstrip("s"):
        return f"{start}{to}{end}"
    return f"{one[1]}{one[2]}{to}{other[2]}{other[3]}"
