"""/forecast: what the month and the quarter will bring. Its JSON is GET /v1/reports/forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from api.kept_reports import CUTS, PERIODS, forecast_name, has_report
from api.pages.downloads import Format, download
from api.pages.language import N_, Language, language_of
from api.pages.pipeline import Choice
from api.pages.rendering import address, canonical, page
from api.pages.stages import StageNames, stages_in_service
from api.pages.tables import Column, DataTable
from api.problems import HttpError, Part
from api.routes.reports import ForecastQuery, Measure, forecast_report
from api.security import needs

router = APIRouter(include_in_schema=False, dependencies=[Depends(needs("read")), Depends(canonical)])

_PERIODS = {
    "month": N_("this month"),
    "next-month": N_("next month"),
    "quarter": N_("this quarter"),
    "next-quarter": N_("next quarter"),
}
_CUTS = {
    None: N_("all together"),
    "team": N_("by team"),
    "owner": N_("by owner"),
    "product": N_("by product"),
    "region": N_("by region"),
    "stage": N_("by stage"),
    "class": N_("by class"),
}
_MEASURES = {"amount": N_("amount"), "count": N_("number of wins")}
_BESIDE = {
    "stage_rates": N_("Stage rates"),
    "commit": N_("Commit"),
    "target": N_("Target"),
    "gap": N_("Expected less target"),
    "target_probability": N_("Chance of the target"),
}
"""What a group may have beside its forecast; a column is left out where no group has it."""
_MOST_SLIPPING = 20


class PageQuery(ForecastQuery):
    """Which forecast, and which of its figures."""

    measure: Measure = Field("amount")


@router.get("/forecast")
def get_forecast(request: Request, asked: Annotated[PageQuery, Query()]) -> Response:
    """Show a forecast: the total, the groups, stated dates that will hardly be met."""
    language = language_of(request)
    found = forecast_report(request, asked.period, asked.by)
    return page(
        request,
        "forecast.html",
        asked=asked,
        heading=forecast_heading(found, asked.period, language),
        **forecast_shown(found, asked.measure, asked.by, stages_in_service(request, language), language),
        choices=_choices(request, asked, language),
        query=f"?{request.url.query}" if request.url.query else "",
        json=f"/v1/reports/forecast?period={asked.period}" + (f"&by={asked.by}" if asked.by else ""),
    )


def forecast_heading(found: Mapping[str, Any] | None, period: str, language: Language) -> str:
    """Name a forecast by how its period is asked for and how it is written; the same wherever it is shown."""
    words = {"period": language.say(_PERIODS[period])}
    if found is None:
        return language.say(N_("Forecast: %(period)s"), **words)
    return language.say(N_("Forecast: %(period)s (%(name)s)"), **words, name=found["period"]["name"])


def measure_of(found: Mapping[str, Any], asked: Measure) -> Measure:
    """Choose what a forecast is shown of: what was asked for, numbers where amounts are not known."""
    return asked if asked in found["totals"] else "count"


def forecast_shown(
    found: Mapping[str, Any], asked: Measure, by: str | None, stages: StageNames, language: Language
) -> dict[str, Any]:
    """Choose what the template shows of a forecast, wherever it is shown."""
    measure = measure_of(found, asked)
    groups = [with_gap(line) for line in found["groups"].get(measure, [])]
    total = found["totals"][measure]
    return {
        "found": found,
        "measure": measure,
        "total": total,
        "end": _end([total]),
        "lines": group_lines(groups, by, stages, language),
        "group_end": _end(groups),
        "beside": {key: language.say(head) for key, head in _BESIDE.items() if any(g[key] is not None for g in groups)},
        "currency": found["currency"] if measure == "amount" else None,
        "table": line_table(found, measure, by, stages, language),
        "slippage": [one for one in found["slippage"] if not one["overdue"]][:_MOST_SLIPPING],
        "passed": [one for one in found["slippage"] if one["overdue"]],
    }


@router.get("/forecast/{table}.{kind}")
def get_table(request: Request, table: str, kind: Format, asked: Annotated[PageQuery, Query()]) -> Response:
    """Give a table of the page as a file."""
    language = language_of(request)
    found = forecast_report(request, asked.period, asked.by)
    measure = measure_of(found, asked.measure)
    if table == "forecast":
        stages = stages_in_service(request, language)
        name = "-".join(("forecast", asked.period, asked.by or "all", measure))
        return download(line_table(found, measure, asked.by, stages, language), kind, name)
    if table != "stated-dates":
        part = Part(pointer="", found=f"a table {table[:40]!r}", expected="one of the page", do="follow a link")
        raise HttpError(404, part)
    return download(slippage_table(found, language), kind, "stated-dates")


def line_table(
    found: Mapping[str, Any], measure: str, by: str | None, stages: StageNames, language: Language
) -> DataTable:
    """Every figure of the forecast, a row for each group, and the total."""
    kind = "money" if measure == "amount" else "number"
    heads = (
        *(N_("Won so far"), N_("Expected of open"), N_("Expected of new"), N_("Expected in all"), N_("Median")),
        *(N_("80% low"), N_("80% high"), N_("50% low"), N_("50% high"), N_("Fixed weights")),
        *(N_("Stage rates"), N_("Commit"), N_("Commits given"), N_("Target")),
    )
    columns = [Column(language.say(_CUTS[by]) if by else language.say(N_("Group")))]
    columns += [Column(language.say(head), kind) for head in heads]  # type: ignore[arg-type]
    columns.append(Column(language.say(N_("Chance of the target")), "share"))
    columns += [Column(language.say(head), "number") for head in (N_("Owners who committed"), N_("Number of owners"))]
    named = group_lines(found["groups"].get(measure, []), by, stages, language)
    total = (language.say(N_("total")), found["totals"][measure])
    currency = found["currency"]
    rows = [
        [
            name,
            *(_written(value, kind, currency) for value in _values(line)),
            *(line.get(key) for key in ("target_probability", "committed", "owners")),
        ]
        for name, line in (*named, total)
    ]
    return DataTable("forecast", language.say(N_("Forecast")), columns, rows)


def with_gap(line: Mapping[str, Any]) -> dict[str, Any]:
    """Add what is expected less the target; None without a target."""
    gap = None if line["target"] is None else line["expected"] - line["target"]
    return {**line, "gap": gap}


def group_lines(
    groups: Sequence[Mapping[str, Any]], by: str | None, stages: StageNames, language: Language
) -> list[tuple[str, Mapping[str, Any]]]:
    """Groups with their names in the language; stages in the order of the process."""
    ordered = sorted(groups, key=lambda line: stages.place(line["group"])) if by == "stage" else groups
    return [(language.of(line["names"]), line) for line in ordered]


def slippage_table(found: Mapping[str, Any], language: Language) -> DataTable:
    """Open opportunities with a stated close date, the likeliest to be won after it first."""
    columns = [
        Column(language.say(N_("Opportunity"))),
        Column(language.say(N_("Owner"))),
        Column(language.say(N_("Stated close"))),
        Column(language.say(N_("Won by then")), "share"),
        Column(language.say(N_("Won later")), "share"),
    ]
    rows = [[o["opportunity_id"], o["owner"], o["stated_close"], o["met"], o["later"]] for o in found["slippage"]]
    return DataTable("stated-dates", language.say(N_("Stated close dates")), columns, rows)


def _values(line: Mapping[str, Any]) -> list[float | None]:
    low, high = line["eighty"]
    half_low, half_high = line["half"]
    middle = [line[name] for name in ("won", "expected_open", "expected_new", "expected", "median")]
    return [
        *middle,
        low,
        high,
        half_low,
        half_high,
        *(line.get(n) for n in ("fixed_weights", "stage_rates", "commit", "commit_given", "target")),
    ]


def _written(value: float | None, kind: str, currency: str | None) -> Any:
    return (value, currency) if kind == "money" else value


def _end(lines: Sequence[Mapping[str, Any]]) -> float:
    """The largest figure that is drawn."""
    drawn = [value for line in lines for value in (*line["eighty"], line["fixed_weights"], line["target"]) if value]
    return max(drawn, default=1.0)


def _choices(request: Request, asked: PageQuery, language: Language) -> dict[str, list[Choice]]:
    home = request.app.state.settings.home
    cuts = [cut for cut in (None, *CUTS) if has_report(home, forecast_name(asked.period, cut))]
    return {
        N_("Period"): [
            Choice(one, language.say(_PERIODS[one]), one == asked.period, address(request, period=one))
            for one in PERIODS
            if has_report(home, forecast_name(one, None))
        ],
        N_("Cut"): [Choice(c or "", language.say(_CUTS[c]), c == asked.by, address(request, by=c)) for c in cuts],
        N_("Of"): [
            Choice(m, language.say(said), m == asked.measure, address(request, measure=m))
            for m, said in _MEASURES.items()
        ],
    }
