"""/funnel: what came in and out of each stage, what a target needs, MAN, time. Its JSON is GET /v1/reports/funnel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from api.kept_reports import FUNNEL_CUTS, FUNNEL_PERIODS, funnel_name, has_report
from api.pages.downloads import Format, download
from api.pages.funnel_tables import cut_table, man_table, plan_table, quadrant_table, shape_table, stage_table
from api.pages.language import N_, Language, language_of
from api.pages.pipeline import Choice
from api.pages.rendering import address, canonical, page
from api.pages.tables import DataTable
from api.problems import HttpError, Part
from api.routes.reports import FunnelQuery, funnel_report
from api.security import needs

router = APIRouter(include_in_schema=False, dependencies=[Depends(needs("read")), Depends(canonical)])

_PERIODS = {"month": N_("this month"), "quarter": N_("this quarter"), "year": N_("this year")}
_CUTS = {
    "team": N_("by team"),
    "product": N_("by product"),
    "customer_type": N_("by customer type"),
    "region": N_("by region"),
    "owner": N_("by owner"),
}


class PageQuery(FunnelQuery):
    """Which funnel, of which process, and by what it is cut."""

    process: str | None = None
    by: str | None = None


@router.get("/funnel")
def get_funnel(request: Request, asked: Annotated[PageQuery, Query()]) -> Response:
    """Show the funnel of a period."""
    language = language_of(request)
    found = funnel_report(request, asked.period)
    place = _place(found, asked.process)
    cuts = found["processes"][place]["cuts"]
    by = asked.by if asked.by in cuts else next(iter(cuts), None)
    return page(
        request,
        "funnel.html",
        **funnel_shown(found, place, by, language),
        choices=_choices(request, asked, found, place, by, language),
        query=f"?{request.url.query}" if request.url.query else "",
        json=f"/v1/reports/funnel?period={asked.period}",
    )


def funnel_shown(found: Mapping[str, Any], place: int, by: str | None, language: Language) -> dict[str, Any]:
    """Choose what the template shows of the funnel of one process, wherever it is shown."""
    return {
        "found": found,
        "funnel": found["processes"][place]["funnel"],
        "plan": found["plans"][place],
        "tables": _tables(found, place, by, language),
    }


@router.get("/funnel/{table}.{kind}")
def get_table(request: Request, table: str, kind: Format, asked: Annotated[PageQuery, Query()]) -> Response:
    """Give a table of the page as a file."""
    language = language_of(request)
    found = funnel_report(request, asked.period)
    place = _place(found, asked.process)
    cuts = found["processes"][place]["cuts"]
    tables = _tables(found, place, asked.by if asked.by in cuts else next(iter(cuts), None), language)
    if table not in tables:
        part = Part(pointer="", found=f"a table {table[:40]!r}", expected=", ".join(tables), do="follow a link")
        raise HttpError(404, part)
    return download(tables[table], kind, f"funnel-{table}")


def _tables(found: Mapping[str, Any], place: int, by: str | None, language: Language) -> dict[str, DataTable]:
    chosen = found["processes"][place]
    tables = [
        stage_table(chosen["funnel"], found["currency"], language),
        shape_table(chosen["funnel"]["shape"], language),
        plan_table(found["plans"][place], language),
        man_table(found["man"], found["currency"], language),
        quadrant_table(found["quadrant"], language),
    ]
    if by is not None:
        tables.append(cut_table(chosen["cuts"][by], language))
    return {table.key: table for table in tables}


def _place(found: Mapping[str, Any], process: str | None) -> int:
    """Find a process, the first when none is named or it is not there."""
    names = [one["funnel"]["process"] for one in found["processes"]]
    return names.index(process) if process in names else 0


def _choices(
    request: Request, asked: PageQuery, found: Mapping[str, Any], place: int, by: str | None, language: Language
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
            Choice(cut, language.say(_CUTS[cut]), cut == by, address(request, by=cut))
            for cut in FUNNEL_CUTS
            if cut in found["processes"][place]["cuts"]
        ],
    }
    return {name: links for name, links in choices.items() if len(links) > 1}
