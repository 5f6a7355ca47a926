"""What the service answers about lists: work lists, hidden accounts, the history of scores, the shadow."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from api.account_answers import AccountScoreAnswer
from api.answers import Answer, ClassKey, Interval, Outcome, Share, Words

TrendKey = Literal["improving", "steady", "declining", "not_enough_information"]
StatusKey = Literal["ok", "little_data", "stale_input", "forgotten", "closed", "not_open_yet"]


class TrendAnswer(Answer):
    """Where the win probability has been going in the last 30 days, beyond what is noise."""

    key: TrendKey = Field(description="The trend.", examples=["improving"])
    names: Words = Field(description="Its names.", examples=[{"en": "improving", "zh-CN": "好转"}])


class ClassAnswer(Answer):
    """The class of an open opportunity; the evidence is with its own score."""

    key: ClassKey = Field(description="The class.", examples=["active"])
    names: Words = Field(description="Its names.", examples=[{"en": "active", "zh-CN": "活跃机会"}])


class ListState(Answer):
    """Of which list an answer is, and how far it is behind."""

    as_of: AwareDatetime = Field(
        description="When all of the list was scored; rows that something happened to since are newer.",
        examples=["2026-03-31T02:00:00Z"],
    )
    model_version: str = Field(
        description="Version of the model that scored every row of it; with models of segments, theirs too.",
        examples=["3"],
    )
    through_seq: int = Field(description="Every commit up to this one is in it.", examples=[48211])
    commits_behind: int = Field(description="Commits that are not in it yet.", examples=[0])
    seconds_behind: float = Field(
        description="Seconds since the first commit that is not in it; 0 when every one is.", examples=[0]
    )


class ListedOpportunity(Answer):
    """One open opportunity of a work list."""

    opportunity_id: str = Field(description="Id of the opportunity.", examples=["o-42"])
    as_of: AwareDatetime = Field(description="When it was scored.", examples=["2026-03-31T11:58:07Z"])
    status: StatusKey = Field(description="How the score is to be taken, as for POST /v1/scores.", examples=["ok"])
    win_probability: Share | None = Field(description="Probability that it is ever won.", examples=[0.46])
    interval: Interval | None = Field(
        description="How far off that may be; null when it is forgotten.", examples=[{"low": 0.35, "high": 0.58}]
    )
    fixed_weight_probability: Share | None = Field(
        description="What the fixed weight of its stage says.", examples=[0.5]
    )
    expected_value: float | None = Field(
        description="Probability × amount, in the currency of the row; null without an amount.", examples=[11500.0]
    )
    expected_close: AwareDatetime | None = Field(
        description="Median time of the close, given that it is won.", examples=["2026-05-12T03:00:00Z"]
    )
    amount: float | None = Field(description="Amount as last told.", examples=[25000.0])
    currency: str | None = Field(description="Currency of the amount.", examples=["EUR"])
    opportunity_class: ClassAnswer | None = Field(
        serialization_alias="class", description="Active, potential or hidden.", examples=[{"key": "active"}]
    )
    man: str | None = Field(description="MAN code.", examples=["MaN"])
    stage: str | None = Field(description="Key of its stage.", examples=["proposal"])
    account_id: str | None = Field(description="Its account.", examples=["a-17"])
    owner_id: str | None = Field(description="Its owner as last told.", examples=["kim"])
    team: str | None = Field(description="Its team.", examples=["north"])
    product: str | None = Field(description="Its product.", examples=["suite"])
    process: str | None = Field(description="Its sales process.", examples=["default"])
    trend: TrendAnswer = Field(description="Where its probability has been going.", examples=[{"key": "steady"}])


class CurrencyTotals(Answer):
    """Sums over the opportunities of one currency."""

    currency: str | None = Field(description="The currency; null where none is named.", examples=["EUR"])
    opportunities: int = Field(description="Opportunities with it.", examples=[120])
    without_amount: int = Field(description="Those without an amount: in no sum of amounts.", examples=[3])
    amount: float | None = Field(description="Sum of amounts; null where none is known.", examples=[3000000.0])
    expected_value: float | None = Field(description="Sum of learned probability × amount.", examples=[960000.0])
    by_fixed_weights: float | None = Field(description="Sum of fixed weight × amount.", examples=[1350000.0])


class WorkListTotals(Answer):
    """What all opportunities that the filters leave come to, on whatever page they are."""

    opportunities: int = Field(description="How many.", examples=[120])
    expected_wins: float = Field(description="Sum of learned probabilities.", examples=[38.4])
    wins_by_fixed_weights: float = Field(description="Sum of fixed weights.", examples=[54.0])
    currencies: list[CurrencyTotals] = Field(
        description="Sums by currency, the one of most opportunities first; they are not added up.",
        examples=[[{"currency": "EUR", "amount": 3000000.0}]],
    )


class WorkListAnswer(Answer):
    """A page of the work list."""

    state: ListState = Field(
        serialization_alias="list", description="Of which list it is.", examples=[{"model_version": "3"}]
    )
    opportunities: list[ListedOpportunity] = Field(
        description="Open opportunities in the order asked for.", examples=[[{"opportunity_id": "o-42"}]]
    )
    next_cursor: str | None = Field(
        description="Send it as cursor for the next page, with the same filters and sort; null after the last.",
        examples=["WzcsIjNmMGEi…"],
    )
    totals: WorkListTotals | None = Field(
        description="What all that the filters leave comes to; with the first page only, null with a cursor.",
        examples=[{"opportunities": 120, "expected_wins": 38.4, "wins_by_fixed_weights": 54.0}],
    )


class HiddenAccountsAnswer(Answer):
    """A page of accounts without an open opportunity, the most probable need first."""

    state: ListState = Field(
        serialization_alias="list", description="Of which list it is.", examples=[{"model_version": "3"}]
    )
    accounts: list[AccountScoreAnswer] = Field(
        description="Accounts with their evidence; empty while the need of accounts is not learned.",
        examples=[[{"account_id": "a-17", "need_probability_90d": 0.21}]],
    )
    next_cursor: str | None = Field(
        description="Send it as cursor for the next page; null after the last.", examples=["WzcsIjNmMGEi…"]
    )


class KeptScore(Answer):
    """A score that was given before, or worked out later as of then."""

    was_served: bool = Field(
        description="False: worked out later, from what was known then; nobody was told it at that instant.",
        examples=[True],
    )

    as_of: AwareDatetime = Field(description="The instant answered for.", examples=["2026-03-31T12:00:00Z"])
    through_seq: int = Field(
        description="The last commit that it knew; with as_of and the version it can be computed again, exactly.",
        examples=[48211],
    )
    model_version: str = Field(description="Version of the model that answered.", examples=["3"])
    segment: str | None = Field(description="Segment of the model; null for the model of all.", examples=[None])
    status: StatusKey = Field(description="How the score is to be taken.", examples=["ok"])
    outcome: Outcome | None = Field(description="Outcome as then known.", examples=["open"])
    win_probability: Share | None = Field(description="Null unless it was open.", examples=[0.46])
    interval: Interval | None = Field(description="How far off that may be.", examples=[{"low": 0.35, "high": 0.58}])
    opportunity_class: ClassAnswer | None = Field(
        serialization_alias="class", description="Active, potential or hidden.", examples=[{"key": "active"}]
    )


class ScoreHistoryAnswer(Answer):
    """Scores of one opportunity, the newest first: one when something changed, and one a day."""

    opportunity_id: str = Field(description="Id of the opportunity.", examples=["o-42"])
    trend: TrendAnswer = Field(
        description="Where its probability has been going, by the scores kept.", examples=[{"key": "steady"}]
    )
    scores: list[KeptScore] = Field(description="The scores.", examples=[[{"win_probability": 0.46}]])
    next_before: AwareDatetime | None = Field(
        description="Send it as before for older scores; null when there are none.", examples=[None]
    )


class NearnessAnswer(Answer):
    """How near probabilities were to what happened; lower is nearer."""

    log_loss: float | None = Field(description="Mean logarithmic loss; null while nothing closed.", examples=[0.41])
    brier: float | None = Field(description="Mean squared difference; null while nothing closed.", examples=[0.13])


class ShadowAnswer(Answer):
    """The challenger in the shadow beside the model in service, on the same opportunities at the same instants."""

    version: str = Field(description="Version of the challenger.", examples=["4"])
    champion_version: str = Field(description="Version of the model in service.", examples=["3"])
    opportunities: int = Field(description="Opportunities that both scored.", examples=[812])
    mean_difference: float | None = Field(
        description="Mean of challenger less champion, last scores.", examples=[-0.004]
    )
    mean_absolute_difference: float | None = Field(
        description="Mean distance of the two, last scores.", examples=[0.031]
    )
    log_odds_correlation: float | None = Field(
        description="Correlation of their log-odds; null where either says the same of all.", examples=[0.94]
    )
    classes_differ: int = Field(description="Opportunities that they class differently.", examples=[17])
    closed: int = Field(description="Of the opportunities, those that closed since both scored them.", examples=[96])
    won: int = Field(description="Of those, the won.", examples=[31])
    champion: NearnessAnswer = Field(
        description="The champion's first score of each that closed.", examples=[{"log_loss": 0.43, "brier": 0.14}]
    )
    challenger: NearnessAnswer = Field(
        description="The challenger's first score of each that closed.", examples=[{"log_loss": 0.41, "brier": 0.13}]
    )
