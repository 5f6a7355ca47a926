"""Accounts without an open opportunity: scored from the database, and written as rows of the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from api.background.part import Moment
from api.routes.accounts import account_answer
from features.account_view import accounts_of
from features.history.database.history_of import history_of_accounts
from features.history.database.reads import merged_by
from models.artifact import Artifact
from scoring.accounts import AccountScore, score_accounts


def score_account_groups(
    connection: Connection, groups: Sequence[tuple[str, ...]], artifact: Artifact, moment: Moment
) -> list[AccountScore]:
    """Score accounts that are known and have no open opportunity; those that are one are scored as one.

    Parameters
    ----------
    groups
        Accounts that are one, together.

    Returns
    -------
    Scores of those without an open opportunity; the others are left out.
    """
    names = [name for group in groups for name in group]
    history = history_of_accounts(connection, names, moment.cut, moment.description)
    if not len(accounts_of(history)):
        return []
    wanted = {merged_by(connection, moment.cut).name_of(name) for name in names}
    return [score for score in score_accounts(history, moment.as_of, artifact) if score.account_id in wanted]


def listed_account(score: AccountScore, as_of: int) -> dict[str, Any]:
    """Write an account's score as a row of the list; its rank is its place among the rows when they are read."""
    return {
        "account_id": score.account_id,
        "as_of": as_of,
        "status": score.status,
        "account_class": score.account_class,
        "need_probability": score.need_probability,
        "rank": None,
        "answer": account_answer(score).model_dump_json(by_alias=True),
    }
