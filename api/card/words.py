"""Names and figures of a card in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.card.document import Text, same
from features.history.process import Stage
from models.artifact import Artifact
from scoring.classification import CLASSES

METHODS = {
    "learned": Text("learned (this model)", "学习模型（本模型）"),
    "fixed_weights": Text("fixed weights", "固定权重"),
    "stage_rates": Text("stage rates", "阶段赢率"),
    "constant": Text("constant", "常数"),
    "whole": Text("the model of all", "整体模型"),
    "ridge_hazards": Text("ridge hazards", "岭回归风险模型"),
    "lightgbm_hazards": Text("LightGBM hazards", "LightGBM 风险模型"),
}

GROUPINGS = {
    "stage": Text("stage", "阶段"),
    "class": Text("class", "机会分类"),
    "product": Text("product", "产品"),
    "source": Text("source", "来源"),
    "channel": Text("channel", "渠道"),
    "team": Text("team", "团队"),
    "process": Text("process", "销售流程"),
}

CAUSES = {"won": Text("won", "赢单"), "lost": Text("lost", "丢单")}
YES, NO = Text("yes", "是"), Text("no", "否")
TOO_FEW = Text("too few to tell", "数量太少，无法判断")
_MISSING = Text("not recorded", "未记录")
_ATTRIBUTE = "attribute_"


def percent(share: float | None, digits: int = 0) -> str:
    """Write a share as people read it.

    Examples
    --------
    >>> percent(0.333), percent(0.005, 1), percent(None)
    ('33 %', '0.5 %', '–')
    """
    return "–" if share is None else f"{100 * share:.{digits}f} %"


def number(value: float | None, digits: int = 3) -> str:
    """Write a figure; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def between(low: float | None, high: float | None, digits: int = 3) -> str:
    """Write the bounds of an interval."""
    return "–" if low is None or high is None else f"{low:.{digits}f} – {high:.{digits}f}"


def percent_between(low: float | None, high: float | None) -> str:
    """Write the bounds of a share."""
    return "–" if low is None or high is None else f"{100 * low:.1f} – {100 * high:.1f} %"


def grouping_name(by: str, artifact: Artifact) -> Text:
    """Name of a grouping: ours, or that of the customer's own column."""
    if by in GROUPINGS:
        return GROUPINGS[by]
    column = by.removeprefix(_ATTRIBUTE)
    names = next((a.names for a in artifact.catalogue.attributes if a.name == column), {})
    return attribute_name(column, names)


def attribute_name(column: str, names: Mapping[str, str]) -> Text:
    """Both names of a customer's own column."""
    en = names.get("en", column.replace("_", " "))
    return Text(en, names.get("zh-CN", en))


def group_name(by: str, group: Any, artifact: Artifact) -> Text:
    """Name of a group: a band, a stage, a class, or a value from the data."""
    if by == "band":
        return same(band_name(int(group)))
    if by == "class" and group in CLASSES:
        return Text(CLASSES[group]["en"], CLASSES[group]["zh-CN"])
    if by == "stage":
        return _stage_name(str(group), artifact)
    return same(group) if group else _MISSING


def band_name(band: int) -> str:
    """Probabilities of a band.

    Examples
    --------
    >>> band_name(3)
    '30–40 %'
    """
    return f"{10 * band}–{10 * band + 10} %"


def _stage_name(word: str, artifact: Artifact) -> Text:
    stages = _stages(artifact)
    if word not in stages:
        return same(word) if word else _MISSING
    process, stage = stages[word]
    before = f"{process}: " if len(artifact.processes) > 1 else ""
    en, zh = (stage.names.get(language, stage.key) for language in ("en", "zh-CN"))
    return Text(before + en, before + zh)


def stage_words(artifact: Artifact) -> list[str]:
    """Stages as snapshots name them, in order: by key; with several processes by process and key."""
    return list(_stages(artifact))


def _stages(artifact: Artifact) -> dict[str, tuple[str, Stage]]:
    several = len(artifact.processes) > 1
    return {
        f"{process.name}/{stage.key}" if several else stage.key: (process.name, stage)
        for process in artifact.processes.values()
        for stage in process.stages
    }


def horizon_name(horizon: float | str | None) -> Text:
    """Name of a horizon of the reliability records."""
    if horizon is None:
        return Text("final, of those that closed", "最终结果（仅已关闭的商机）")
    if horizon == "end":
        return Text("by the end of the data", "到数据结束时")
    return Text(f"within {horizon:g} days", f"{horizon:g} 天内")
