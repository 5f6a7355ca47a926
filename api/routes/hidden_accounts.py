"""GET /v1/accounts: accounts without an open opportunity."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from api.cursor import Cursor, checked, digest_of_asked, written
from api.list_answers import HiddenAccountsAnswer
from api.list_schemas import HiddenAccountsQuery
from api.problems import documented
from api.routes.work_list import list_in_service, state_of
from api.security import needs
from api.store.pages import Asked, Order, Place, page
from api.store.service import database_of
from api.store.tables import LISTED_ACCOUNTS

router = APIRouter(tags=["lists"], dependencies=[Depends(needs("read"))])

_ORDER = Order(LISTED_ACCOUNTS.c.need_probability, descending=True)


@router.get(
    "/v1/accounts",
    responses=documented(410),
    response_model=HiddenAccountsAnswer,
    summary="List accounts that may have a need",
)
def get_hidden_accounts(request: Request, asked: Annotated[HiddenAccountsQuery, Query()]) -> Response:
    """List accounts without an open opportunity, the most probable need first, each with its evidence.

    With class=hidden only those in which nobody has identified a need that is likely. The
    list is that of GET /v1/opportunities, with its cursors and its 503 before it is there;
    it is empty while the model has not learned the need of accounts.
    """
    return Response(json.dumps(hidden_accounts(request, asked), ensure_ascii=False), media_type="application/json")


def hidden_accounts(request: Request, asked: HiddenAccountsQuery) -> dict[str, Any]:
    """Read a page of accounts, as JSON has it."""
    filters = asked.model_dump(by_alias=True, exclude_none=True)
    digest = digest_of_asked(filters | {"of": "accounts"})
    conditions = [] if asked.account_class is None else [LISTED_ACCOUNTS.c.account_class == asked.account_class]
    with database_of(request).reading() as connection:
        current = list_in_service(connection)
        cursor = checked(asked.cursor, current.list_id, digest)
        question = Asked(current.list_id, _ORDER, conditions)
        rows = page(connection, question, cursor.place if cursor else None, asked.limit + 1)
        state = state_of(connection, current, request.app.state.clock)
    first, shown = cursor.rows if cursor else 0, rows[: asked.limit]
    after = None
    if len(rows) > asked.limit:
        place = Place(shown[-1]["need_probability"], shown[-1]["account_id"])
        after = written(Cursor(current.list_id, digest, place, first + len(shown)))
    accounts = [
        json.loads(row["answer"]) | {"rank": first + number if row["need_probability"] is not None else None}
        for number, row in enumerate(shown, start=1)
    ]
    return {"list": state.model_dump(mode="json", by_alias=True), "accounts": accounts, "next_cursor": after}
