"""Charts and tables of single past weeks: what each method said, and what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from api.pages.charts import Point, band, line
from api.pages.language import N_, Language
from api.pages.tables import Column, DataTable

_RULES = {"fixed_weights": N_("Fixed weights"), "stage_rates": N_("Stage rates"), "commit": N_("Commit")}
_SCOPES = {
    "open": N_("what was open then"),
    "all": N_("all, with what came later"),
    "committed": N_("the periods that owners committed to"),
}
_MEASURES = {"amount": N_("Amount"), "count": N_("Number of wins")}
_TABLES = {"count": N_("Week by week: number of wins"), "amount": N_("Week by week: amount")}


@dataclass(frozen=True)
class WeeklyChart:
    """The lines of one chart, in hundredths of its width and height.

    ``top`` is the figure at its upper end; ``first`` and ``last`` are the ends of the time; ``name`` says
    of what it is.
    """

    name: str
    top: float
    is_money: bool
    weeks: int
    held: int
    first: str
    last: str
    band: str
    lines: Mapping[str, str]


def weekly_charts(series: Sequence[Mapping[str, Any]], language: Language) -> list[WeeklyChart]:
    """Draw each scope and measure with more than one week."""
    return [_chart(one, language) for one in series if len(one["weeks"]) > 1]


def _chart(one: Mapping[str, Any], language: Language) -> WeeklyChart:
    weeks = one["weeks"]
    names = ["came", "learned", *(rule for rule in _RULES if any(week.get(rule) is not None for week in weeks))]
    top = (
        max((week[key] for week in weeks for key in (*names, "high") if week.get(key) is not None), default=0.0) or 1.0
    )
    measure, scope = _MEASURES[one["measure"]], _SCOPES[one["scope"]]
    name = language.say(N_("%(measure)s: %(scope)s"), measure=language.say(measure), scope=language.say(scope))
    return WeeklyChart(
        name=name,
        top=top,
        is_money=one["measure"] == "amount",
        weeks=sum(week["low"] is not None for week in weeks),
        held=sum(week["low"] is not None and week["low"] <= week["came"] <= week["high"] for week in weeks),
        first=weeks[0]["at"],
        last=weeks[-1]["at"],
        band=band([_point(week, "learned", top) for week in weeks]),
        lines={key: _line(weeks, key, top) for key in names},
    )


def _line(weeks: Sequence[Mapping[str, Any]], key: str, top: float) -> str:
    return line([_point(week, key, top) for week in weeks]) if all(week.get(key) is not None for week in weeks) else ""


def _point(week: Mapping[str, Any], key: str, top: float) -> Point:
    low, high = (None if week[end] is None else week[end] / top for end in ("low", "high"))
    return Point(pd.Timestamp(week["at"]).value, (week[key] or 0.0) / top, low, high)


def weekly_tables(
    series: Sequence[Mapping[str, Any]], currency: str | None, language: Language
) -> dict[str, DataTable]:
    """Every week of every scope: a table of numbers, and one of amounts; those that have no week are left out."""
    found = {}
    for measure, title in _TABLES.items():
        there = [one for one in series if one["measure"] == measure]
        if there:
            found[f"weeks-{measure}"] = _table(measure, language.say(title), there, currency, language)
    return found


def _table(
    measure: str, title: str, series: Sequence[Mapping[str, Any]], currency: str | None, language: Language
) -> DataTable:
    kind = "money" if measure == "amount" else "number"
    rules = [rule for rule in _RULES if any(week.get(rule) is not None for one in series for week in one["weeks"])]
    heads = [N_("Came"), N_("Learned forecast"), N_("80% low"), N_("80% high"), *(_RULES[rule] for rule in rules)]
    columns = [Column(language.say(N_("Week")), "day"), Column(language.say(N_("Scope")))]
    columns += [Column(language.say(head), kind) for head in heads]  # type: ignore[arg-type]
    scopes = {key: language.say(name) for key, name in _SCOPES.items()}
    rows = [
        [week["at"], scopes[one["scope"]]]
        + [_value(week.get(key), kind, currency) for key in ("came", "learned", "low", "high", *rules)]
        for one in series
        for week in one["weeks"]
    ]
    return DataTable(f"weeks-{measure}", title, columns, rows)


def _value(value: float | None, kind: str, currency: str | None) -> Any:
    return (value, currency) if kind == "money" else value
