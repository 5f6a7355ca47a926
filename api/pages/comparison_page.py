"""/learned-vs-fixed: who missed by how much over past weeks. Its JSON is GET /v1/reports/comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from api.card.words import METHODS as MEMBERS
from api.pages.downloads import Format, download
from api.pages.language import N_, Language, language_of
from api.pages.rendering import canonical, page
from api.pages.tables import Column, DataTable
from api.pages.weekly_chart import weekly_charts, weekly_tables
from api.problems import HttpError, Part
from api.routes.reports import comparison_report
from api.security import needs
from scoring.comparison_words import COLUMNS, METHODS
from scoring.forecast_errors import FIGURES

router = APIRouter(include_in_schema=False, dependencies=[Depends(needs("read")), Depends(canonical)])

_SCOPES = {
    "open": N_("what was open then"),
    "all": N_("all, with what came later"),
    "committed": N_("the periods that owners committed to"),
}
_MEASURES = {"amount": N_("amount"), "count": N_("number of wins")}


@router.get("/learned-vs-fixed")
def get_comparison(request: Request) -> Response:
    """Show where the learned forecast lost first, then the figures, then single opportunities."""
    shown = comparison_shown(comparison_report(request), language_of(request))
    return page(request, "comparison.html", **shown, json="/v1/reports/comparison")


def comparison_shown(found: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """Choose what the template shows of a comparison, wherever it is shown."""
    worse = [one for one in found["findings"] if one["lost"] or one.get("worse")]
    series, currency = found.get("series", ()), found.get("currency")
    return {
        "found": found,
        "verdict": _verdict(found["findings"]),
        "whole": [one for one in found["findings"] if one["by"] is None],
        "lost": [one for one in worse if one["sure"]],
        "not_told_apart": [one for one in worse if not one["sure"]],
        "independent": found.get("independent"),
        "counted": found.get("rule_counted"),
        "weekly": weekly_charts(series, language),
        "weeks": weekly_tables(series, currency, language),
        "currency": currency,
        "figures": figure_table(found, language),
        "apart": disagreement_table(found, language),
        "scopes": _SCOPES,
        "measures": _MEASURES,
    }


def _verdict(findings: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """What is said of the learned forecast against the fixed weights, of all that was won; amounts before numbers."""
    asked = [one for one in findings if one["by"] is None and one["rule"] == "fixed_weights"]
    return min(asked, key=lambda one: (one["scope"] != "all", one["measure"] != "amount"), default=None)


@router.get("/learned-vs-fixed/{table}.{kind}")
def get_table(request: Request, table: str, kind: Format) -> Response:
    """Give a table of the page as a file; figures are those of every group."""
    language = language_of(request)
    found = comparison_report(request)
    tables = {"figures": figure_table(found, language, whole=False), "apart": disagreement_table(found, language)}
    tables |= weekly_tables(found.get("series", ()), found.get("currency"), language)
    if table not in tables:
        part = Part(pointer="", found=f"a table {table[:40]!r}", expected="one of the page", do="follow a link")
        raise HttpError(404, part)
    return download(tables[table], kind, f"learned-vs-fixed-{table}")


def figure_table(found: Mapping[str, Any], language: Language, whole: bool = True) -> DataTable:
    """Every figure of every method, of all together, or of the groups too."""
    columns = [
        Column(language.say(N_("Method"))),
        Column(language.say(N_("Figure"))),
        Column(language.say(N_("Of"))),
        Column(language.say(N_("Scope"))),
        Column(language.say(N_("Value")), "number"),
        Column(language.say(N_("80% low")), "number"),
        Column(language.say(N_("80% high")), "number"),
        Column(language.say(N_("Weeks")), "number"),
    ]
    if not whole:
        columns[4:4] = [Column(language.say(N_("Cut"))), Column(language.say(N_("Group")))]
    rows = []
    for one in found["figures"]:
        if one["value"] is not None and (one["by"] is None or not whole):
            measure, scope = _MEASURES[one["measure"]], _SCOPES[one["scope"]]
            cut = (
                [] if whole else [language.of(COLUMNS[one["by"]]) if one["by"] in COLUMNS else one["by"], one["group"]]
            )
            rows.append(
                [
                    method_name(one["method"], language),
                    FIGURES[one["figure"]][0 if language.tag == "en" else 1],
                    language.say(measure),
                    language.say(scope),
                    *cut,
                    *(one[name] for name in ("value", "low", "high", "weeks")),
                ]
            )
    return DataTable("figures", language.say(N_("Every figure")), columns, rows)


def method_name(method: str, language: Language) -> str:
    """Name a method, or a member of the blend."""
    return language.of(METHODS[method]) if method in METHODS else MEMBERS[method].of(language.tag)


def disagreement_table(found: Mapping[str, Any], language: Language) -> DataTable:
    """Single opportunities where the two were farthest apart."""
    columns = [
        Column(language.say(N_("Opportunity"))),
        Column(language.say(N_("Asked at")), "day"),
        Column(language.say(N_("Owner"))),
        Column(language.say(N_("Learned")), "share"),
        Column(language.say(N_("Fixed weight")), "share"),
        Column(language.say(N_("Came"))),
        Column(language.say(N_("Right was"))),
    ]
    rows = [
        [
            one["opportunity_id"],
            one["as_of"],
            one["owner"],
            one["learned"],
            one["fixed_weight"],
            language.say(N_("won") if one["won"] else N_("lost")),
            method_name(one["right"], language),
        ]
        for one in found["disagreements"]
    ]
    return DataTable("apart", language.say(N_("Where they disagreed most")), columns, rows)
