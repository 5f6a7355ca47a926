"""The tables of the funnel's page, from its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.pages.language import N_, Language
from api.pages.tables import Column, DataTable

Record = Mapping[str, Any]


def stage_table(funnel: Record, currency: str | None, language: Language) -> DataTable:
    """What came to each stage and left it."""
    counts = ("entries", "exits", "moved_on", "moved_back", "lost", "in_hand")
    heads = (N_("Entered"), N_("Left"), N_("Moved on"), N_("Moved back"), N_("Lost from here"), N_("There at the end"))
    columns = [
        Column(language.say(N_("Stage"))),
        *(Column(language.say(head), "number") for head in heads),
        Column(language.say(N_("Amount there")), "money"),
        Column(language.say(N_("Conversion")), "share"),
        Column(language.say(N_("Median days")), "days"),
        Column(language.say(N_("Mean days")), "days"),
        Column(language.say(N_("Days so far")), "days"),
    ]
    rows = [
        [
            language.of(one["name"]),
            *(one[name] for name in counts),
            (one["in_hand_value"], currency),
            *(one[name] for name in ("conversion", "median_days", "mean_days", "waiting_days")),
        ]
        for one in funnel["stages"]
    ]
    return DataTable("stages", language.say(N_("Stages")), columns, rows)


def shape_table(shape: Record, language: Language) -> DataTable:
    """How far what began in the period came, beside the ideal."""
    columns = [
        Column(language.say(N_("Stage"))),
        Column(language.say(N_("Reached")), "number"),
        Column(language.say(N_("Share")), "share"),
        Column(language.say(N_("Ideal")), "share"),
        Column(language.say(N_("From the one above")), "share"),
    ]
    figures = ("reached", "share", "ideal", "conversion")
    rows = [[language.of(one["name"]), *(one[name] for name in figures)] for one in shape["levels"]]
    return DataTable("shape", language.say(N_("Shape")), columns, rows)


def cut_table(cuts: Sequence[Record], sales: Sequence[Record], currency: str | None, language: Language) -> DataTable:
    """The funnels of a cut side by side, with the mean and the median of what each won."""
    deals = {one["value"]: one["deals"] for one in sales}
    columns = [
        Column(language.say(N_("Group"))),
        Column(language.say(N_("Created")), "number"),
        Column(language.say(N_("Won")), "number"),
        Column(language.say(N_("Lost")), "number"),
        Column(language.say(N_("Success")), "share"),
        Column(language.say(N_("Median days to the win")), "days"),
        Column(language.say(N_("Mean days to the win")), "days"),
        Column(language.say(N_("Median amount won")), "money"),
        Column(language.say(N_("Mean amount won")), "money"),
        Column(language.say(N_("Where it leaks most"))),
    ]
    figures = ("created", "won", "lost", "success", "cycle_days", "mean_cycle_days")
    rows = [
        [
            language.of(one["name"]),
            *(one["funnel"][name] for name in figures),
            *((deals.get(one["value"], {}).get(name), currency) for name in ("median", "mean")),
            None if one["funnel"]["leakiest"] is None else language.of(one["funnel"]["leak"]),
        ]
        for one in sorted(cuts, key=_closed_first)
    ]
    return DataTable("cut", language.say(N_("Side by side")), columns, rows)


def _closed_first(one: Record) -> int:
    """Order of those of whom there is most to see."""
    return -sum(int(one["funnel"][name]) for name in ("won", "lost", "created"))


def plan_table(plan: Record, language: Language) -> DataTable:
    """What the target needs at each stage, by three readings."""
    columns = [
        Column(language.say(N_("Stage"))),
        Column(language.say(N_("Fixed weight")), "share"),
        Column(language.say(N_("Needed: chained")), "number"),
        Column(language.say(N_("Needed: as probability")), "number"),
        Column(language.say(N_("Learned rate")), "share"),
        Column(language.say(N_("Needed: learned")), "number"),
        Column(language.say(N_("In hand")), "number"),
        Column(language.say(N_("Missing")), "number"),
    ]
    rows = [
        [
            language.of(one["name"]),
            one["weight"],
            one["chained"],
            one["as_probability"],
            one["rate"]["rate"],
            *(one[name] for name in ("learned", "in_hand", "missing")),
        ]
        for one in plan["stages"]
    ]
    return DataTable("plan", language.say(N_("What a target needs")), columns, rows)


def size_table(plan: Record, language: Language) -> DataTable:
    """What the target needs of each size, by the learned rate of that size."""
    columns = [
        Column(language.say(N_("Size"))),
        Column(language.say(N_("To be won")), "number"),
        Column(language.say(N_("Began")), "number"),
        Column(language.say(N_("Learned rate")), "share"),
        Column(language.say(N_("Needed: learned")), "number"),
    ]
    rows = [
        [language.of(one["name"]), one["band"]["deals"], one["rate"]["began"], one["rate"]["rate"], one["learned"]]
        for one in plan["sizes"]
    ]
    return DataTable("sizes", language.say(N_("What a target needs by size")), columns, rows)


def man_table(codes: Sequence[Record], currency: str | None, language: Language) -> DataTable:
    """The MAN codes: how many, what to do, and how often such are won."""
    columns = [
        Column("MAN"),
        Column(language.say(N_("Open")), "number"),
        Column(language.say(N_("Amount")), "money"),
        Column(language.say(N_("Mean probability")), "share"),
        Column(language.say(N_("Learned win rate")), "share"),
        Column(language.say(N_("Advice"))),
    ]
    rows = [
        [
            one["code"],
            one["count"],
            (one["value"], currency),
            one["mean_probability"],
            one["rate"]["rate"],
            language.of(one["advice"]),
        ]
        for one in codes
    ]
    return DataTable("man", language.say(N_("MAN codes")), columns, rows)


def quadrant_table(quadrant: Record, language: Language) -> DataTable:
    """Open opportunities by expected value and time to close."""
    columns = [
        Column(language.say(N_("Class"))),
        Column(language.say(N_("What it is"))),
        Column(language.say(N_("Open")), "number"),
        Column(language.say(N_("Expected value")), "money"),
        Column(language.say(N_("Advice"))),
    ]
    rows = [
        [
            one["letter"],
            language.of(one["name"]),
            one["count"],
            (one["expected_value"], quadrant["currency"]),
            language.of(one["advice"]),
        ]
        for one in quadrant["quarters"]
    ]
    return DataTable("time", language.say(N_("By size and time")), columns, rows)
