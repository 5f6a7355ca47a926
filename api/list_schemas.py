"""What may be asked of lists, in the query of a URL."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.answers import ClassKey
from api.field_types import Instant
from api.list_answers import TrendKey

_Probability = Annotated[float, Field(ge=0, le=1)]
_Name = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00]+$")]
_Cursor = Annotated[str, Field(min_length=1, max_length=2000)]
_Limit = Annotated[int, Field(ge=1, le=200)]

Sort = Literal[
    "expected_value",
    "-expected_value",
    "probability",
    "-probability",
    "expected_close",
    "-expected_close",
    "amount",
    "-amount",
    "as_of",
    "-as_of",
]


class Query(BaseModel):
    """No unknown parameter; what is left out is not asked."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)


class WorkListQuery(Query):
    """Which open opportunities, in which order."""

    opportunity_class: ClassKey | None = Field(None, alias="class", description="Only of this class.")
    owner: _Name | None = Field(None, description="Only of this owner, as last told.")
    team: _Name | None = Field(None, description="Only of this team.")
    product: _Name | None = Field(None, description="Only for this product.")
    stage: _Name | None = Field(None, description="Only in this stage.")
    status: Literal["ok", "little_data", "stale_input", "forgotten"] | None = Field(
        None, description="Only with this status of the score."
    )
    trend: TrendKey | None = Field(None, description="Only with this trend.")
    currency: _Name | None = Field(
        None, description="Only with amounts in this currency: values in several are not compared."
    )
    min_probability: _Probability | None = Field(None, description="Win probability at least this.")
    max_probability: _Probability | None = Field(None, description="Win probability at most this.")
    min_amount: Annotated[float, Field(ge=0, le=1e15)] | None = Field(None, description="Amount at least this.")
    min_expected_value: Annotated[float, Field(ge=0, le=1e15)] | None = Field(
        None, description="Expected value at least this, in the currency of each; name one where there are several."
    )
    sort: Sort = Field(
        "-expected_value",
        description="By what it is sorted; with - the largest first. Rows without a value come last, ties by id.",
    )
    limit: _Limit = Field(50, description="Rows of a page.")
    cursor: _Cursor | None = Field(None, description="next_cursor of the page before, with the same filters and sort.")


class HiddenAccountsQuery(Query):
    """Which accounts without an open opportunity."""

    account_class: Literal["hidden"] | None = Field(
        None, alias="class", description="hidden: only those in which a need is likely; all without it."
    )
    limit: _Limit = Field(50, description="Rows of a page.")
    cursor: _Cursor | None = Field(None, description="next_cursor of the page before.")


class ScoreHistoryQuery(Query):
    """Which scores of an opportunity."""

    before: Instant | None = Field(None, description="Only older than this; next_before of the page before.")
    limit: Annotated[int, Field(ge=1, le=1000)] = Field(100, description="Scores of a page.")
