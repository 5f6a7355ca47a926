"""/classes: what became of each class, and whom to work. Its JSON is GET /v1/reports/classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.datastructures import URL

from api.pages.downloads import Format, download_of
from api.pages.language import N_, Language, language_of
from api.pages.rendering import canonical, page
from api.pages.tables import Column, DataTable
from api.reports_under_way import is_under_way
from api.routes.classes import ClassesQuery, classes_report
from api.security import needs
from scoring.classification import CLASSES

router = APIRouter(include_in_schema=False, dependencies=[Depends(needs("read")), Depends(canonical)])


@router.get("/classes")
def get_classes(request: Request, asked: Annotated[ClassesQuery, Query()]) -> Response:
    """Show thresholds for the time there is, and what became of each class."""
    language = language_of(request)
    found = classes_report(request, asked)
    given = asked.model_dump(exclude_none=True)
    return page(
        request,
        "classes.html",
        found=found,
        thresholds=threshold_table(found, language),
        outcomes=outcome_table(found["outcomes"], language) if found["outcomes"] else None,
        under_way=is_under_way(request.app.state.settings.home),
        work_urls={
            key: _work_url(key, one["threshold"], found["currency"]) for key, one in found["thresholds"].items()
        },
        currencies=found["currencies"],
        query=f"?{urlencode(given)}",
        json=f"/v1/reports/classes?{urlencode(given)}",
    )


def _work_url(key: str, bound: float | None, currency: str | None) -> str | None:
    """Give the address of what is at a threshold or above it in the pipeline; None without a threshold."""
    if bound is None:
        return None
    only = {"currency": currency} if key == "expected_value" and currency is not None else {}
    return str(URL(path="/pipeline").include_query_params(**{f"min_{key}": bound}, **only, sort=f"-{key}"))


@router.get("/classes/{table}.{kind}")
def get_table(request: Request, table: str, kind: Format, asked: Annotated[ClassesQuery, Query()]) -> Response:
    """Give a table of the page as a file."""
    language = language_of(request)
    found = classes_report(request, asked)
    tables = {"thresholds": threshold_table(found, language)}
    if found["outcomes"]:
        tables["outcomes"] = outcome_table(found["outcomes"], language)
    return download_of(tables, table, kind, "classes")


def threshold_table(found: Mapping[str, Any], language: Language) -> DataTable:
    """From which figure on there is time for an opportunity."""
    columns = [
        Column(language.say(N_("Ranked by"))),
        Column(language.say(N_("Threshold"))),
        Column(language.say(N_("To be worked")), "number"),
        Column(language.say(N_("Of")), "number"),
        Column(language.say(N_("Share of the sum")), "share"),
        Column(language.say(N_("What it says"))),
    ]
    rows = [
        [
            language.of(one["by"]),
            _bound(key, one["threshold"], found["currency"], language),
            *(one[name] for name in ("worked", "of", "share")),
            language.of(one["said"]),
        ]
        for key, one in found["thresholds"].items()
    ]
    return DataTable("thresholds", language.say(N_("Suggested thresholds")), columns, rows)


def _bound(key: str, value: float | None, currency: str | None, language: Language) -> str:
    formats = language.formats
    return formats.percent(value, 1) if key == "probability" else formats.money(value, currency)


def outcome_table(found: Mapping[str, Any], language: Language) -> DataTable:
    """What became of each class: how often it was won, within the horizon and in the end, and where it went."""
    days = f"{found['horizon_days']:.0f}"
    within = (N_("Won within %(days)s days"), N_("Lost within %(days)s days"), N_("Open after %(days)s days"))
    columns = [
        Column(language.say(N_("Class"))),
        Column(language.say(N_("Were in it")), "number"),
        Column(language.say(N_("Watched %(days)s days"), days=days), "number"),
        *(Column(language.say(head, days=days), "number") for head in within),
        Column(language.say(N_("Won in the end")), "share"),
        Column(language.say(N_("80% low")), "share"),
        Column(language.say(N_("80% high")), "share"),
        Column(language.say(N_("Median days to the win")), "days"),
        Column(language.say(N_("Mean probability then")), "share"),
        *(Column(language.say(N_("Last %(name)s"), name=names[language.tag]), "number") for names in CLASSES.values()),
    ]
    rows = [
        [
            language.of(one["name"]),
            one["rate"]["began"],
            one["watched"],
            *(one["within"][word] for word in ("won", "lost", "open")),
            *(one["rate"][name] for name in ("rate", "low", "high")),
            one["median_days_to_win"],
            one["mean_probability"],
            *(one["later"][key] for key in CLASSES),
        ]
        for one in found["classes"]
    ]
    return DataTable("outcomes", language.say(N_("What became of each class")), columns, rows)
