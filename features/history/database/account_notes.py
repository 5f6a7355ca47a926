"""Accounts that merges name and that nothing else was told of: mostly an id that is wrong, or an account to come."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select, text

from features.history.database.parts import parts_of
from features.history.database.tables import ACCOUNTS, ACTIVITY, CONTACTS, EVENTS, FIELD, OF_MOVES, OPPORTUNITIES
from features.history.live_rules import Note

_E = EVENTS.c
_NAMED = (
    select(ACCOUNTS.c.account_id),
    select(OPPORTUNITIES.c.account_id),
    select(CONTACTS.c.account_id),
    select(_E.account_id).where(_E.kind.in_((ACTIVITY, FIELD))),
    select(_E.value).where(text(OF_MOVES)),
)
"""Where an account is told of, or named: accounts need not be told of themselves."""


def account_notes(connection: Connection, accounts: Collection[str]) -> dict[str, Note]:
    """Say of accounts that merges name which were never told of, nor named by anything else."""
    known: set[str] = set()
    for part in parts_of(sorted(accounts)):
        for asked in _NAMED:
            column = next(iter(asked.selected_columns))
            known.update(connection.execute(asked.where(column.in_(part)).distinct()).scalars())
    return {name: _note(name) for name in accounts if name not in known}


def _note(name: str) -> Note:
    return Note(
        "account_not_told",
        f"account {name!r} was never told of, and nothing else names it: the merge holds, and counts for what is told "
        "of it later; if the id is wrong, retract the merge",
        f"客户{name!r}从未上报，也未被任何内容引用：合并有效，之后上报的内容按合并计；若编号有误，请撤回该合并",
    )
