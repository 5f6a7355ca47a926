"""Without keys the service is for this machine alone: what comes from elsewhere is refused."""

from __future__ import annotations

import ipaddress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import HTTP_SORTS, Part, respond

_FORWARDED = ("forwarded", "via")
_FORWARDED_PREFIX = "x-forwarded-"


class LoopbackOnly:
    """Refuse what was forwarded, what comes from another machine, and what was meant for another name.

    A page in a browser can send requests to this machine under a name of its own; the
    header Host tells.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what comes from this machine."""
        found = _what_is_foreign(scope) if scope["type"] == "http" else None
        if found is None:
            await self.app(scope, receive, send)
            return
        expected = "a request from this machine, straight to the service: it asks for no key"
        do = "serve with keys: dealodds keys create, then serve without --no-auth"
        answer = respond(HTTP_SORTS[403], [Part(pointer="", found=found, expected=expected, do=do)])
        await answer(scope, receive, send)


def _what_is_foreign(scope: Scope) -> str | None:
    headers = Headers(scope=scope)
    for name in headers:
        if name in _FORWARDED or name.startswith(_FORWARDED_PREFIX):
            return f"the header {name[:40]}"
    client = scope.get("client")
    if client is None or not is_loopback(client[0]):
        return "a request from another machine"
    host = headers.get("host", "")
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return None if is_loopback(name) else "the name of another machine in the header Host"


def is_loopback(host: str) -> bool:
    """Tell whether an address is this machine's own only.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
