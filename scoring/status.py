"""How a score is to be taken: as it is, with little data behind it, forgotten, with stale input, or not at all."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from models.artifact import Artifact
from scoring.forgotten import forgotten_reason, limits_from

Status = Literal["ok", "little_data", "stale_input", "forgotten", "closed", "not_open_yet"]

ENOUGH = 40
"""Won, and lost, opportunities below which every score says ``little_data``."""


def status_of(
    artifact: Artifact, outcome: str | None, as_of: pd.Timestamp, silent_days: float, forgotten: bool = False
) -> tuple[Status, tuple[str, str] | None]:
    """Say how a score is to be taken, and why, in English and Chinese.

    Parameters
    ----------
    outcome
        As known; None before the opportunity exists.
    silent_days
        Days since anything was recorded of it; NaN where activities are not collected.
    forgotten
        Whether it is open and silent for far longer than nearly all that closed ever were.
    """
    if outcome is None:
        return "not_open_yet", ("it was not recorded by as_of", "截至该时刻尚未记录")
    if outcome != "open":
        return "closed", (f"it is {outcome}", "已赢单" if outcome == "won" else "已丢单")
    limits = limits_from(artifact.training)
    if forgotten and limits is not None:
        return "forgotten", forgotten_reason(limits)
    missing = {name: max(ENOUGH - int(artifact.training[name]), 0) for name in ("won", "lost")}
    if any(missing.values()):
        en = " and ".join(f"{count} more {name}" for name, count in missing.items() if count)
        names = {"won": "赢单", "lost": "丢单"}
        zh = "、".join(f"{count}个{names[name]}" for name, count in missing.items() if count)
        return "little_data", (f"the model needs {en} opportunities", f"模型还需要{zh}商机")
    usual = artifact.usual.get("newest_record")
    if usual is not None and not np.isnan(silent_days) and silent_days > usual:
        return "stale_input", _stale(as_of, silent_days, usual)
    return "ok", None


def _stale(as_of: pd.Timestamp, silent_days: float, usual: float) -> tuple[str, str]:
    since = (as_of - pd.Timedelta(days=silent_days)).date().isoformat()
    days, limit = f"{silent_days:,.0f}", f"{usual:,.0f}"
    en = f"nothing was recorded since {since}, {days} days; 99 of 100 open opportunities have a record of {limit} days"
    return en, f"自{since}以来{days}天没有新记录；通常99%的在途商机在{limit}天内有记录"
