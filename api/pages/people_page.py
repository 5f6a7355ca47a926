"""/people: patterns in how owners work, never a verdict on a person. Its JSON is GET /v1/reports/people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from api.pages.downloads import Format, download_of
from api.pages.language import N_, Language, language_of
from api.pages.rendering import canonical, page
from api.pages.tables import Column, DataTable
from api.routes.reports import people_report
from api.security import needs
from scoring.diagnosis import PATTERNS, pattern_rules
from scoring.stated_and_learned import READINGS

router = APIRouter(include_in_schema=False, dependencies=[Depends(needs("read")), Depends(canonical)])


@router.get("/people")
def get_people(request: Request) -> Response:
    """Show patterns with the figures behind them, what is stated beside what is learned, and surprise wins."""
    shown = people_shown(people_report(request), language_of(request))
    return page(request, "people.html", **shown, json="/v1/reports/people")


def people_shown(found: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """Choose what the template shows of people, wherever it is shown."""
    return {
        "found": found,
        "caution": found["owners"][0]["caution"] if found["owners"] else None,
        "pattern_names": PATTERNS,
        "findings": findings_of(found, language),
        "readings": readings_of(found, language),
        "stated": stated_table(found, language),
        "surprises": surprise_table(found, language),
    }


def findings_of(found: Mapping[str, Any], language: Language) -> list[dict[str, Any]]:
    """Gather what was found by pattern: when it is told, and the owners of each finding, in order of the figures."""
    rules, gathered = pattern_rules(), []
    for code, name in PATTERNS.items():
        of_code = [(p, one["owner"]) for one in found["owners"] for p in one["patterns"] if p["code"] == code]
        said: dict[str, list[str]] = {}
        for pattern, owner in sorted(of_code, key=lambda each: [*each[0]["figures"].values()]):
            said.setdefault(language.of(pattern["said"]), []).append(owner)
        gathered.append({"code": code, "name": name, "rule": rules[code], "said": said})
    return gathered


def readings_of(found: Mapping[str, Any], language: Language) -> dict[str, list[str]]:
    """Gather the owners of whom the same is to be said of stated and learned."""
    said = {code: language.of(words) for code, words in READINGS.items()}
    return {
        words: owners
        for code, words in said.items()
        if (owners := [one["owner"] for one in found["stated"] if one["pattern"] == code])
    }


@router.get("/people/{table}.{kind}")
def get_table(request: Request, table: str, kind: Format) -> Response:
    """Give a table of the page as a file."""
    language, found = language_of(request), people_report(request)
    tables = {one.key: one for one in (made(found, language) for made in (owner_table, stated_table, surprise_table))}
    return download_of(tables, table, kind, "people")


def owner_table(found: Mapping[str, Any], language: Language) -> DataTable:
    """What each owner has in hand, and the patterns in it."""
    columns = [
        Column(language.say(N_("Owner"))),
        Column(language.say(N_("In hand")), "number"),
        Column(language.say(N_("Likely to close")), "number"),
        Column(language.say(N_("Activities in 28 days")), "number"),
        Column(language.say(N_("Wins of each 30 days, oldest first"))),
        Column(language.say(N_("Patterns"))),
    ]
    between = "；" if language.tag == "zh-CN" else "; "
    rows = [
        [
            one["owner"],
            *(one[name] for name in ("in_hand", "real", "activities")),
            " ".join(str(wins) for wins in one["wins"]),
            between.join(language.of(pattern["said"]) for pattern in one["patterns"]),
        ]
        for one in found["owners"]
    ]
    return DataTable("owners", language.say(N_("Owners")), columns, rows)


def stated_table(found: Mapping[str, Any], language: Language) -> DataTable:
    """What owners state beside what the record suggests."""
    columns = [
        Column(language.say(N_("Owner"))),
        Column(language.say(N_("Open")), "number"),
        Column(language.say(N_("Stated")), "share"),
        Column(language.say(N_("Learned")), "share"),
        Column(language.say(N_("Usual in these stages")), "share"),
        Column(language.say(N_("Stated less learned days")), "days"),
        Column(language.say(N_("Won early")), "share"),
        Column(language.say(N_("Won from a low stage")), "share"),
        Column(language.say(N_("Won off the list")), "share"),
        Column(language.say(N_("Lost from 75% or more")), "share"),
        Column(language.say(N_("Stated against the record"))),
    ]
    of_open = ("open", "mean_stated", "mean_learned", "mean_usual", "date_gap_days")
    of_past = ("early_wins", "low_wins", "off_list_wins", "high_losses")
    ahead = language.say(N_("ahead of it"))
    against = {"hopeful": ahead, "doubtful": ahead, "cautious": language.say(N_("behind it"))}
    rows = [
        [one["owner"], *(one.get(name) for name in (*of_open, *of_past)), against.get(one["pattern"])]
        for one in found["stated"]
    ]
    return DataTable("stated", language.say(N_("Stated beside learned")), columns, rows)


def surprise_table(found: Mapping[str, Any], language: Language) -> DataTable:
    """Wins that were not on the funnel before."""
    columns = [
        Column(language.say(N_("Opportunity"))),
        Column(language.say(N_("Account"))),
        Column(language.say(N_("Owner"))),
        Column(language.say(N_("Amount")), "money"),
        Column(language.say(N_("Won on")), "day"),
        Column(language.say(N_("Days on the funnel")), "days"),
    ]
    rows = [
        [
            one["opportunity_id"],
            one["account_id"],
            one["owner"],
            (one["value"], found["currency"]),
            one["won_at"],
            one["days_on_funnel"],
        ]
        for one in found["surprises"]["wins"]
    ]
    return DataTable("surprises", language.say(N_("Surprise wins")), columns, rows)
