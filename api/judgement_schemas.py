"""A person's own probability or class beside the model's: what is asked, and what is answered."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from api.answers import Answer, ClassKey, Share, Words
from api.field_types import NO_NUL, Strict

_BECAUSE = Field(description="Why, in the person's words.", examples=["the buyer told me that the budget is cut"])
_PERSON = Field(description="Who says so.", examples=["li.na"])


class JudgementBody(Strict):
    """What a person thinks of an open opportunity; of probability and class at least one."""

    person: Annotated[str, Field(min_length=1, max_length=255, pattern=NO_NUL)] = _PERSON
    probability: Share | None = Field(None, description="The person's probability that it is won.", examples=[0.2])
    opportunity_class: ClassKey | None = Field(
        None, alias="class", description="The person's class.", examples=["potential"]
    )
    because: Annotated[str, Field(min_length=1, max_length=2000, pattern=NO_NUL)] = _BECAUSE

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.probability is None and self.opportunity_class is None:
            found = {"found": "neither probability nor class"}
            raise PydanticCustomError("judgement", "a probability, a class, or both", found)
        return self


class JudgementAnswer(Answer):
    """What a person said, and what the model said at that instant."""

    person: str = _PERSON
    win_probability: Share | None = Field(description="The person's probability.", examples=[0.2])
    class_key: ClassKey | None = Field(
        description="The person's class.", serialization_alias="class", examples=["potential"]
    )
    because: str = _BECAUSE
    recorded_at: AwareDatetime = Field(description="When it was said.", examples=["2026-03-02T09:30:01Z"])
    withdrawn_at: AwareDatetime | None = Field(
        description="When it was withdrawn, or replaced by the same person; null while it stands.", examples=[None]
    )
    model_win_probability: Share | None = Field(description="The model's probability then.", examples=[0.46])
    model_class: ClassKey | None = Field(description="The model's class then.", examples=["active"])
    model_version: str = Field(description="The model that answered then.", examples=["3"])


class PutJudgementAnswer(Answer):
    """A judgement that was written."""

    result: Literal["created", "duplicate"] = Field(
        description="duplicate: this person's judgement stands as it is.", examples=["created"]
    )
    through_seq: int = Field(description="Number of the last commit.", examples=[1204])
    judgement: JudgementAnswer = Field(description="The judgement.", examples=[{"person": "li.na"}])


class JudgementsAnswer(Answer):
    """Judgements of one opportunity."""

    judgement: JudgementAnswer | None = Field(
        description="The last that stands; null when none does.", examples=[{"person": "li.na"}]
    )
    history: list[JudgementAnswer] = Field(
        description="All of them in their order, those withdrawn too.", examples=[[{"person": "li.na"}]]
    )


class ComparisonAnswer(Answer):
    """How near the person's and the model's probabilities of the same instants were; lower losses are nearer."""

    opportunities: int = Field(description="Opportunities judged with a probability, and closed since.", examples=[52])
    won: int = Field(description="Won ones among them.", examples=[17])
    person_log_loss: float | None = Field(description="Mean log loss of the person's.", examples=[0.61])
    model_log_loss: float | None = Field(description="Mean log loss of the model's.", examples=[0.55])
    person_brier: float | None = Field(description="Brier score of the person's.", examples=[0.21])
    model_brier: float | None = Field(description="Brier score of the model's.", examples=[0.18])
    brier_difference: float | None = Field(description="The person's less the model's.", examples=[0.03])
    standard_error: float | None = Field(
        description="Standard error of that difference; null with fewer than two.", examples=[0.012]
    )
    verdict: Words = Field(
        description="Who was nearer, or that there are too few to say.",
        examples=[{"en": "neither was clearly nearer", "zh-CN": "两者没有明显差别"}],
    )


class PersonComparisonAnswer(ComparisonAnswer):
    """The comparison of one person."""

    person: str = _PERSON


class JudgementComparisonAnswer(Answer):
    """Judgements held against what became of the opportunities.

    A judgement counts when it stood at the first close after it.
    """

    overall: ComparisonAnswer = Field(description="All persons together.", examples=[{"opportunities": 52}])
    people: list[PersonComparisonAnswer] = Field(
        description="By person, the most judged first.", examples=[[{"person": "li.na", "opportunities": 12}]]
    )
    still_open: int = Field(description="Judgements of opportunities that are open still.", examples=[31])
    closed_before: int = Field(
        description="Judgements of opportunities that were closed already, which was told later.", examples=[0]
    )
    without_probability: int = Field(description="Judgements of a class alone, which are not compared.", examples=[4])
    withdrawn: int = Field(
        description="Judgements that were withdrawn or replaced before a close, which are not compared.", examples=[2]
    )
