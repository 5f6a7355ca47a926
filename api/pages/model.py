"""/model: the card of the model in service, and the promotion log. Their JSON is under /v1/models/."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Request, Response

from api.card.document import Document, Picture, Table
from api.champion import Champion
from api.pages.downloads import Format, download
from api.pages.headers import HEADERS
from api.pages.language import N_, Language, language_of
from api.pages.rendering import canonical, page
from api.pages.tables import Column, DataTable
from api.problems import HttpError, Part
from api.routes.model_card import card_of, promotions_of
from api.security import needs
from models.promotions import Decision

router = APIRouter(include_in_schema=False, dependencies=[Depends(needs("read")), Depends(canonical)])

_FAILED = "failed"
_DECISIONS = {
    _FAILED: N_("decided, but it failed"),
    "promoted": N_("promoted"),
    "not promoted": N_("not promoted"),
    "rolled back": N_("rolled back"),
}
_AUTHORS = {"gate": N_("the gate"), "hand": N_("by hand")}
_DRAWN_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""A picture has its own styles, and is shown as a picture: nothing of it reaches the page."""

_MOST_DRAWN = 32
_drawing = threading.Lock()
_drawn: OrderedDict[tuple[str, str, int], str] = OrderedDict()


@router.get("/model")
def get_model(request: Request) -> Response:
    """Show the card and the promotion log."""
    language, fingerprint = language_of(request), _fingerprint(request)
    return page(
        request,
        "model.html",
        card=card_of(request),
        log=promotion_table(promotions_of(request), language),
        picture_address=lambda number: f"/model/pictures/{number}.svg?v={fingerprint}-{language.tag}",
        json="/v1/models/champion/card",
    )


@router.get("/model/pictures/{number}.svg")
def get_picture(request: Request, number: Annotated[int, Path(ge=0, le=99)]) -> Response:
    """Give a picture of the card."""
    pictures = [
        block for section in card_of(request).sections for block in section.blocks if isinstance(block, Picture)
    ]
    if number >= len(pictures):
        raise _nothing(f"picture {number}")
    text = _draw(pictures[number], _fingerprint(request), language_of(request).tag, number)
    headers = HEADERS | {"Content-Security-Policy": _DRAWN_POLICY, "Cache-Control": "private, max-age=3600"}
    return Response(text, media_type="image/svg+xml", headers=headers)


@router.get("/model/{table}.{kind}")
def get_table(request: Request, table: str, kind: Format) -> Response:
    """Give a table of the page as a file: the log, or one of the card, by its number."""
    language = language_of(request)
    if table == "promotions":
        return download(promotion_table(promotions_of(request), language), kind, "promotions")
    number = int(table.removeprefix("card-")) if table.removeprefix("card-").isdecimal() else -1
    tables = card_tables(card_of(request), language)
    if not 0 <= number < len(tables):
        raise _nothing(f"a table {table[:40]!r}")
    return download(tables[number], kind, f"model-{table}")


def card_tables(card: Document, language: Language) -> list[DataTable]:
    """Tables of a card in order; their cells are words, as the card has them."""
    found: list[DataTable] = []
    for section in card.sections:
        for block in section.blocks:
            if isinstance(block, Table):
                heads = [Column(head.of(language.tag)) for head in block.heads]
                rows = [[cell.of(language.tag) for cell in row] for row in block.rows]
                found.append(DataTable(f"card-{len(found)}", section.title.of(language.tag), heads, rows))
    return found


def promotion_table(entries: list[Decision], language: Language) -> DataTable:
    """Decisions on which model is in service, the newest first."""
    columns = [
        Column(language.say(N_("When")), "instant"),
        Column(language.say(N_("Version"))),
        Column(language.say(N_("Decision"))),
        Column(language.say(N_("Decided"))),
        Column(language.say(N_("In service before"))),
        Column(language.say(N_("Why"))),
    ]
    rows = [
        [
            entry.when,
            entry.version,
            language.say(_DECISIONS[entry.decision if entry.carried_out else _FAILED]),
            language.say(_AUTHORS[entry.decided_by]),
            entry.previous,
            entry.reason_zh or entry.reason if language.tag == "zh-CN" else entry.reason,
        ]
        for entry in reversed(entries)
    ]
    return DataTable("promotions", language.say(N_("Promotion log")), columns, rows)


def _draw(picture: Picture, model: str, tag: str, number: int) -> str:
    """Draw a picture once, one at a time; the last few are kept."""
    key = (model, tag, number)
    with _drawing:
        if key not in _drawn:
            _drawn[key] = picture.draw(tag)
            while len(_drawn) > _MOST_DRAWN:
                _drawn.popitem(last=False)
        return _drawn[key]


def _fingerprint(request: Request) -> str:
    """Tell models apart: two installations may both count their versions from 1."""
    artifact = cast(Champion, request.app.state.champion).artifact
    return f"{artifact.version}-{id(artifact)}"


def _nothing(found: str) -> HttpError:
    return HttpError(404, Part(pointer="", found=found, expected="one of the page", do="follow a link of the page"))
