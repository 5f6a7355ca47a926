"""Ids that were erased: what a sender repeats long after must not bring them back by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from features.errors import RequestError
from features.history.database.parts import rows_by_id
from features.history.database.rows import digest_of_id
from features.history.database.tables import ACCOUNTS, CONTACTS, ERASURES, OPPORTUNITIES

_KINDS = {"opportunity_id": "opportunity", "account_id": "account", "contact_id": "contact", "into": "account"}
_TABLES = {"opportunity": OPPORTUNITIES, "account": ACCOUNTS, "contact": CONTACTS}

Named = tuple[str, str]
"""A kind and an id."""


def still_erased(connection: Connection, bodies: Sequence[Mapping[str, Any]]) -> set[Named]:
    """Find what events name, by kind and id, that was erased and not told of again since."""
    if connection.execute(select(ERASURES.c.seq).limit(1)).first() is None:
        return set()
    named = {(kind, str(name)) for body in bodies for _, kind, name in _named(body)}
    by_digest = {digest_of_id(*one): one for one in named}
    rows = rows_by_id(connection, ERASURES, ("digest", "kind"), list(by_digest))
    erased = {by_digest[digest] for digest, kind in rows if kind == by_digest[digest][0]}
    for kind, table in _TABLES.items():
        ids = [name for of_kind, name in erased if of_kind == kind]
        erased -= {(kind, row[0]) for row in rows_by_id(connection, table, (f"{kind}_id",), ids)}
    return erased


def check_not_erased(body: Mapping[str, Any], erased: Collection[Named]) -> None:
    """Refuse an event that names what was erased.

    Raises
    ------
    RequestError
        It does.

    Examples
    --------
    >>> check_not_erased({"account_id": "a-17"}, {("account", "a-17")})
    Traceback (most recent call last):
    ...
    features.errors.RequestError: Found: account 'a-17', which was erased. Expected: one that was not, or was told of
    again since. Do: PUT the account again first, if it may be stored again.
    """
    for key, kind, name in _named(body) if erased else ():
        if (kind, name) in erased:
            raise RequestError(
                f"{kind} {name!r}, which was erased",
                "one that was not, or was told of again since",
                f"PUT the {kind} again first, if it may be stored again",
                f"/{key}",
            )


def _named(body: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Ids that an event names, each with its field and kind; a move names an account in its value."""
    yield from ((key, kind, body[key]) for key, kind in _KINDS.items() if body.get(key))
    if body.get("field") == "account_id" and body.get("value"):
        yield "value", "account", body["value"]
