"""What is said of one opportunity at an instant."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from scoring.classification import Evidence
from scoring.qualification import Man
from scoring.reasons import Reasons
from scoring.status import Status


@dataclass(frozen=True)
class HorizonScore:
    """Probability of being won, and of being lost, within some days; None while no clock is learned."""

    days: float
    by: pd.Timestamp
    win_probability: float | None
    loss_probability: float | None


@dataclass(frozen=True)
class Score:
    """What is said of one opportunity.

    Probabilities, dates and class are None unless the opportunity is open: ``status`` says
    why. ``outcome`` is ``open``, ``won`` or ``lost`` as known, None before it exists.
    ``origin`` is that of the model's data, such as ``simulated``. ``context_as_of`` is the
    instant of past results, when they are not those of ``as_of``. ``interval`` bounds the middle
    80 % of where the best possible probability may be; None where it is ``forgotten``. ``reasons`` are None when
    they were not asked for, and unless the opportunity is open and not forgotten. ``segment`` is
    that of the model, None when it is the model of all.
    """

    opportunity_id: str
    as_of: pd.Timestamp
    status: Status
    status_reason: tuple[str, str] | None
    outcome: str | None
    win_probability: float | None
    interval: tuple[float, float] | None
    fixed_weight_probability: float | None
    horizons: tuple[HorizonScore, ...]
    expected_close: pd.Timestamp | None
    opportunity_class: str | None
    evidence: tuple[Evidence, ...]
    man: Man
    model_version: str
    origin: str
    context_as_of: pd.Timestamp | None
    reasons: Reasons | None = None
    segment: str | None = None
