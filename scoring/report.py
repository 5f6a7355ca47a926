"""What every report is: a plain record that becomes JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from scoring.words import Words


class Report:
    """A record of figures and words; a data class that becomes JSON.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Count(Report):
    ...     name: Words
    ...     share: float
    >>> Count(Words("won", "赢单"), float("nan")).to_dict()
    {'name': {'en': 'won', 'zh-CN': '赢单'}, 'share': None}
    """

    def to_dict(self) -> dict[str, Any]:
        """Describe the record in JSON: what is missing is null, instants are text, words are by language."""
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}  # type: ignore[arg-type]


def plain(value: Any) -> Any:
    """Turn a value of a report into what JSON can say."""
    if isinstance(value, Report):
        return value.to_dict()
    if isinstance(value, Words):
        return {"en": value.en, "zh-CN": value.zh}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if value is None or value is pd.NaT:
        return None
    if isinstance(value, date):  # an instant is one too
        return value.isoformat()
    if isinstance(value, np.generic):
        return _scalar(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value
