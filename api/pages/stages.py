"""Names of stages, by the processes that they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from fastapi import Request

from api.champion import Champion
from api.pages.language import Language
from features.history.process import Process


class StageNames:
    """Names the stages that opportunities are in; one that the processes do not know keeps its key."""

    def __init__(self, processes: Mapping[str, Process], language: Language) -> None:
        self._names = {
            (process.name, stage.key): stage.names.get(language.tag, stage.names.get("en", stage.key))
            for process in processes.values()
            for stage in process.stages
        }
        self._places = {key: place for place, (_, key) in reversed(list(enumerate(self._names)))}
        self._any = {key: name for (_, key), name in reversed(self._names.items())}

    def of(self, stage: str | None, process: str | None = None) -> str:
        """Give the name of a stage, of one process or of any."""
        if stage is None:
            return ""
        return self._names.get((process or "", stage), self._any.get(stage, stage))

    def place(self, stage: str | None) -> int:
        """Give the place of a stage in the order of the processes; what is no stage comes last."""
        return self._places.get(stage or "", len(self._places))


def stages_in_service(request: Request, language: Language) -> StageNames:
    """Name the stages of the model in service."""
    model = cast(Champion, request.app.state.champion).model
    return StageNames({} if model is None else model.processes, language)
