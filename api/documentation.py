"""The page of documentation for programmers, with Swagger UI served from here: nothing is loaded from elsewhere."""

from __future__ import annotations

from importlib.resources import files

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html

router = APIRouter(include_in_schema=False)

_KINDS = {
    "swagger-ui-bundle.js": "application/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}


@router.get("/docs")
def get_documentation(request: Request) -> Response:
    """Show the page."""
    script, style, icon = (request.app.url_path_for("get_part", name=name) for name in _KINDS)
    root = request.scope.get("root_path", "").rstrip("/")
    return get_swagger_ui_html(
        openapi_url=f"{root}/openapi.json",
        title="dealodds",
        swagger_js_url=f"{root}{script}",
        swagger_css_url=f"{root}{style}",
        swagger_favicon_url=f"{root}{icon}",
    )


@router.get("/docs/{name}")
def get_part(name: str) -> Response:
    """Give a file of Swagger UI, as the package ``fastapi-swagger`` ships it."""
    if name not in _KINDS:
        raise HTTPException(404)
    content = files("fastapi_swagger.resources").joinpath(name).read_bytes()
    return Response(content, media_type=_KINDS[name], headers={"Cache-Control": "max-age=86400"})
