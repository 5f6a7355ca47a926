"""/login and /logout: a key is given once, and a cookie stands for it until it is revoked, or the day is over."""

from __future__ import annotations

import secrets
from typing import cast

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from api.body import read_form
from api.key_ring import KeyRing
from api.pages.headers import HEADERS
from api.pages.language import N_
from api.pages.rendering import PAGES, canonical, page
from api.problems import HttpError, Part
from api.security import Access
from api.sessions import COOKIE, FORM_SECONDS, SECONDS
from api.store.keys import Grant, digest_of_key

FORM_COOKIE = "dealodds_form"
START = PAGES[0][0]
_REFUSED = N_("This key is not accepted. Ask whoever runs the service for one.")
_NO_READ = N_("This key may not read: it lacks the scope read. Ask for another one.")
_TOO_OLD = N_("The form was open for too long. Please try again.")

router = APIRouter(include_in_schema=False)


@router.get("/login", dependencies=[Depends(canonical)])
def get_login(request: Request) -> Response:
    """Ask for a key."""
    if _access(request).keys is None:
        return RedirectResponse(START, 303, HEADERS)
    return _form(request, request.query_params.get("next", START))


@router.post("/login")
async def post_login(request: Request) -> Response:
    """Begin a session, if the form is ours and the key may read."""
    access, fields = _access(request), await read_form(request)
    target = local(fields.get("next", START))
    if access.keys is None:
        return RedirectResponse(target, 303, HEADERS)
    if not _is_ours(request, access, fields.get("token", "")):
        return _form(request, target, _TOO_OLD, 403)
    key = fields.get("key", "").strip().encode()
    grant = await _grant(request, access, access.keys, key)
    if grant is None or "read" not in grant.scopes:
        return _form(request, target, _REFUSED if grant is None else _NO_READ, 403)
    answer = RedirectResponse(target, 303, HEADERS)
    cookie = access.sessions.begun(grant.key_id, digest_of_key(key))
    _keep(request, answer, COOKIE, cookie, SECONDS, is_strict=False)
    answer.delete_cookie(FORM_COOKIE, path="/login")
    return answer


@router.post("/logout")
async def post_logout(request: Request) -> Response:
    """End a session."""
    access, fields = _access(request), await read_form(request)
    session = access.sessions.read(request.cookies.get(COOKIE))
    if session is not None and not access.sessions.is_form_token(fields.get("token", ""), session.mark):
        part = Part(pointer="", found="a form that is none of ours, or too old", expected="that of a page", do="reload")
        raise HttpError(403, part)
    answer = RedirectResponse("/login", 303, HEADERS)
    answer.delete_cookie(COOKIE)
    return answer


def local(target: str) -> str:
    r"""Keep to this service: an address elsewhere is not gone to.

    Examples
    --------
    >>> local("/model?a=1"), local("//elsewhere"), local("https://elsewhere"), local("/\\elsewhere"), local("/a\nb")
    ('/model?a=1', '/pipeline', '/pipeline', '/pipeline', '/pipeline')
    """
    is_path = target.startswith("/") and not target.startswith("//")
    return target if is_path and "\\" not in target and target.isprintable() else START


async def _grant(request: Request, access: Access, keys: KeyRing, key: bytes) -> Grant | None:
    """Whose key it is; guessing is slowed down."""
    await access.rates.count_unknown(request.client.host if request.client else "")
    answer = keys.remembered(key)
    return answer.grant if answer is not None else await to_thread.run_sync(keys.asked, key)


def _is_ours(request: Request, access: Access, token: str) -> bool:
    """Tell whether a form was given by us to this browser, which sends the same in a cookie."""
    kept = request.cookies.get(FORM_COOKIE, "")
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none") and (
        access.sessions.is_form_token(token, kept)
    )


def _form(request: Request, target: str, problem: str | None = None, status: int = 200) -> Response:
    kept = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(24)
    token = _access(request).sessions.form_token(kept)
    answer = page(request, "login.html", status, token=token, target=local(target), problem=problem)
    _keep(request, answer, FORM_COOKIE, kept, FORM_SECONDS, is_strict=True)
    return answer


def _keep(request: Request, answer: Response, name: str, value: str, seconds: int, is_strict: bool) -> None:
    is_secure = request.url.scheme == "https"
    path, same_site = ("/login", "strict") if is_strict else ("/", "lax")
    answer.set_cookie(
        name,
        value,
        max_age=seconds,
        path=path,
        secure=is_secure,
        httponly=True,
        samesite=same_site,  # type: ignore[arg-type]
    )


def _access(request: Request) -> Access:
    return cast(Access, request.app.state.access)
