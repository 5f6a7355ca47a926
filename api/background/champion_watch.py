"""The model in service followed: what is promoted is loaded beside what serves, and takes over in one step."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from api.champion import Champion, load_champion
from models.artifact import MANIFEST, REGISTERED
from models.exported import is_exported, segments_folder

_log = logging.getLogger(__name__)

Stamp = tuple[object, ...]


def _ignore() -> None:
    """Count nothing."""


@dataclass
class ChampionWatch:
    """Follows one exported model.

    ``failed_loads`` counts the models that were refused, and ``refusal`` says why the last
    one was; None once what is exported is what serves.

    Parameters
    ----------
    folder
        The name that promotion points elsewhere in one step. Models of segments beside it are
        followed too; with one that does not load everything is refused, so that no segment
        changes to the model of all by an accident.
    current
        What serves now.
    swap
        Puts another in its place, by one assignment.
    refused
        Called for each model that is refused.
    """

    folder: Path
    current: Champion
    swap: Callable[[Champion], None]
    refused: Callable[[], None] = _ignore
    failed_loads: int = 0
    refusal: str | None = None
    seen: Stamp = ()
    _before: Stamp = field(default=(), init=False)

    def look(self) -> bool:
        """Load what is exported if it is another than before; tell whether it has taken over.

        It must look the same twice: while a folder is being replaced nothing is loaded.
        """
        now = stamp_of(self.folder)
        settled, self._before = now == self._before, now
        if not settled or now == self.seen:
            return False
        self.seen = now
        found = self._load()
        if found is None:
            return False
        self.swap(found)
        _log.info("version %s is in service, after %s", found.versions, self._version_before())
        self.current, self.refusal = found, None
        return True

    def _version_before(self) -> str:
        return "none" if self.current.model is None else self.current.versions

    def _load(self) -> Champion | None:
        """Load and warm up; None, counted and logged, when it is no model that could serve."""
        try:
            found = load_champion(self.folder)
        except Exception as problem:  # it loads, and does not answer
            self._refuse(f"{type(problem).__name__}: {problem}")
            return None
        wrong = [*([found.reason] if found.reason else []), *found.segment_errors]
        if wrong:
            self._refuse(str(wrong[0]))
            return None
        return found

    def _refuse(self, reason: str) -> None:
        self.failed_loads += 1
        self.refusal = reason
        _log.error("a new model is refused, %s serves on: %s", self._version_before(), reason)
        self.refused()


def stamp_of(folder: Path) -> Stamp:
    """Say by what an exported model is known to be another: where the name points, and what is there.

    A changed byte in its files does not change it, unless it was written there by promotion.
    """
    if not is_exported(folder):
        return ("none",)
    links = [folder, *sorted(segments_folder(folder).glob("*"))]
    return tuple(part for link in links for part in _stamp(link))


def _stamp(link: Path) -> Stamp:
    target = os.readlink(link) if link.is_symlink() else str(link)
    return (target, *(_file_stamp(link / name) for name in (MANIFEST, REGISTERED)))


def _file_stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
