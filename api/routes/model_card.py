"""GET /v1/models/champion/card and /v1/models/promotions: whether to trust the model, and how it came into service."""

from __future__ import annotations

from typing import Any, cast

from fastapi import APIRouter, Depends, Request, Response

from api.answers import Words
from api.card.document import Block, Bullets, Document, Paragraph, Picture, Text
from api.champion import Champion
from api.model_card_answers import BlockAnswer, CardAnswer, PromotionAnswer, PromotionsAnswer, SectionAnswer
from api.reading import answered
from api.security import needs
from models.kept_promotions import FILE, kept_promotions
from models.promotions import Decision

router = APIRouter(dependencies=[Depends(needs("read"))])


@router.get("/v1/models/champion/card", response_model=CardAnswer, summary="Read the model's card")
def get_card(request: Request) -> Response:
    """Say what a person needs to know before trusting the model in service, what is bad first."""
    document = card_of(request)
    answer = CardAnswer(
        version=cast(Champion, request.app.state.champion).artifact.version,
        title=_words(document.title),
        sections=[
            SectionAnswer(title=_words(section.title), blocks=[_block(block) for block in section.blocks])
            for section in document.sections
        ],
    )
    return answered(answer)


@router.get("/v1/models/promotions", response_model=PromotionsAnswer, summary="Read the promotion log")
def get_promotions(request: Request) -> Response:
    """List every decision on which model is in service, as it was kept beside the model."""
    answer = PromotionsAnswer(promotions=[_promotion(entry) for entry in promotions_of(request)])
    return answered(answer)


def card_of(request: Request) -> Document:
    """Put together the card of the model in service."""
    # Imported here: its pictures need matplotlib, for which nothing else should wait.
    from api.card.model_card import model_card

    return model_card(cast(Champion, request.app.state.champion).artifact)


def promotions_of(request: Request) -> list[Decision]:
    """Read the promotion log of this installation."""
    return kept_promotions(request.app.state.settings.home / FILE)


def _block(block: Block) -> BlockAnswer:
    about: dict[str, Any] = {"text": None, "items": [], "heads": [], "rows": []}
    if isinstance(block, Paragraph):
        return BlockAnswer(kind="paragraph", **(about | {"text": _words(block.text)}))
    if isinstance(block, Bullets):
        return BlockAnswer(kind="bullets", **(about | {"items": [_words(item) for item in block.items]}))
    if isinstance(block, Picture):
        return BlockAnswer(kind="picture", **(about | {"text": _words(block.shows)}))
    heads, rows = [_words(head) for head in block.heads], [[_words(cell) for cell in row] for row in block.rows]
    return BlockAnswer(kind="table", **(about | {"heads": heads, "rows": rows}))


def _promotion(entry: Decision) -> PromotionAnswer:
    return PromotionAnswer(
        when=entry.when,
        version=entry.version,
        previous=entry.previous,
        decision=entry.decision,
        decided_by=entry.decided_by,
        reason=entry.reason,
        carried_out=entry.carried_out,
    )


def _words(text: Text) -> Words:
    return Words(en=text.of("en"), zh_cn=text.of("zh-CN"))
