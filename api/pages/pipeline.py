"""/pipeline: the work list. Its JSON is GET /v1/opportunities with the same question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.datastructures import URL

from api.list_answers import ListedOpportunity
from api.list_schemas import WorkListQuery
from api.pages.downloads import Format, download
from api.pages.language import N_, Language, language_of
from api.pages.rendering import address, canonical, page
from api.pages.stages import StageNames, stages_in_service
from api.pages.tables import Column, DataTable
from api.routes.work_list import list_in_service, work_list
from api.security import needs
from api.store.list_choices import ListChoices
from api.store.service import database_of
from scoring.classification import CLASSES
from scoring.trend import TRENDS

router = APIRouter(include_in_schema=False, dependencies=[Depends(needs("read")), Depends(canonical)])

_AT_LEAST = (0.1, 0.25, 0.5, 0.75, 0.9)
_ROWS_AT_ONCE = 200

STATUSES = {
    "ok": N_("as usual"),
    "little_data": N_("little data"),
    "stale_input": N_("old input"),
    "forgotten": N_("forgotten"),
    "closed": N_("closed"),
    "not_open_yet": N_("not open yet"),
}
"""How a score is to be taken, in short."""

_CHOICES = {
    "owner": (N_("Owner"), N_("all owners")),
    "team": (N_("Team"), N_("all teams")),
    "product": (N_("Product"), N_("all products")),
    "stage": (N_("Stage"), N_("all stages")),
    "currency": (N_("Currency"), N_("all currencies")),
}


@dataclass(frozen=True)
class Choice:
    """One word of a filter, whether it is the one chosen, and the address with it."""

    value: str
    name: str
    is_chosen: bool
    url: str = ""


@dataclass(frozen=True)
class Head:
    """The head of a column that can be sorted by, and the address that does."""

    name: str
    url: str
    order: str


@router.get("/pipeline")
def get_pipeline(request: Request, asked: Annotated[WorkListQuery, Query()]) -> Response:
    """Show a page of the work list."""
    language = language_of(request)
    found = work_list(request, asked, summed=True)
    stages = stages_in_service(request, language)
    return page(
        request,
        "pipeline.html",
        list=found.state,
        rows=found.opportunities,
        totals=found.totals,
        stages=stages,
        statuses=STATUSES,
        chips=_chips(request, asked, language),
        menus=_menus(request, asked, language, stages),
        kept=_kept(asked),
        heads=_heads(request, asked, language),
        is_filtered=_is_filtered(asked),
        first_url=address(request, cursor=None) if asked.cursor else None,
        next_url=address(request, cursor=found.next_cursor) if found.next_cursor else None,
        downloads={kind: _beside(request, f"/pipeline.{kind}") for kind in ("csv", "xlsx")},
        json=_beside(request, "/v1/opportunities", cursor=asked.cursor, limit=request.query_params.get("limit")),
    )


@router.get("/pipeline.{kind}")
def get_pipeline_file(request: Request, kind: Format, asked: Annotated[WorkListQuery, Query()]) -> Response:
    """Give all rows of the work list that the page has pages of."""
    language = language_of(request)
    first = work_list(request, asked.model_copy(update={"limit": _ROWS_AT_ONCE, "cursor": None}))
    rows = _all_rows(request, asked, first, stages_in_service(request, language), language)
    heads = [Column(language.say(head), kind_of) for head, kind_of in _COLUMNS]  # type: ignore[arg-type]
    return download(DataTable("pipeline", language.say("Pipeline"), heads, rows), kind, "pipeline")


_COLUMNS = (
    (N_("Opportunity"), "words"),
    (N_("Account"), "words"),
    (N_("Owner"), "words"),
    (N_("Team"), "words"),
    (N_("Product"), "words"),
    (N_("Stage"), "words"),
    (N_("Class"), "words"),
    (N_("Win probability"), "share"),
    (N_("Low"), "share"),
    (N_("High"), "share"),
    (N_("Fixed weight"), "share"),
    (N_("Amount"), "money"),
    (N_("Expected value"), "money"),
    (N_("Expected close"), "day"),
    (N_("Trend"), "words"),
    (N_("Status"), "words"),
    (N_("MAN"), "words"),
    (N_("Scored"), "instant"),
)


def _all_rows(
    request: Request, asked: WorkListQuery, first: Any, stages: StageNames, language: Language
) -> Iterator[list[Any]]:
    found = first
    while True:
        for row in found.opportunities:
            yield _values(row, stages, language)
        if found.next_cursor is None:
            return
        found = work_list(request, asked.model_copy(update={"limit": _ROWS_AT_ONCE, "cursor": found.next_cursor}))


def _values(row: ListedOpportunity, stages: StageNames, language: Language) -> list[Any]:
    interval = row.interval
    return [
        row.opportunity_id,
        row.account_id,
        row.owner_id,
        row.team,
        row.product,
        stages.of(row.stage, row.process),
        language.of(row.opportunity_class.names) if row.opportunity_class else None,
        row.win_probability,
        interval.low if interval else None,
        interval.high if interval else None,
        row.fixed_weight_probability,
        (row.amount, row.currency),
        (row.expected_value, row.currency),
        row.expected_close,
        language.of(row.trend.names),
        language.say(STATUSES[row.status]),
        row.man,
        row.as_of,
    ]


def _chips(request: Request, asked: WorkListQuery, language: Language) -> dict[str, list[Choice]]:
    """Classes, trends and statuses as links."""
    classes: dict[str, str] = {key: names[language.tag] for key, names in CLASSES.items()}
    trends: dict[str, str] = {key: names[language.tag] for key, names in TRENDS.items()}
    statuses = {key: language.say(STATUSES[key]) for key in ("ok", "little_data", "stale_input", "forgotten")}
    return {
        N_("Class"): _links(request, "class", classes, asked.opportunity_class),
        N_("Trend"): _links(request, "trend", trends, asked.trend),
        N_("Status"): _links(request, "status", statuses, asked.status),
    }


def _links(request: Request, name: str, words: Mapping[str, str], chosen: str | None) -> list[Choice]:
    links = [
        Choice(value, word, value == chosen, address(request, **{name: value, "cursor": None}))
        for value, word in words.items()
    ]
    return [Choice("", "", chosen is None, address(request, **{name: None, "cursor": None})), *links]


def _menus(
    request: Request, asked: WorkListQuery, language: Language, stages: StageNames
) -> list[tuple[str, str, str, list[Choice]]]:
    """Owners, teams and so on as menus of a form; a sort with no word, or a single one, is left out."""
    with database_of(request).reading() as connection:
        words = cast(ListChoices, request.app.state.choices).of(connection, list_in_service(connection).list_id)
    menus = []
    for name, (label, everything) in _CHOICES.items():
        chosen, there = getattr(asked, name), words[name]
        if len(there) > 1 or chosen is not None:
            in_order = sorted(there, key=stages.place) if name == "stage" else there
            named = [(word, stages.of(word) if name == "stage" else word) for word in in_order]
            menus.append((name, label, everything, [Choice(word, said, word == chosen) for word, said in named]))
    bounds = {*_AT_LEAST, *([] if asked.min_probability is None else [asked.min_probability])}
    least = [
        Choice(str(p), language.formats.percent(p, 0 if p in _AT_LEAST else 1), p == asked.min_probability)
        for p in sorted(bounds)
    ]
    menus.append(("min_probability", N_("Win probability at least"), N_("any"), least))
    if asked.min_expected_value is not None:
        shown = language.formats.money(asked.min_expected_value, asked.currency)
        only = Choice(str(asked.min_expected_value), shown, True)
        menus.append(("min_expected_value", N_("Expected value at least"), N_("any"), [only]))
    return menus


def _kept(asked: WorkListQuery) -> dict[str, Any]:
    """What the form keeps of the question besides its own menus."""
    own = {"owner", "team", "product", "stage", "currency", "min_probability", "min_expected_value", "cursor"}
    said = asked.model_dump(by_alias=True, exclude_none=True, exclude_unset=True)
    return {name: value for name, value in said.items() if name not in own}


def _is_filtered(asked: WorkListQuery) -> bool:
    return bool(asked.model_dump(exclude_none=True, exclude_unset=True, exclude={"sort", "limit", "cursor"}))


_SORTED = {
    "probability": N_("Win probability"),
    "amount": N_("Amount"),
    "expected_value": N_("Expected value"),
    "expected_close": N_("Expected close"),
}
_ORDERS = {True: "descending", False: "ascending"}


def _heads(request: Request, asked: WorkListQuery, language: Language) -> dict[str, Head]:
    """Heads that sort: the largest first, the earliest close first, and the other way round when asked again."""
    heads = {}
    for column, name in _SORTED.items():
        is_this = asked.sort.removeprefix("-") == column
        first = column if column == "expected_close" else f"-{column}"
        again = column if first.startswith("-") else f"-{column}"
        sort = again if is_this and asked.sort == first else first
        order = _ORDERS[asked.sort.startswith("-")] if is_this else "none"
        heads[column] = Head(language.say(name), address(request, sort=sort, cursor=None), order)
    return heads


def _beside(request: Request, path: str, **also: Any) -> str:
    """Give the address of the same question elsewhere."""
    given = {name: value for name, value in request.query_params.items() if name not in ("cursor", "limit")}
    given |= {name: value for name, value in also.items() if value is not None}
    return str(URL(path=path).include_query_params(**given))
