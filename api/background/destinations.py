"""Where messages may be sent: not into the network that the service itself is in.

An address that a customer names must not become a way to reach what only this machine can
(server-side request forgery). A name is resolved, every address that it has is judged, and the
connection is made to the address that was judged, not to whatever the name says next.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from features.errors import RequestError

VARIABLE = "DEALODDS_WEBHOOKS_PRIVATE"

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_PORTS = {"http": 80, "https": 443}
_LAST_PORT = 65535
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Destination:
    """An address to send to: scheme, name and port of the URL, and its path with the query."""

    scheme: str
    host: str
    port: int
    target: str

    def at(self, address: str) -> str:
        """Write the URL with an address in place of the name."""
        host = f"[{address}]" if ":" in address else address
        return f"{self.scheme}://{host}:{self.port}{self.target}"

    @property
    def host_header(self) -> str:
        """Name that the receiver is told."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def private_allowed(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether private addresses may be sent to: in a network of one's own, and in tests."""
    return environment.get(VARIABLE) == "1"


def destination_of(url: str) -> Destination:
    """Read the URL of a webhook.

    Raises
    ------
    RequestError
        It is no ``http`` or ``https`` URL, or it holds a password.

    Examples
    --------
    >>> destination_of("https://crm.example/hook?x=1").at("192.0.2.7")
    'https://192.0.2.7:443/hook?x=1'
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _wrong_url("what is no URL") from None
    if parts.scheme not in _PORTS or not host or not url.isascii() or not url.isprintable() or " " in url:
        raise _wrong_url("a URL that is not http:// or https:// with a host, in plain characters")
    if parts.username is not None or parts.password is not None:
        raise _wrong_url("a URL with a user or a password")
    number = _PORTS[parts.scheme] if port is None else port
    if not 0 < number <= _LAST_PORT:
        raise _wrong_url("a URL with a port that is none")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Destination(parts.scheme, host, number, target)


def check_destination(url: str, *, private: bool) -> None:
    """Refuse a URL that must not be sent to; a name that is not found is judged when it is sent to.

    Raises
    ------
    RequestError
        It is no URL that can be used, or it leads to a private address.
    """
    destination = destination_of(url)
    try:
        found = socket.getaddrinfo(destination.host, destination.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return
    if not private and chosen_address(found, private=False) is None:
        raise RequestError(
            "a URL that leads to a private, loopback or link-local address",
            "an address of the public network",
            f"correct the URL, or set {VARIABLE}=1 where your receivers are in your own network",
            "/url",
        )


def chosen_address(found: Sequence[Any], *, private: bool) -> str | None:
    """Choose an address of those that a name has; None when one of them is not allowed.

    Parameters
    ----------
    found
        As ``socket.getaddrinfo`` gives it.
    """
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not (private or all(is_public(address) for address in addresses)):
        return None
    return addresses[0]


def is_public(address: str) -> bool:
    """Tell whether an address is one of the public network, whatever it is wrapped in.

    Examples
    --------
    >>> [is_public(a) for a in ("93.184.216.34", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1")]
    [True, False, False, False, False]
    >>> is_public("64:ff9b::7f00:1"), is_public("2002:7f00:1::"), is_public("224.0.0.1"), is_public("2606:4700::1")
    (False, False, False, True)
    """
    read: Address = ipaddress.ip_address(address.partition("%")[0])
    return all(one.is_global and not one.is_multicast and not one.is_reserved for one in _unwrapped(read))


def _unwrapped(address: Address) -> list[Address]:
    """The address that counts: that of the fourth version within one of the sixth."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address.sixtofour]
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)]
    if address.teredo is not None:
        return [*address.teredo]
    return [address]


def _wrong_url(found: str) -> RequestError:
    return RequestError(found, "a URL such as https://crm.example/dealodds", "correct the URL", "/url")
