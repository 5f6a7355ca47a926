"""GET / and what every page fetches: style, script and icon, shipped with the product."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.pages.headers import HEADERS
from api.pages.rendering import PAGES, TYPES, asset
from api.problems import HttpError, Part

router = APIRouter(include_in_schema=False)


@router.get("/")
def get_start(request: Request) -> Response:
    """Lead to the first page."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(PAGES[0][0] + query, 307, HEADERS)


@router.get("/assets/{name}")
def get_asset(request: Request, name: str) -> Response:
    """Give a file; browsers keep it, because its address changes with it."""
    if name not in TYPES:
        found = f"GET {request.url.path[:200]}"
        raise HttpError(404, Part(pointer="", found=found, expected=", ".join(TYPES), do="correct the path"))
    return Response(
        asset(name)[0],
        media_type=TYPES[name],
        headers=HEADERS | {"Cache-Control": "public, max-age=31536000, immutable"},
    )
