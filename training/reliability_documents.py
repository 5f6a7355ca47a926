"""What a training's reliability leaves in MLflow: each table as CSV, each picture as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from training.reliability import BAND, END
from training.reliability_plots import band_plot, group_plot, incidence_plot

TABLES = {
    "reliability": "reliability.csv",
    "calibration": "calibration_error.csv",
    "incidence": "aalen_johansen.csv",
    "integrated": "aalen_johansen_gap.csv",
    "segments": "segments.csv",
}
"""Tables of a card by key, and the file of each."""


def reliability_documents(card: Mapping[str, Any]) -> dict[str, str]:
    """Lay out the records of a card as files by name; none when nothing was judged.

    Parameters
    ----------
    card
        As ``training.card.card_of`` makes it.
    """
    if not card.get("judged"):
        return {}
    tables = {file: pd.DataFrame(card[key]).to_csv(index=False) for key, file in TABLES.items() if card[key]}
    at_end = [record for record in card["reliability"] if record["horizon"] == END]
    stages = [r for r in at_end if (r["method"], r["by"]) == ("learned", "stage")]
    pictures = {"reliability_by_band.svg": band_plot([r for r in at_end if r["by"] == BAND], "en")}
    if stages:
        pictures["reliability_by_stage.svg"] = group_plot(stages, {r["group"]: r["group"] for r in stages}, "en")
    if card["incidence"]:
        pictures["aalen_johansen.svg"] = incidence_plot(card["incidence"], "en")
    return tables | pictures
