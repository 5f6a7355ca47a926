"""The command that serves scores over HTTP."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

import click

from api.home import champion_folder
from api.options import FOLDER
from models.artifact import read_artifact


@click.command("serve")
@click.option("--model", type=FOLDER, help="A model's folder; the exported champion when not given.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on.")
@click.option("--no-auth", is_flag=True, help="Ask for no API key; only on loopback.")
def serve_command(model: Path | None, host: str, port: int, no_auth: bool) -> None:
    """Serve scores. API keys come from DEALODDS_API_KEYS, separated by commas."""
    if no_auth and not is_loopback(host):
        raise click.UsageError(f"--no-auth listens on loopback only, not on {host}: set DEALODDS_API_KEYS instead")
    if model is not None:
        read_artifact(model)  # a folder that was named must be a model: version 0 is for those who have none
    serve(model if model is not None else champion_folder(), host, port, authenticate=not no_auth)


def serve(model: Path, host: str, port: int, *, authenticate: bool) -> None:
    """Run the server until interrupted."""
    import uvicorn

    from api.app import create_app
    from api.security import keys_from_environment

    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))  # a port in use is told in three parts, before anything is loaded
    click.echo(f"serving {model} on http://{host}:{port}")
    app = create_app(model, api_keys=keys_from_environment(), authenticate=authenticate)
    uvicorn.run(app, host=host, port=port, log_level="warning")


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
