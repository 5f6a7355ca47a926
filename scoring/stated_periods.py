"""Targets and commits whose days are no month, quarter or year: they would be forgotten silently."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from scoring.calendar_periods import Calendar, Period
from scoring.words import Words

_NEAR_DAYS = 10
"""Days so far from those of a period are taken for a slip."""
_NAMES = {
    "targets": (Words("a target", "目标"), Words("targets", "目标")),
    "commits": (Words("a commit", "承诺"), Words("commits", "承诺")),
}


def unmatched(rows: pd.DataFrame, kind: str, calendar: Calendar, within: Period | None = None) -> tuple[Words, ...]:
    """Say of rows that no month, quarter or year has their days, and which days are meant.

    Parameters
    ----------
    rows
        Targets or commits: ``period_start``, ``period_end`` (text), ``amount``, ``currency`` and ``wins``.
    kind
        ``targets`` or ``commits``.
    within
        Only of rows that overlap this period; one that has exactly its days is matched. None for all.

    Returns
    -------
    A sentence for all rows of the same days, in the order of the days.

    Examples
    --------
    >>> row = {"period_start": ["2026-11-01"], "period_end": ["2026-11-29"], "amount": [5e5], "currency": ["CNY"]}
    >>> [said.en for said in unmatched(pd.DataFrame(row), "targets", Calendar())]
    ['a target of 500,000 CNY for 2026-11-01 to 2026-11-29 matches no month, quarter or year and is not counted: \
it would have to end on 2026-11-30']
    """
    found = []
    for (start, end), same in rows.groupby(["period_start", "period_end"], sort=True):
        first, last = date.fromisoformat(str(start)), date.fromisoformat(str(end))
        if within is not None and (last < within.days[0] or first > within.days[1] or (first, last) == within.days):
            continue
        near = _nearest(first, last, calendar)
        if near != (first, last):
            found.append(_said(same, kind, (first, last), near))
    return tuple(found)


def _nearest(first: date, last: date, calendar: Calendar) -> tuple[date, date]:
    """Days of the month, quarter or year that are nearest to those stated."""
    days = (first, first + (last - first) / 2, last)
    noons = [pd.Timestamp(day.isoformat()).tz_localize(calendar.zone) + pd.Timedelta(hours=12) for day in days]
    there = [calendar.period(name, noon).days for name in ("month", "quarter", "year") for noon in noons]
    return min(there, key=lambda days: (_apart(days, (first, last)), days))


def _apart(one: tuple[date, date], other: tuple[date, date]) -> int:
    return sum(abs((a - b).days) for a, b in zip(one, other, strict=True))


def _said(rows: pd.DataFrame, kind: str, days: tuple[date, date], near: tuple[date, date]) -> Words:
    one, many = _NAMES[kind]
    count, (first, last) = len(rows), days
    what = _what(rows.iloc[0].to_dict(), one) if count == 1 else Words(f"{count} {many.en}", f"{count}项{many.zh}")
    should = _should("it" if count == 1 else "they", days, near)
    match, counted = ("matches", "is") if count == 1 else ("match", "are")
    en = f"{what.en} for {first} to {last} {match} no month, quarter or year and {counted} not counted: {should.en}"
    return Words(en, f"{first}至{last}的{what.zh}与任何月、季、年都不一致，未计入：{should.zh}")


def _what(row: Mapping[Any, Any], one: Words) -> Words:
    amount, wins = row.get("amount"), row.get("wins")
    if isinstance(amount, float) and amount == amount:
        value = f"{amount:,.0f} {row.get('currency') or ''}".strip()
        return Words(f"{one.en} of {value}", f"{one.zh}（{value}）")
    if isinstance(wins, float) and wins == wins:
        return Words(f"{one.en} of {wins:g} wins", f"{one.zh}（{wins:g}单）")
    return one


def _should(it: str, days: tuple[date, date], near: tuple[date, date]) -> Words:
    (first, last), (start, end) = days, near
    if _apart(days, near) > _NEAR_DAYS:
        return Words(f"the nearest is {start} to {end}", f"最接近的是{start}至{end}")
    if first == start:
        return Words(f"{it} would have to end on {end}", f"应于{end}结束")
    if last == end:
        return Words(f"{it} would have to begin on {start}", f"应于{start}开始")
    return Words(f"{it} would have to run from {start} to {end}", f"应为{start}至{end}")
