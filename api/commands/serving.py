"""The command that runs the service."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from api.home import champion_folder
from api.options import FOLDER
from models.artifact import read_artifact

_PER_WORKER = "PROMETHEUS_MULTIPROC_DIR"


@click.command("serve")
@click.option(
    "--model", type=FOLDER, envvar="DEALODDS_MODEL", help="A model's folder; the exported champion when not given."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that answer.")
@click.option("--no-auth", is_flag=True, envvar="DEALODDS_NO_AUTH", help="Ask for no API key; only on loopback.")
def serve_command(model: Path | None, host: str, port: int, workers: int, no_auth: bool) -> None:
    """Serve scores, remember what is pushed. Keys come from `dealodds keys` and DEALODDS_API_KEYS.

    TLS is a proxy's work: put one in front. On SIGTERM running requests are finished first.
    """
    from api.loopback import is_loopback

    if no_auth and not is_loopback(host):
        raise click.UsageError(f"--no-auth listens on loopback only, not on {host}: set DEALODDS_API_KEYS instead")
    if model is not None:
        read_artifact(model)  # a folder that was named must be a model: version 0 is for those who have none
    serve(model, host, port, workers=workers, authenticate=not no_auth)


def serve(model: Path | None, host: str, port: int, *, authenticate: bool, workers: int = 1) -> None:
    """Run the server until interrupted; workers read the environment, so that is where they are told."""
    import uvicorn

    from api.background.process import beside
    from api.key_ring import given_grants
    from api.logs import configure_logs
    from api.security import keys_in
    from api.service import prepare_database
    from api.settings import read_settings

    os.environ["DEALODDS_NO_AUTH"] = str(not authenticate).lower()
    if model is not None:
        os.environ["DEALODDS_MODEL"] = str(model)
    settings = read_settings()
    configure_logs(settings.log_level)
    given = given_grants(keys_in(settings.api_keys.get_secret_value()))  # wrong scopes are told at once
    if prepare_database(settings) == 0 and authenticate and not given:
        click.echo("no key yet, nobody can ask: dealodds keys create --name NAME --scope score,read,write", err=True)
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))  # a port in use is told in three parts, before anything is loaded
    click.echo(f"about to serve {model if model is not None else champion_folder()} on http://{host}:{port}")
    with _shared_metrics(workers), beside():
        uvicorn.run(
            "api.service:application",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=settings.shutdown_seconds,
        )


@contextmanager
def _shared_metrics(workers: int) -> Iterator[None]:
    """Let several workers add up their metrics in a folder, new at each start."""
    if workers == 1 or os.environ.get(_PER_WORKER):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="dealodds-metrics-") as folder:
        os.environ[_PER_WORKER] = folder
        try:
            yield
        finally:
            del os.environ[_PER_WORKER]
