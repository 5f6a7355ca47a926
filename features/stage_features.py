"""Where an opportunity stands in its process, how it came there and how fast."""

from __future__ import annotations

import numpy as np

from features.feature import Feature
from features.view import Floats, View


def _feature(name: str, unit: str, en: str, zh: str, meaning: str) -> Feature:
    return Feature(name, "stage", unit, en, zh, meaning)


FEATURES = (
    _feature("stage", "category", "stage", "阶段", "Current stage; missing when no stage is known."),
    _feature("stage_position", "number", "place of the stage", "阶段序号", "Place of the stage in its process, from 0."),
    _feature("fixed_weight", "share", "fixed weight of the stage", "阶段固定权重", "Fixed weight of the stage; missing when the rule gives none."),
    _feature("stage_need_confirmed", "yes/no", "stage implies a confirmed need", "所处阶段意味着需求已确认", "1 when being in the stage means that the need is confirmed."),
    _feature("days_in_stage", "days", "days in the stage", "当前阶段停留天数", "Since the stage was entered."),
    _feature("days_since_created", "days", "days since created", "创建以来天数", "Since the opportunity was created."),
    _feature("days_in_spell", "days", "days since created or reopened", "创建或重启以来天数", "Since creation, or since the last reopening."),
    _feature("moves_forward", "count", "moves to a later stage", "阶段前进次数", "Moves to a later open stage."),
    _feature("moves_backward", "count", "moves back to an earlier stage", "阶段后退次数", "Moves to an earlier open stage."),
    _feature("stages_skipped", "count", "stages skipped", "跳过的阶段数", "Stages jumped over when moving forward."),
    _feature("stages_below_furthest", "count", "stages below the furthest", "低于最远阶段的级数", "Stages between the furthest open stage reached and the present one."),
    _feature("times_reopened", "count", "times reopened", "重启次数", "Moves from a closed stage back to an open one."),
    _feature("stages_per_day", "number", "pace through the stages", "阶段推进速度", "Place of the stage divided by days since created or reopened, plus one."),
)  # fmt: skip


def compute(view: View) -> dict[str, Floats]:
    """Compute the stage features of each snapshot; where no stage is known they are NaN.

    ``stage`` is the stage's code in ``view.stages``, -1 when unknown; the snapshot table
    turns it into words.
    """
    path = view.stage_path
    known = path.stage >= 0
    position = _of_stage(view, view.stage_position.astype(np.float64))
    spell_days = view.days_since(np.where(path.reopened > 0, path.spell_start, view.created))

    def counted(count: np.ndarray) -> Floats:
        return np.where(known, count.astype(np.float64), np.nan)

    return {
        "stage": path.stage.astype(np.float64),
        "stage_position": position,
        "fixed_weight": _of_stage(view, np.array([stage.weight for _, stage in view.stages])),
        "stage_need_confirmed": _of_stage(view, np.array([float(stage.need_confirmed) for _, stage in view.stages])),
        "days_in_stage": view.days_since(np.where(known, path.entered, -1)),
        "days_since_created": view.days_since(view.created),
        "days_in_spell": spell_days,
        "moves_forward": counted(path.forward),
        "moves_backward": counted(path.backward),
        "stages_skipped": counted(path.skipped),
        "stages_below_furthest": counted(path.furthest - position),
        "times_reopened": counted(path.reopened),
        "stages_per_day": position / (spell_days + 1),
    }


def _of_stage(view: View, by_code: Floats) -> Floats:
    stage = view.stage_path.stage
    return np.where(stage >= 0, by_code[np.maximum(stage, 0)], np.nan)
