"""Pictures of a training: reliability and importance."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from features.catalogue import Catalogue
from features.feature import GROUPS
from features.outcomes import CENSORED, WON, Labels
from models.hazard_blend import HazardBlend
from models.incidence import Incidence
from models.lightgbm_hazards import INTERVAL, LightGBMHazards

_BINS = 10
_SHOWN = ("learned", "fixed_weights", "stage_rates")


def reliability_plot(answers: Mapping[str, Incidence], labels: Labels, origin: str) -> Figure:
    """Draw the share won against the mean probability, in 10 bins, of those that closed."""
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", label="perfect")
    closed = labels.outcome != CENSORED
    won = (labels.outcome[closed] == WON).astype(float)
    for name, marker in zip(_SHOWN, "os^", strict=True):
        if name in answers:
            win = answers[name].win[closed]
            place = np.minimum((win * _BINS).astype(int), _BINS - 1)
            count = np.bincount(place, minlength=_BINS)
            filled = count > 0
            mean = np.bincount(place, win, minlength=_BINS)[filled] / count[filled]
            share = np.bincount(place, won, minlength=_BINS)[filled] / count[filled]
            axes.plot(mean, share, marker=marker, label=name.replace("_", " "))
    axes.set(xlabel="win probability", ylabel="share won", title=f"Reliability on later snapshots ({origin})")
    axes.legend()
    return figure


def importance_plot(win: HazardBlend, catalogue: Catalogue, origin: str) -> Figure | None:
    """Draw the gain of the 25 most used features of the win booster; None when there is none."""
    boosters = [member for member in win.members if isinstance(member, LightGBMHazards)]
    if not boosters:
        return None
    gain = boosters[0].win.feature_importance("gain")
    names = [*boosters[0].encoding.names, INTERVAL]
    group = {feature.name: GROUPS[feature.group]["en"] for feature in catalogue.features}
    order = np.argsort(gain)[-25:]
    figure = Figure(figsize=(8, 8), layout="constrained")
    axes = figure.subplots()
    shown = [f"{names[i]} · {group.get(names[i].split('=')[0], 'time ahead')}" for i in order]
    axes.barh(shown, gain[order] / max(gain.sum(), 1e-9))
    axes.set(xlabel="share of the gain", title=f"Importance for winning ({origin})")
    return figure
