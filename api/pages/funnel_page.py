"""/funnel: what came in and out of each stage, what a target needs, MAN, time. Its JSON is GET /v1/reports/funnel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.datastructures import URL

from api.kept_reports import FUNNEL_CUTS, FUNNEL_PERIODS, funnel_name, has_report
from api.pages.downloads import Format, download_of
from api.pages.funnel_tables import (
    cut_table,
    man_table,
    plan_table,
    quadrant_table,
    shape_table,
    size_table,
    stage_table,
)
from api.pages.language import N_, Language, language_of
from api.pages.pipeline import Choice
from api.pages.rendering import address, canonical, page
from api.pages.sales_tables import compared_table, sales_table, trend_table
from api.pages.tables import DataTable
from api.routes.reports import FunnelQuery, compared, funnel_report, planned, process_place
from api.security import needs

router = APIRouter(include_in_schema=False, dependencies=[Depends(needs("read")), Depends(canonical)])

_PERIODS = {"month": N_("this month"), "quarter": N_("this quarter"), "year": N_("this year")}
_CUTS = {
    "team": N_("by team"),
    "product": N_("by product"),
    "customer_type": N_("by customer type"),
    "repeat_purchase": N_("by repeat purchase"),
    "priority": N_("by customer priority"),
    "competitor": N_("by competitor"),
    "sponsor": N_("by sponsor"),
    "region": N_("by region"),
    "owner": N_("by owner"),
}


@router.get("/funnel")
def get_funnel(request: Request, asked: Annotated[FunnelQuery, Query()]) -> Response:
    """Show the funnel of a period."""
    language = language_of(request)
    found = planned(funnel_report(request, asked.period), asked)
    place = process_place(found, asked.process)
    wanted = _wanted(found["processes"][place]["cuts"], asked)
    return page(
        request,
        "funnel.html",
        **funnel_shown(found, place, wanted, language),
        choices=_choices(request, asked, found, place, wanted.by, language),
        query=f"?{request.url.query}" if request.url.query else "",
        json=str(URL(path="/v1/reports/funnel").include_query_params(**wanted.model_dump(exclude_none=True))),
    )


def funnel_shown(found: Mapping[str, Any], place: int, asked: FunnelQuery, language: Language) -> dict[str, Any]:
    """Choose what the template shows of the funnel of one process, wherever it is shown."""
    chosen = found["processes"][place]
    wanted = _wanted(chosen["cuts"], asked)
    return {
        "found": found,
        "funnel": chosen["funnel"],
        "plan": found["plans"][place],
        "tables": _tables(found, place, wanted, language),
        "sales": chosen.get("sales"),
        "uncut": found.get("uncut", []),
        "wanted": wanted,
        "segments": [one for one in chosen["cuts"].get(wanted.by or "", []) if one["value"] is not None],
    }


@router.get("/funnel/{table}.{kind}")
def get_table(request: Request, table: str, kind: Format, asked: Annotated[FunnelQuery, Query()]) -> Response:
    """Give a table of the page as a file."""
    language = language_of(request)
    found = planned(funnel_report(request, asked.period), asked)
    place = process_place(found, asked.process)
    tables = _tables(found, place, _wanted(found["processes"][place]["cuts"], asked), language)
    return download_of(tables, table, kind, "funnel")


def _wanted(cuts: Mapping[str, Any], asked: FunnelQuery) -> FunnelQuery:
    """Choose what was not asked for: the first cut, and of it the two segments with most that was created."""
    by = asked.by if asked.by in cuts else next(iter(cuts), None)
    known = [one for one in cuts.get(by or "", []) if one["value"] is not None]
    known.sort(key=lambda one: -one["funnel"]["created"])
    there = [one["value"] for one in known]
    first = asked.first if asked.first in there else next((v for v in there if v != asked.second), None)
    second = asked.second if asked.second in there else next((v for v in there if v != first), None)
    return asked.model_copy(update={"by": by, "first": first, "second": second})


def _tables(found: Mapping[str, Any], place: int, wanted: FunnelQuery, language: Language) -> dict[str, DataTable]:
    chosen, by = found["processes"][place], wanted.by
    tables = [
        stage_table(chosen["funnel"], found["currency"], language),
        shape_table(chosen["funnel"]["shape"], language),
        plan_table(found["plans"][place], language),
        size_table(found["plans"][place], language),
        man_table(found["man"], found["currency"], language),
        quadrant_table(found["quadrant"], language),
    ]
    if by is not None:
        tables.append(
            cut_table(chosen["cuts"][by], chosen.get("sales_by", {}).get(by, []), found["currency"], language)
        )
    if "sales" in chosen:
        tables += [sales_table(chosen["sales"], language), trend_table(chosen["sales"], language)]
    beside = compared(found, wanted)
    if beside is not None:
        tables.append(compared_table(beside, language))
    return {table.key: table for table in tables}


def _choices(
    request: Request, asked: FunnelQuery, found: Mapping[str, Any], place: int, by: str | None, language: Language
) -> dict[str, list[Choice]]:
    home = request.app.state.settings.home
    names = [one["funnel"]["process"] for one in found["processes"]]
    choices = {
        N_("Period"): [
            Choice(one, language.say(_PERIODS[one]), one == asked.period, address(request, period=one))
            for one in FUNNEL_PERIODS
            if has_report(home, funnel_name(one))
        ],
        N_("Process"): [Choice(n, n, n == names[place], address(request, process=n)) for n in names],
        N_("Cut"): [
            Choice(cut, language.say(_CUTS[cut]), cut == by, address(request, by=cut, first=None, second=None))
            for cut in FUNNEL_CUTS
            if cut in found["processes"][place]["cuts"]
        ],
    }
    return {name: links for name, links in choices.items() if len(links) > 1}
