"""What runs beside the requests of one worker: started with it, stopped with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event
from typing import Any

import pandas as pd

from api.background.champion_watch import ChampionWatch, stamp_of
from api.background.loop import Loop
from api.background.part import Models
from api.background.refresher import Refresher
from api.background.telling import Tell
from api.champion import Champion, load_champion
from features.history.database.engine import Database

SHADOW_VARIABLE = "DEALODDS_SHADOW_MODEL"

_LOOK_SECONDS = 0.25
_REFRESH_SECONDS = 0.5


class Background:
    """The threads of one worker: one follows the models, one keeps the work list fresh.

    Parameters
    ----------
    state
        Of the application; ``champion`` and ``shadow`` are replaced in it, each by one assignment.
    folder
        Name of the exported champion; None for version 0 for ever.
    database
        Where the work list is kept; None without one.
    clock
        The present.
    tell
        Who is told of what changed.
    refused
        Called for each new champion that is refused.
    shadow_folder
        Folder of the challenger in the shadow, or the name that points to it.
    """

    def __init__(
        self,
        state: Any,
        folder: Path | None,
        database: Database | None,
        clock: Callable[[], pd.Timestamp],
        *,
        tell: Tell | None = None,
        refused: Callable[[], None] | None = None,
        shadow_folder: Path | None = None,
    ) -> None:
        self.state, self.stopping = state, Event()
        more: dict[str, Any] = {"refused": refused} if refused else {}
        self.watch = self._watch("champion", folder, more) if folder is not None else None
        self.shadow_watch = self._watch("shadow", shadow_folder, {}) if shadow_folder is not None else None
        if folder is None:
            state.champion = load_champion(None)
        if shadow_folder is None:
            state.shadow = None
        self.refresher = None
        if database is not None:
            self.refresher = Refresher(database, self._models, clock, tell or Tell(), stopping=self.stopping)
        self.loops = self._loops()

    def _watch(self, name: str, folder: Path, more: Mapping[str, Any]) -> ChampionWatch:
        stamp = stamp_of(folder)  # before it is loaded: what comes meanwhile is another
        first = load_champion(folder)
        setattr(self.state, name, first)
        return ChampionWatch(folder, first, lambda found: setattr(self.state, name, found), seen=stamp, **more)

    def _models(self) -> Models:
        champion: Champion = self.state.champion
        shadow: Champion | None = self.state.shadow
        return Models(champion, shadow if shadow is not None and shadow.model is not None else None)

    def _loops(self) -> list[Loop]:
        watches = [watch for watch in (self.watch, self.shadow_watch) if watch is not None]
        loops = [
            Loop("following the models", lambda: [watch.look() for watch in watches], _LOOK_SECONDS, self.stopping)
        ]
        if self.refresher is not None:
            loops.append(Loop("keeping the work list", self.refresher.refresh, _REFRESH_SECONDS, self.stopping))
        return loops

    def start(self) -> None:
        """Begin."""
        for loop in self.loops:
            loop.start()

    def stop(self) -> None:
        """End, in the middle of a list if need be: it is begun again by whoever takes over."""
        self.stopping.set()
        for loop in self.loops:
            loop.join()
        if self.refresher is not None:
            self.refresher.give_up()
