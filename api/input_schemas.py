"""Targets, commits, teams and exchange rates: what is told, and what is answered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

from api.answers import Answer, Words
from api.field_types import Currency, Day, Id, Instant, Strict, Word

_MOST_ROWS = 10_000
_MOST = 1e15

KindName = Literal["targets", "commits", "teams", "rates"]
Money = Annotated[float, Field(ge=0, le=_MOST)]

_VALID = Field(
    None, description="From when it holds; from when it is told if absent.", examples=["2026-04-01T00:00:00+08:00"]
)
_AMOUNT = Field(None, description="Amount; null when it is not stated.", examples=[500000])
_CURRENCY = Field(None, description="ISO 4217 code of the amount.", examples=["CNY"])
_WINS = Field(None, description="Number of wins; null when it is not stated.", examples=[38])
_OWNER = Field(description="The owner.", examples=["owner_03"])
_FIRST = Field(description="First day of the period.", examples=["2026-04-01"], strict=False)
_LAST = Field(description="Last day of the period.", examples=["2026-06-30"], strict=False)


class TargetRow(Strict):
    """What is to be reached in a period, by the company or a part of it."""

    scope: Literal["company", "team", "owner", "product", "region"] = Field(
        description="What it is set for.", examples=["team"]
    )
    name: Word | None = Field(None, description="Which one; null for the company.", examples=["team_1"])
    period_start: Day = _FIRST
    period_end: Day = _LAST
    amount: Money | None = _AMOUNT
    currency: Currency | None = _CURRENCY
    wins: Money | None = _WINS
    valid_from: Instant | None = _VALID


class CommitRow(Strict):
    """What an owner commits to for a period."""

    owner_id: Id = _OWNER
    period_start: Day = _FIRST
    period_end: Day = _LAST
    amount: Money | None = _AMOUNT
    currency: Currency | None = _CURRENCY
    wins: Money | None = _WINS
    valid_from: Instant | None = _VALID


class TeamRow(Strict):
    """Which team an owner belongs to."""

    owner_id: Id = _OWNER
    team: Word | None = Field(None, description="The team; null when in none.", examples=["team_1"])
    valid_from: Instant | None = _VALID


class RateRow(Strict):
    """What one unit of a currency is in another."""

    currency: Currency = Field(description="ISO 4217 code of what is converted.", examples=["EUR"])
    to_currency: Currency = Field(description="ISO 4217 code of what it is converted to.", examples=["CNY"])
    rate: Annotated[float, Field(gt=0, le=_MOST)] | None = Field(
        None, description="How much of it one unit is; null when not known any more.", examples=[7.8]
    )
    valid_from: Instant | None = _VALID


class TargetsBody(Strict):
    """Targets."""

    targets: Annotated[list[TargetRow], Field(min_length=1, max_length=_MOST_ROWS)] = Field(
        description="Targets; a later row of the same scope, name and period replaces the earlier.",
        examples=[[{"scope": "company", "period_start": "2026-04-01", "period_end": "2026-06-30", "wins": 38}]],
    )


class CommitsBody(Strict):
    """Commits of owners."""

    commits: Annotated[list[CommitRow], Field(min_length=1, max_length=_MOST_ROWS)] = Field(
        description="Commits; a later row of the same owner and period replaces the earlier.",
        examples=[[{"owner_id": "owner_03", "period_start": "2026-04-01", "period_end": "2026-06-30", "wins": 5}]],
    )


class TeamsBody(Strict):
    """Teams over time."""

    teams: Annotated[list[TeamRow], Field(min_length=1, max_length=_MOST_ROWS)] = Field(
        description="Who belongs where, each from an instant on.",
        examples=[[{"owner_id": "owner_03", "team": "team_1"}]],
    )


class RatesBody(Strict):
    """Exchange rates."""

    rates: Annotated[list[RateRow], Field(min_length=1, max_length=_MOST_ROWS)] = Field(
        description="Rates, each from an instant on.",
        examples=[[{"currency": "EUR", "to_currency": "CNY", "rate": 7.8}]],
    )


BODIES: dict[str, type[TargetsBody] | type[CommitsBody] | type[TeamsBody] | type[RatesBody]] = {
    "targets": TargetsBody,
    "commits": CommitsBody,
    "teams": TeamsBody,
    "rates": RatesBody,
}
"""What each kind is told by."""

ROWS: dict[str, type[BaseModel]] = {"targets": TargetRow, "commits": CommitRow, "teams": TeamRow, "rates": RateRow}


class WrittenInputsAnswer(Answer):
    """What became of rows that were told."""

    written: int = Field(description="Rows that were new.", examples=[1])
    duplicates: int = Field(
        description="Rows that said what was said already, or that a later row of the body replaces.", examples=[0]
    )
    notes: list[Words] = Field(
        description="What a reader must know, such as days that are no month, quarter or year.",
        examples=[[{"en": "a target of 500,000 CNY for … matches no month", "zh-CN": "……与任何月、季、年都不一致"}]],
    )
    through_seq: int = Field(description="Number of the last commit.", examples=[1204])


class InputAnswer(Answer):
    """One row that holds; fields of other kinds are null."""

    scope: str | None = Field(description="What a target is set for.", examples=["team"])
    name: str | None = Field(description="Which one.", examples=["team_1"])
    owner_id: str | None = Field(description="The owner of a commit, or a member of a team.", examples=["owner_03"])
    team: str | None = Field(description="The team.", examples=["team_1"])
    period_start: str | None = Field(description="First day of the period.", examples=["2026-04-01"])
    period_end: str | None = Field(description="Last day of the period.", examples=["2026-06-30"])
    amount: float | None = Field(description="Amount.", examples=[500000])
    wins: float | None = Field(description="Number of wins.", examples=[38])
    currency: str | None = Field(description="Currency of the amount, or what is converted.", examples=["EUR"])
    to_currency: str | None = Field(description="What it is converted to.", examples=["CNY"])
    rate: float | None = Field(description="How much of it one unit is.", examples=[7.8])
    valid_from: AwareDatetime = Field(description="From when it holds.", examples=["2026-04-01T00:00:00Z"])
    recorded_at: AwareDatetime = Field(description="When it was told.", examples=["2026-03-30T08:00:00Z"])


class InputsAnswer(Answer):
    """The rows of one kind that hold, one for each key."""

    kind: KindName = Field(description="The kind.", examples=["rates"])
    rows: list[InputAnswer] = Field(description="In the order in which they were told.", examples=[[]])
