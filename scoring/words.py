"""Words for people, in English and Chinese: values of features, and the groups that values are in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from features.feature import Feature
from features.history.process import Process
from scoring.relative_values import RELATIVE
from scoring.season_words import half_of_year, is_season

_LONGEST = 60


class Words(NamedTuple):
    """The same in English and in Chinese."""

    en: str
    zh: str


UNKNOWN = Words("not known", "未知")
_LEVELS = (Words("no", "否"), Words("partly", "部分"), Words("yes", "是"))
_TIMES = "次数"
_FADING = ("visit_intensity", "contact_intensity")
"""What counts half for every 14 days of its age."""


def stage_names(processes: Mapping[str, Process]) -> dict[str, Words]:
    """Name the stages by the words that snapshots have for them; with several processes, by process and stage."""
    several = len(processes) > 1
    names: dict[str, Words] = {}
    for process in processes.values():
        for stage in process.stages:
            key = f"{process.name}/{stage.key}" if several else stage.key
            en = stage.names.get("en", stage.key)
            names[key] = Words(en, stage.names.get("zh-CN", en))
    return names


def is_known(value: object) -> bool:
    """Tell whether a value of a snapshot is there."""
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def value_words(feature: Feature, value: object, stages: Mapping[str, Words]) -> Words:
    """Say what a feature's value is.

    Parameters
    ----------
    feature
        The feature.
    value
        Its value in a snapshot; None and what is not finite are not known.
    stages
        Names of the stages, as ``stage_names`` gives them.

    Examples
    --------
    >>> replies = Feature("replies_7d", "email", "count", "replies in 7 days", "7天内回复次数", "")
    >>> value_words(replies, 2.0, {})
    Words(en='replies in 7 days: 2', zh='7天内回复2次')
    >>> value_words(replies, float("nan"), {})
    Words(en='replies in 7 days: not known', zh='7天内回复次数：未知')
    """
    said = quantity(feature, value, stages)
    relative = RELATIVE.get(feature.name)
    if relative is not None and is_known(value):
        return Words(f"{relative.what[0]} {said.en}", f"{relative.what[1]}为{said.zh}")
    # Days are not said twice.
    en = said.en.removesuffix(" days").removesuffix(" day") if feature.en.startswith("days ") else said.en
    if feature.unit == "count" and is_known(value) and feature.zh.endswith(_TIMES):
        return Words(f"{feature.en}: {en}", f"{feature.zh.removesuffix(_TIMES)}{said.zh}次")
    return Words(f"{feature.en}: {en}", f"{feature.zh}：{said.zh}")


def quantity(feature: Feature, value: object, stages: Mapping[str, Words]) -> Words:
    """Say a value in the feature's unit.

    Examples
    --------
    >>> silence = Feature("x", "contact", "days", "days of silence", "沉默天数", "")
    >>> quantity(silence, 12.3, {}), quantity(silence, None, {})
    (Words(en='12 days', zh='12天'), Words(en='not known', zh='未知'))
    """
    if not is_known(value):
        return UNKNOWN
    if feature.is_category:
        word = str(value)
        if feature.name == "stage" and word in stages:
            return stages[word]
        return _same(word if len(word) <= _LONGEST else f"{word[: _LONGEST - 1]}…")
    number = float(value)  # type: ignore[arg-type]
    return _special(feature.name, number) or _number(feature.unit, number)


def _special(name: str, x: float) -> Words | None:
    """Say a number whose unit alone says too little; None for every other."""
    if name in RELATIVE:
        relative = RELATIVE[name]
        times = _plain(relative.times(x))
        return Words(f"{times} times {relative.usual[0]}", f"{relative.usual[1]}的{times}倍")
    if is_season(name):
        return Words(*half_of_year(name, x))
    if name == "stages_per_day":
        return Words(f"{_plain(x)} stages a day", f"每天{_plain(x)}个阶段")
    if name in _FADING:
        return Words(f"as much as {_plain(x)} today", f"相当于今天{_plain(x)}次")
    # A place is counted from 1 by people.
    return _same(_plain(x + 1)) if name == "stage_position" else None


def _number(unit: str, x: float) -> Words:
    if unit in ("yes/no", "level"):
        return _LEVELS[min(max(round(x if unit == "level" else 2 * x), 0), 2)]
    if unit == "days":
        return _days(x)
    if unit == "seconds":
        return _seconds(x)
    if unit == "share":
        return Words(f"{100 * x:.0f} %", f"{100 * x:.0f}%")
    if unit == "log-odds":
        times = _plain(math.exp(min(max(x, -20), 20)))
        usual = Words("the usual odds", "常规胜算")
        return usual if times == "1" else Words(f"{times} times {usual.en}", f"{usual.zh}的{times}倍")
    return _same(f"{x:,.0f}" if unit in ("count", "amount") and abs(x) >= 0.5 else _plain(x))


def _days(x: float) -> Words:
    if 0 < abs(x) < 1:
        return Words("less than 1 day", "不到1天")
    whole = f"{x:,.0f}"
    return Words(f"{whole} day{'' if abs(round(x)) == 1 else 's'}", f"{whole}天")


def _seconds(x: float) -> Words:
    if x < 60:
        return Words(f"{x:.0f} s", f"{x:.0f}秒")
    if x < 3600:
        return Words(f"{x / 60:.0f} min", f"{x / 60:.0f}分钟")
    return Words(f"{_plain(x / 3600)} h", f"{_plain(x / 3600)}小时")


def _plain(x: float) -> str:
    """About three figures, never in powers of ten.

    Examples
    --------
    >>> _plain(0.0312), _plain(12.34), _plain(-0.0)
    ('0.03', '12.3', '0')
    """
    text = f"{x:,.2f}" if abs(x) < 10 else f"{x:,.1f}" if abs(x) < 100 else f"{x:,.0f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _same(text: str) -> Words:
    return Words(text, text)


def percent(share: float) -> Words:
    """Say a share of 0 to 1 in whole percent.

    Examples
    --------
    >>> percent(0.414)
    Words(en='41 %', zh='41%')
    """
    return _number("share", share)
