"""Pictures of reliability as SVG, drawn from the records of a model card, with words of any language.

Words are drawn as marks such as ``@won@`` and replaced in the finished text: the drawing does
not depend on the language, and needs no font that has its letters.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from training.aalen_johansen import CAUSES

Record = Mapping[str, Any]

WORDS = {
    "share": ("share won by the end of the data", "到数据结束时的赢单比例"),
    "expected_share": ("expected by the end of the data", "到数据结束时的预期比例"),
    "perfect": ("as expected", "与预期一致"),
    "learned": ("learned", "学习模型"),
    "fixed_weights": ("fixed weights", "固定权重"),
    "stage_rates": ("stage rates", "阶段赢率"),
    "days": ("days ahead", "未来天数"),
    "incidence": ("share of opportunities", "商机比例"),
    "expected_won": ("won, expected", "赢单（预期）"),
    "actual_won": ("won, actual", "赢单（实际）"),
    "expected_lost": ("lost, expected", "丢单（预期）"),
    "actual_lost": ("lost, actual", "丢单（实际）"),
    "expected": ("expected", "预期"),
    "actual": ("actual, 90 %", "实际（90 %区间）"),
}
"""Words of the pictures, English and Chinese."""

_MARKERS = {"learned": "o", "fixed_weights": "s", "stage_rates": "^"}
_COLOURS = {"learned": "#1b6ca8", "fixed_weights": "#c0504d", "stage_rates": "#8a8a8a"}
_OF_CAUSE = {"won": "#1b6ca8", "lost": "#b34700"}
_LANGUAGES = {"en": 0, "zh-CN": 1}


def band_plot(records: Sequence[Record], language: str) -> str:
    """Draw the share won against the share expected, a point for each probability band.

    Parameters
    ----------
    records
        Records of ``reliability_records`` by band at one horizon.
    language
        ``en`` or ``zh-CN``.

    Returns
    -------
    SVG. Bands with too few opportunities are hollow.
    """
    figure, axes = _axes((5.6, 5.2), "@expected_share@", "@share@")
    axes.plot([0, 1], [0, 1], color="0.75", linewidth=1, label="@perfect@", zorder=1)
    for method, marker in _MARKERS.items():
        rows = [r for r in records if r["method"] == method]
        for row in rows:
            filled = _COLOURS[method] if row["enough"] else "white"
            axes.plot(row["expected"], row["actual"], marker, color=_COLOURS[method], markerfacecolor=filled, zorder=3)
        if method == "learned" and rows:
            axes.vlines([r["expected"] for r in rows], *_bounds(rows), color=_COLOURS[method], linewidth=1)
        axes.plot([], [], marker, color=_COLOURS[method], label=f"@{method}@")
    top = max((r["high"] for r in records), default=1.0)
    axes.set(xlim=(0, 1), ylim=(0, max(top, 1.0)))
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.legend(frameon=False, loc="upper left")
    return _svg(figure, _words(language))


def incidence_plot(records: Sequence[Record], language: str) -> str:
    """Draw expected and Aalen–Johansen incidence of both causes over the days ahead, with intervals."""
    figure, axes = _axes((6.4, 4.2), "@days@", "@incidence@")
    for cause in CAUSES:
        rows = [r for r in records if r["method"] == "learned" and r["cause"] == cause]
        days = [0.0, *(r["days"] for r in rows)]
        low, high = ([0.0, *part] for part in _bounds(rows))
        colour = _OF_CAUSE[cause]
        axes.fill_between(days, low, high, color=colour, alpha=0.18, linewidth=0)
        axes.plot(days, [0.0, *(r["actual"] for r in rows)], color=colour, label=f"@actual_{cause}@")
        expected = [0.0, *(r["expected"] for r in rows)]
        axes.plot(days, expected, color=colour, linestyle="--", marker=".", label=f"@expected_{cause}@")
    axes.set(xlim=(0, None), ylim=(0, None))
    axes.legend(frameon=False, loc="upper left")
    return _svg(figure, _words(language))


def group_plot(records: Sequence[Record], names: Mapping[str, str], language: str) -> str:
    """Draw expected and actual shares won of groups, such as stages, a line for each.

    Parameters
    ----------
    records
        Records of one method, grouping and horizon.
    names
        What a person reads for each group.
    """
    figure, axes = _axes((6.4, 1.2 + 0.6 * max(len(records), 1)), "@share@", "")
    place = -np.arange(len(records), dtype=np.float64)
    axes.hlines(place, *_bounds(records), color=_COLOURS["learned"], linewidth=2)
    axes.plot([r["actual"] for r in records], place, "o", color=_COLOURS["learned"], label="@actual@")
    axes.plot([r["expected"] for r in records], place, "D", color="black", markerfacecolor="none", label="@expected@")
    for at, line in enumerate(place):
        axes.annotate(f"@group{at}@", (0, line + 0.18), (4, 0), textcoords="offset points", fontsize=9)
    axes.set(yticks=[], ylim=(0.4 - len(records), 0.8), xlim=(0, None))
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, columnspacing=8)
    return _svg(figure, _words(language) | {f"group{i}": names[r["group"]] for i, r in enumerate(records)})


def _axes(size: tuple[float, float], across: str, up: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    axes.set(xlabel=across, ylabel=up)
    axes.spines[["top", "right"]].set_visible(False)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    return figure, axes


def _bounds(rows: Sequence[Record]) -> tuple[list[float], list[float]]:
    return [r["low"] for r in rows], [r["high"] for r in rows]


def _words(language: str) -> dict[str, str]:
    return {name: words[_LANGUAGES[language]] for name, words in WORDS.items()}


def _svg(figure: Figure, words: Mapping[str, str]) -> str:
    """Draw as SVG that can stand in a page: the same each time, its marks replaced by words."""
    drawn = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "dealodds"}):
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = drawn.getvalue()
    return re.sub(r"@(\w+)@", lambda mark: escape(words[mark.group(1)]), text[text.index("<svg") :])
