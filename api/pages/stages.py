"""Names of stages, by the processes of the model in service."""

from __future__ import annotations

from typing import cast

from fastapi import Request

from api.champion import Champion
from api.pages.language import Language


class StageNames:
    """Names the stages that opportunities are in; one that the model does not know keeps its key."""

    def __init__(self, request: Request, language: Language) -> None:
        model = cast(Champion, request.app.state.champion).model
        processes = {} if model is None else model.processes
        self._names = {
            (process.name, stage.key): stage.names.get(language.tag, stage.names.get("en", stage.key))
            for process in processes.values()
            for stage in process.stages
        }
        self._any = {key: name for (_, key), name in reversed(self._names.items())}

    def of(self, stage: str | None, process: str | None = None) -> str:
        """Give the name of a stage, of one process or of any."""
        if stage is None:
            return ""
        return self._names.get((process or "", stage), self._any.get(stage, stage))
