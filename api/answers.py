"""What the service answers. Every field is always there; null says that there is nothing to say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Outcome = Literal["open", "won", "lost"]
ClassKey = Literal["active", "potential", "hidden"]


class Answer(BaseModel):
    """Every field is there."""

    # A number that is not finite must fail here, where a test sees it, and never reach a reader.
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, validate_by_name=True, validate_by_alias=False)


class Words(Answer):
    """The same in both languages."""

    en: str = Field(description="In English.", examples=["the model needs 40 more won opportunities"])
    zh_cn: str = Field(
        serialization_alias="zh-CN", description="In simplified Chinese.", examples=["模型还需要40个赢单商机"]
    )


class Reason(Words):
    """A code for programs, words for people."""

    code: str = Field(description="Code that stays the same in all versions.", examples=["need_confirmed_by_stage"])


class OpportunityClass(Answer):
    """The class of an open opportunity."""

    key: ClassKey = Field(description="The class.", examples=["active"])
    names: Words = Field(description="Its names.", examples=[{"en": "active", "zh-CN": "活跃机会"}])
    evidence: list[Reason] = Field(
        description="By what it was found.",
        examples=[[{"code": "no_contact_yet", "en": "no two-way contact yet", "zh-CN": "尚无双向沟通"}]],
    )


class Man(Answer):
    """Money, authority, need: upper case when the customer has it, lower case when not, ? when unknown."""

    code: str = Field(description="The code.", examples=["MaN"])
    advice: Words = Field(
        description="What to do.",
        examples=[{"en": "worth contact; find the person with authority", "zh-CN": "值得接触，设法找到有决策权的人"}],
    )


class HorizonAnswer(Answer):
    """What happens within some days; null while nothing closed from which the time could be learned."""

    days: float = Field(description="Days ahead.", examples=[30])
    by: AwareDatetime = Field(description="The instant that many days ahead.", examples=["2026-04-30T12:00:00Z"])
    win_probability: Share | None = Field(description="Probability of being won by then.", examples=[0.21])
    loss_probability: Share | None = Field(description="Probability of being lost by then.", examples=[0.08])


class PartAnswer(Answer):
    """What a feature, or a group of features, adds to the estimate."""

    key: str = Field(description="Name for programs of the feature, or of the group.", examples=["replies_7d"])
    group: str = Field(description="Group that it is in.", examples=["email"])
    names: Words = Field(description="Names.", examples=[{"en": "replies in 7 days", "zh-CN": "7天内回复次数"}])
    points: float = Field(description="What it adds, percentage points, exactly.", examples=[3.1823])
    shown: float = Field(description="The same to a tenth, so that all that is shown adds up.", examples=[3.2])


class UsualAnswer(Answer):
    """How often open opportunities with such a value were won in training."""

    words: Words = Field(
        description="How often they are won, and how often others.",
        examples=[
            {
                "en": "open opportunities with any are won in 41 % of cases, without any 18 %",
                "zh-CN": "有的商机赢单41%，没有的18%",
            }
        ],
    )
    share_won: Share = Field(description="Share won of those with such a value.", examples=[0.41])
    opportunities: int = Field(description="Number of opportunities that had such a value.", examples=[212])


class ReasonAnswer(PartAnswer):
    """One of the largest parts, in words. It raises or lowers the estimate; it need not cause the outcome."""

    value: Words = Field(description="The value.", examples=[{"en": "replies in 7 days: 2", "zh-CN": "7天内回复2次"}])
    usual: UsualAnswer | None = Field(
        description="What is usual; null where too few opportunities had such a value.",
        examples=[{"words": {"en": "…", "zh-CN": "…"}, "share_won": 0.41, "opportunities": 212}],
    )
    effect: Words = Field(
        description="By how much it raises or lowers the estimate.",
        examples=[{"en": "raises the estimate by 3.2 points", "zh-CN": "使估计升高3.2个百分点"}],
    )


class ReasonsAnswer(Answer):
    """What adds up to the win probability, in percentage points: the base, and the groups, or the features."""

    base: float = Field(description="Win probability of the typical open opportunity.", examples=[21.3482])
    base_shown: float = Field(description="The same to a tenth.", examples=[21.3])
    probability_shown: float = Field(description="The win probability in points, to a tenth.", examples=[46.1])
    groups: list[PartAnswer] = Field(
        description="What each group of features adds.", examples=[[{"key": "email", "points": 4.0112, "shown": 4.0}]]
    )
    features: list[PartAnswer] = Field(
        description="What each feature adds, the largest first; what adds nothing is left out.",
        examples=[[{"key": "replies_7d", "points": 3.1823, "shown": 3.2}]],
    )
    up: list[ReasonAnswer] = Field(
        description="The five features that raise the estimate most.", examples=[[{"key": "replies_7d", "shown": 3.2}]]
    )
    down: list[ReasonAnswer] = Field(
        description="The five features that lower the estimate most.",
        examples=[[{"key": "days_in_stage", "shown": -1.4}]],
    )


class Interval(Answer):
    """The middle 80 % of where the best possible probability of the same records may be."""

    low: Share = Field(description="Lower bound.", examples=[0.35])
    high: Share = Field(description="Upper bound.", examples=[0.58])


class ScoreAnswer(Answer):
    """What is said of one opportunity; probabilities, dates and class are null unless it is open."""

    opportunity_id: str = Field(description="Id of the opportunity.", examples=["o-42"])
    as_of: AwareDatetime = Field(description="The instant answered for.", examples=["2026-03-31T12:00:00Z"])
    status: Literal["ok", "little_data", "stale_input", "forgotten", "closed", "not_open_yet"] = Field(
        description="little_data: the model has seen fewer than 40 won or 40 lost opportunities. stale_input: its "
        "newest record is older than that of 99 in 100 open opportunities in training. forgotten: open, and silent "
        "for far longer than nearly all that closed ever were; its probability is that of such ones.",
        examples=["ok"],
    )
    status_reason: Words | None = Field(
        description="Why the status is not ok.",
        examples=[{"en": "the model needs 40 more won opportunities", "zh-CN": "模型还需要40个赢单商机"}],
    )
    outcome: Outcome | None = Field(description="Outcome as known.", examples=["open"])
    win_probability: Share | None = Field(description="Probability that it is ever won.", examples=[0.46])
    interval: Interval | None = Field(
        description="How far off that may be; null unless it is open, and when it is forgotten.",
        examples=[{"low": 0.35, "high": 0.58}],
    )
    fixed_weight_probability: Share | None = Field(
        description="What the fixed weight of its stage says.", examples=[0.5]
    )
    horizons: list[HorizonAnswer] = Field(
        description="Win and loss by each horizon asked for, in that order.",
        examples=[
            [{"days": 30, "by": "2026-04-30T12:00:00Z", "win_probability": 0.21, "loss_probability": 0.08}],
        ],
    )
    expected_close: AwareDatetime | None = Field(
        description="Median time of the close, given that it is won.", examples=["2026-05-12T03:00:00Z"]
    )
    opportunity_class: OpportunityClass | None = Field(
        serialization_alias="class",
        description="Active, potential or hidden.",
        examples=[{"key": "active", "names": {"en": "active", "zh-CN": "活跃机会"}, "evidence": []}],
    )
    man: Man = Field(
        description="MAN code with its advice.",
        examples=[{"code": "MAN", "advice": {"en": "an ideal prospect", "zh-CN": "理想的销售对象"}}],
    )
    reasons: ReasonsAnswer | None = Field(
        description="What adds up to the probability; null when it was not asked for, and unless it is open.",
        examples=[{"base": 21.3482, "base_shown": 21.3, "probability_shown": 46.1}],
    )
    model_version: str = Field(description="Version of the model that answered.", examples=["3"])
    segment: str | None = Field(
        description="The segment that this model was trained for; null for the model of all.",
        examples=["product=suite"],
    )
    context_as_of: AwareDatetime | None = Field(
        description="When the past results of owner, account, source, product … were last known; "
        "null when none were learned.",
        examples=["2026-03-01T00:00:00Z"],
    )
    notes: list[Reason] = Field(
        description="What was put right in the request.",
        examples=[[{"code": "sent_twice", "en": "the same event was sent twice, counted once", "zh-CN": "重复"}]],
    )


class ScoresAnswer(Answer):
    """Scores in the order of the request."""

    model_version: str = Field(description="Version of the model.", examples=["3"])
    as_of: AwareDatetime = Field(description="The instant answered for.", examples=["2026-03-31T12:00:00Z"])
    origin: str = Field(
        description="Where the data came from that the model was trained on; simulated is not real.",
        examples=["import"],
    )
    scores: list[ScoreAnswer] = Field(
        description="One score an opportunity.", examples=[[{"opportunity_id": "o-42", "win_probability": 0.46}]]
    )


class HealthAnswer(Answer):
    """Whether the service is alive."""

    status: Literal["alive"] = Field(description="Always alive.", examples=["alive"])


class ReadyAnswer(Answer):
    """Whether a model is in service."""

    status: Literal["ready"] = Field(description="Always ready; 503 otherwise.", examples=["ready"])
    model_version: str = Field(description="Version of the model.", examples=["3"])
