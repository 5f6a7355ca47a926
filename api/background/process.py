"""The work beside the requests as a process of its own, so that a long list takes no time from a request."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

from api import clock
from api.background.deliveries import Deliveries
from api.background.service import Background
from api.background.telling import Tell
from api.home import champion_folder
from api.logs import configure_logs
from api.settings import read_settings
from api.store.outbox import enqueue_champion, enqueue_scores
from features.history.database.engine import Database

_AGAIN_SECONDS = 5.0
_LOOK_SECONDS = 1.0
_PATIENCE_SECONDS = 30.0

_log = logging.getLogger(__name__)


def main(parent: int) -> None:
    """Keep the work lists and deliver messages, until told to stop or left by the service that began it."""
    settings = read_settings()
    configure_logs(settings.log_level)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    database = Database(settings.database())
    lists = Background(
        SimpleNamespace(),
        settings.model if settings.model is not None else champion_folder(),
        database,
        clock.now,
        tell=Tell(enqueue_scores, enqueue_champion),
        shadow_folder=settings.shadow_model,
    )
    parts = (lists, Deliveries(database, clock.now))
    for part in parts:
        part.start()
    while os.getppid() == parent and not ended.wait(_LOOK_SECONDS):
        pass
    for part in reversed(parts):
        part.stop()
    database.close()


@contextmanager
def beside() -> Iterator[None]:
    """Run it beside the service; one that ends is begun again."""
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=(done,), name="background process", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join(_PATIENCE_SECONDS)


def _keep(done: threading.Event) -> None:
    while not done.is_set():
        process = subprocess.Popen([sys.executable, "-m", "api.background.process", str(os.getpid())])
        while process.poll() is None and not done.wait(0.1):
            pass
        if done.is_set():
            _end(process)
        else:
            _log.error("the background process ended with status %s: begun again", process.returncode)
            done.wait(_AGAIN_SECONDS)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_PATIENCE_SECONDS - 5)
    except subprocess.TimeoutExpired:
        process.kill()


if __name__ == "__main__":
    main(int(sys.argv[1]))
