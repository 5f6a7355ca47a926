"""A page put together: its template, the words of its language, and what stands on every page."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from importlib.resources import files
from typing import Any, cast

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import URL

from api.card.document import Text
from api.champion import Champion
from api.kept_reports import COMPARISON, PEOPLE, forecast_name, funnel_name, has_report
from api.pages import charts
from api.pages.headers import HEADERS
from api.pages.language import COOKIE, LOCALES, N_, Language, language, language_of
from api.pages.tables import shown
from api.reports_under_way import is_under_way
from api.security import Access
from api.sessions import COOKIE as SESSION_COOKIE

PAGES = (
    ("/pipeline", N_("Pipeline")),
    ("/forecast", N_("Forecast")),
    ("/learned-vs-fixed", N_("Learned vs fixed")),
    ("/funnel", N_("Funnel")),
    ("/classes", N_("Classes")),
    ("/people", N_("People")),
    ("/hidden-accounts", N_("Hidden accounts")),
    ("/model", N_("Model")),
)
"""What the navigation leads to, in order."""
_YEAR = 365 * 24 * 3600


class SeeOtherError(Exception):
    """The page is to be found under another address of this service."""

    def __init__(self, url: str, language: str | None = None) -> None:
        self.url, self.language = url, language
        super().__init__(url)


def canonical(request: Request) -> None:
    """Send on to the address that can be shared: without empty fields of a form, and without a choice of language.

    Raises
    ------
    SeeOtherError
        There was something to take away.
    """
    given = request.query_params.multi_items()
    chosen = request.query_params.get("lang")
    kept = [(name, value) for name, value in given if value and name != "lang"]
    if kept != given:
        url = URL(path=request.url.path).include_query_params(**dict(kept))
        raise SeeOtherError(str(url), chosen if chosen in LOCALES else None)


def see_other(request: Request, error: Exception) -> Response:
    """Answer with the other address; a language that was chosen is kept in a cookie."""
    assert isinstance(error, SeeOtherError)
    answer = RedirectResponse(error.url, 303, HEADERS)
    if error.language is not None:
        is_secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, error.language, _YEAR, secure=is_secure, httponly=True, samesite="lax")
    return answer


def page(request: Request, template: str, status: int = 200, **about: Any) -> HTMLResponse:
    """Render a page in the language of the request."""
    chosen = language_of(request)
    text = _environment(chosen.tag).get_template(template).render(_on_every_page(request, chosen) | about)
    return HTMLResponse(text, status, HEADERS)


@lru_cache
def prepare() -> None:
    """Do once what the first read of each page would wait for: compile its template in every language."""
    for tag in LOCALES:
        environment = _environment(tag)
        for template in environment.list_templates(extensions=["html"]):
            environment.get_template(template)
    # The card's pictures need matplotlib, which takes a while to import. Where the libraries of training are not
    # installed scores are served all the same, and the page of the model is the only one that says so.
    with suppress(ImportError):
        import_module("api.card.model_card")


def part(template: str, chosen: Language, /, **about: Any) -> str:
    """Render the content of a page as a part of a file that is mailed: without what leads elsewhere."""
    everywhere = _words_of(chosen) | {"layout": "part.html", "mailed": True, "is_simulated": True}
    return _environment(chosen.tag).get_template(template).render(everywhere | about)


def whole(template: str, chosen: Language, /, **about: Any) -> str:
    """Render a file that is no page of the service."""
    return _environment(chosen.tag).get_template(template).render(_words_of(chosen) | about)


def address(request: Request, **changed: Any) -> str:
    """Give the address of this page with other parameters; one that is None is taken away."""
    given = {name: value for name, value in request.query_params.items() if name not in changed}
    given |= {name: value for name, value in changed.items() if value is not None}
    return str(URL(path=request.url.path).include_query_params(**given))


def _on_every_page(request: Request, chosen: Language) -> dict[str, Any]:
    access = cast(Access, request.app.state.access)
    session = getattr(request.state, "session", None) or access.sessions.read(request.cookies.get(SESSION_COOKIE))
    model = cast(Champion, request.app.state.champion).model if hasattr(request.app.state, "champion") else None
    return _words_of(chosen) | {
        "layout": "base.html",
        "mailed": False,
        "pages": _pages_there(request),
        "path": request.url.path,
        "languages": {tag: address(request, lang=tag) for tag in LOCALES},
        "signed_in": access.keys is None or session is not None or hasattr(request.state, "actor"),
        "logout_token": access.sessions.form_token(session.mark) if session is not None else None,
        "is_simulated": model is not None and model.training["origin"] == "simulated",
        "json": None,
        "asset": asset_address,
    }


def _words_of(chosen: Language) -> dict[str, Any]:
    def of(words: Any) -> str:
        # A percent sign stays with its number; in Chinese nothing stands between them.
        return chosen.of(words).replace(" %", "%" if chosen.tag == "zh-CN" else "\u00a0%")

    return {"language": chosen, "f": chosen.formats, "say": chosen.say, "of": of}


def _pages_there(request: Request) -> list[tuple[str, str]]:
    """Leave out what was not worked out yet, and is not being worked out."""
    home = request.app.state.settings.home
    if is_under_way(home):
        return list(PAGES)
    needed = {"/forecast": forecast_name("quarter", None), "/learned-vs-fixed": COMPARISON, "/people": PEOPLE}
    needed["/funnel"] = funnel_name("quarter")
    return [(url, name) for url, name in PAGES if url not in needed or has_report(home, needed[url])]


@lru_cache
def _environment(tag: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("api.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    chosen = language(tag)
    environment.install_gettext_translations(chosen.translations, newstyle=True)  # type: ignore[attr-defined]
    environment.filters["shown"] = lambda value, kind: shown(value, kind, chosen)
    environment.filters["figure_columns"] = figure_columns
    environment.globals["charts"] = charts
    return environment


def is_figure(text: str) -> bool:
    """Tell whether a cell of the card is compared from the right.

    Examples
    --------
    >>> is_figure("−0.28"), is_figure("12.5 %"), is_figure("yes"), is_figure("–")
    (True, True, False, True)
    """
    return not any(letter.isalpha() for letter in text)


def figure_columns(rows: Sequence[Sequence[Text]]) -> list[bool]:
    """Tell of each column of a table of the card whether all its cells are figures."""
    return [all(is_figure(cell.en) for cell in column) for column in zip(*rows, strict=True)]


@lru_cache
def asset(name: str) -> tuple[bytes, str]:
    """Read a file that pages fetch, and a digest of it."""
    content = (files("api.pages") / "static" / name).read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:12]


def asset_address(name: str) -> str:
    """Give the address of a file that pages fetch; it changes with its content."""
    return f"/assets/{name}?v={asset(name)[1]}"


TYPES: Mapping[str, str] = {
    "pages.css": "text/css; charset=utf-8",
    "pages.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
"""Files that pages fetch, and their types."""
