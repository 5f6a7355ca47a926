"""The tables of sales on the funnel's page: statistics over periods, their trend, two segments beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.pages.language import N_, Language
from api.pages.tables import Column, DataTable

Record = Mapping[str, Any]

_TRENDS = {
    "total": N_("Amount won"),
    "mean": N_("Mean amount won"),
    "median": N_("Median amount won"),
    "mean_days": N_("Mean days to the win"),
    "median_days": N_("Median days to the win"),
}


def sales_table(sales: Record, language: Language) -> DataTable:
    """What was won in each period: mean and median beside each other, since a large one hides many small ones."""
    columns = [
        Column(language.say(N_("From")), "day"),
        Column(language.say(N_("To")), "day"),
        Column(language.say(N_("Won")), "number"),
        Column(language.say(N_("Amount won")), "money"),
        Column(language.say(N_("Median amount won")), "money"),
        Column(language.say(N_("Mean amount won")), "money"),
        Column(language.say(N_("Standard deviation")), "money"),
        Column(language.say(N_("Smallest")), "money"),
        Column(language.say(N_("Largest")), "money"),
        Column(language.say(N_("Median days to the win")), "days"),
        Column(language.say(N_("Mean days to the win")), "days"),
        Column(language.say(N_("Median of owners")), "money"),
        Column(language.say(N_("Mean of owners")), "money"),
    ]
    currency = sales["currency"]
    amounts = ("total", "median", "mean", "deviation", "smallest", "largest")
    rows = [
        [
            one["first_day"],
            one["last_day"],
            one["days"]["count"],
            *((one["deals"][name] if one["deals"]["count"] else None, currency) for name in amounts),
            *(one["days"][name] for name in ("median", "mean")),
            *((one["sellers"][name], currency) for name in ("median", "mean")),
        ]
        for one in sales["periods"]
    ]
    return DataTable("sales", language.say(N_("Sales")), columns, rows)


def trend_table(sales: Record, language: Language) -> DataTable:
    """Where the figures go from period to period."""
    columns = [
        Column(language.say(N_("Figure"))),
        Column(language.say(N_("Trend"))),
        Column(language.say(N_("Change from period to period, money")), "money"),
        Column(language.say(N_("Change from period to period, days")), "days"),
    ]
    rows = [
        [
            language.say(head),
            language.of(sales[key]["name"]),
            (None if key.endswith("days") else sales[key]["slope"], sales["currency"]),
            sales[key]["slope"] if key.endswith("days") else None,
        ]
        for key, head in _TRENDS.items()
    ]
    return DataTable("trends", language.say(N_("Trend of the sales")), columns, rows)


def compared_table(found: Record, language: Language) -> DataTable:
    """Two segments: success and the conversion of each stage, and how far they are apart."""
    sides = [found["first"], found["second"]]
    columns = [
        Column(language.say(N_("Figure"))),
        *(Column(language.of(side["name"]), "share") for side in sides),
        Column(language.say(N_("Difference, points")), "points"),
        Column(language.say(N_("80% low")), "points"),
        Column(language.say(N_("80% high")), "points"),
        Column(language.say(N_("Is it clear?"))),
    ]
    rows = []
    for place, one in enumerate(found["differences"]):
        shares = [
            side["funnel"]["success"] if not place else side["funnel"]["stages"][place - 1]["conversion"]
            for side in sides
        ]
        points = [None if one[name] is None else 100 * one[name] for name in ("difference", "low", "high")]
        clear = language.say(N_("yes") if one["is_clear"] else N_("no"))
        head = language.of(one["name"]) if place else language.say(N_("Success"))
        rows.append([head, *shares, *points, "–" if one["difference"] is None else clear])
    return DataTable("compared", language.say(N_("Segment beside segment")), columns, rows)
