"""/hidden-accounts: accounts that may have a need nobody has seen. Its JSON is GET /v1/accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.datastructures import URL

from api.champion import Champion
from api.list_schemas import HiddenAccountsQuery
from api.pages.downloads import Format, download
from api.pages.language import N_, Language, language_of
from api.pages.rendering import address, canonical, page
from api.pages.tables import Column, DataTable
from api.routes.hidden_accounts import hidden_accounts
from api.security import needs
from scoring.account_classification import account_criteria_from_dict

router = APIRouter(include_in_schema=False, dependencies=[Depends(needs("read")), Depends(canonical)])

_ROWS_AT_ONCE = 200


@router.get("/hidden-accounts")
def get_page(request: Request, asked: Annotated[HiddenAccountsQuery, Query()]) -> Response:
    """Show accounts without an open opportunity, the most probable need first."""
    found = hidden_accounts(request, asked)
    return page(
        request,
        "hidden_accounts.html",
        list=found["list"],
        rows=found["accounts"],
        chosen=asked.account_class,
        threshold=_threshold(request),
        all_url=address(request, **{"class": None, "cursor": None}),
        hidden_url=address(request, **{"class": "hidden", "cursor": None}),
        first_url=address(request, cursor=None) if asked.cursor else None,
        next_url=address(request, cursor=found["next_cursor"]) if found["next_cursor"] else None,
        downloads={kind: _beside(asked, f"/hidden-accounts.{kind}") for kind in ("csv", "xlsx")},
        json=str(URL(path="/v1/accounts").include_query_params(**dict(request.query_params))),
    )


def _threshold(request: Request) -> float | None:
    """From which probability of a need on an account is hidden, by the model in service."""
    model = cast(Champion, request.app.state.champion).model if hasattr(request.app.state, "champion") else None
    return None if model is None else account_criteria_from_dict(model.classification).threshold


@router.get("/hidden-accounts.{kind}")
def get_file(request: Request, kind: Format, asked: Annotated[HiddenAccountsQuery, Query()]) -> Response:
    """Give all accounts that the page has pages of."""
    language = language_of(request)
    columns = [Column(language.say(head), kind_of) for head, kind_of in _COLUMNS]  # type: ignore[arg-type]
    found = hidden_accounts(request, asked.model_copy(update={"limit": _ROWS_AT_ONCE, "cursor": None}))
    rows = _all_rows(request, asked, found, language)
    return download(DataTable("accounts", language.say(N_("Hidden accounts")), columns, rows), kind, "hidden-accounts")


_COLUMNS = (
    (N_("Rank"), "number"),
    (N_("Account"), "words"),
    (N_("Need within 90 days"), "share"),
    (N_("Class"), "words"),
    (N_("Evidence"), "words"),
    (N_("Scored"), "instant"),
)


def _all_rows(
    request: Request, asked: HiddenAccountsQuery, first: Mapping[str, Any], language: Language
) -> Iterator[list[Any]]:
    found = first
    while True:
        for row in found["accounts"]:
            yield _values(row, language)
        if found["next_cursor"] is None:
            return
        after = {"limit": _ROWS_AT_ONCE, "cursor": found["next_cursor"]}
        found = hidden_accounts(request, asked.model_copy(update=after))


def _values(row: Mapping[str, Any], language: Language) -> list[Any]:
    between = "；" if language.tag == "zh-CN" else "; "
    return [
        row["rank"],
        row["account_id"],
        row["need_probability_90d"],
        language.of(row["class"]["names"]) if row["class"] else None,
        between.join(str(one[language.tag]) for one in row["evidence"]),
        row["as_of"],
    ]


def _beside(asked: HiddenAccountsQuery, path: str) -> str:
    return str(URL(path=path).include_query_params(**({"class": asked.account_class} if asked.account_class else {})))
