"""Decisions on which model is in service, each as an entry of the promotion log and as a printed page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal

import pandas as pd

Kind = Literal["promoted", "not promoted", "rolled back"]
Author = Literal["gate", "hand"]

_KINDS = {"promoted": "升级为现役", "not promoted": "未升级", "rolled back": "回退"}
_AUTHORS = {"gate": "the gate · 关卡", "hand": "by hand · 人工"}
_COLUMNS = ("check · 检查", "figure · 数值", "90 %", "limit · 限值", "passed · 通过")
_PASSED = {True: "yes · 是", False: "no · 否", None: "reported · 仅供参考"}


@dataclass(frozen=True)
class Decision:
    """One entry of the promotion log.

    Parameters
    ----------
    when
        When it was decided, UTC.
    version
        The version decided on; ``0`` is the fixed weights.
    previous
        The version in service until then.
    decision
        What was decided.
    decided_by
        The gate, or a person by hand.
    reason, reason_zh
        Why: the verdict's words in English and Chinese, or the person's; ``reason_zh`` is empty where it is theirs.
    verdict
        The verdict on the version as ``training.verdict.verdict_to_dict`` gives it; empty for version 0.
    training_run, previous_run
        MLflow runs in which the version and the one before it were trained; empty for version 0.
    figures
        Figure of each check, by name, as read from the log.
    run
        MLflow run of the entry itself; empty until it is logged.
    carried_out
        False when what was decided failed, or was cut off half-way.
    """

    when: pd.Timestamp
    version: str
    previous: str
    decision: Kind
    decided_by: Author
    reason: str
    verdict: Mapping[str, Any] = field(default_factory=dict)
    training_run: str = ""
    previous_run: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    run: str = ""
    carried_out: bool = True
    reason_zh: str = ""

    @property
    def checks(self) -> Sequence[Mapping[str, Any]]:
        """Rows of the verdict."""
        return list(self.verdict.get("checks", []))


def page_markdown(decision: Decision) -> str:
    """Print an entry as Markdown, in both languages.

    Examples
    --------
    >>> when = pd.Timestamp("2026-03-01", tz="UTC")
    >>> print(page_markdown(Decision(when, "0", "3", "rolled back", "hand", "the figures fell")).splitlines()[0])
    # version 0: rolled back · 版本 0：回退
    """
    lines = [f"# {_title(decision)}", ""]
    lines += [f"- {name}: {_in_markdown(value)}" for name, value in _facts(decision)]
    rows = _rows(decision)
    if rows:
        lines += ["", _line(_COLUMNS), _line(["---"] * len(_COLUMNS))]
        lines += [_line([_in_markdown(cell) for cell in row]) for row in rows]
    return "\n".join(lines) + "\n"


def page_html(decision: Decision) -> str:
    """Print an entry as one HTML page that needs nothing else, in both languages."""
    facts = "".join(f"<li>{escape(name)}: {escape(value)}</li>\n" for name, value in _facts(decision))
    head = "".join(f"<th>{escape(name)}</th>" for name in _COLUMNS)
    body = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>\n" for row in _rows(decision))
    table = f"<table border='1'>\n<tr>{head}</tr>\n{body}</table>\n" if body else ""
    title = escape(_title(decision))
    return (
        f"<!doctype html>\n<html lang='en'>\n<meta charset='utf-8'>\n<title>{title}</title>\n"
        f"<h1>{title}</h1>\n<ul>\n{facts}</ul>\n{table}</html>\n"
    )


def _title(decision: Decision) -> str:
    return f"version {decision.version}: {decision.decision} · 版本 {decision.version}：{_KINDS[decision.decision]}"


def _facts(decision: Decision) -> list[tuple[str, str]]:
    facts = [
        ("when · 时间", decision.when.isoformat()),
        ("in service before · 此前现役", f"version {decision.previous}"),
        ("decided · 决定", _AUTHORS[decision.decided_by]),
        ("reason · 理由", decision.reason),
    ]
    if decision.reason_zh:
        facts.append(("理由", decision.reason_zh))
    if decision.training_run:
        facts.append(("training run · 训练记录", decision.training_run))
    if decision.previous_run:
        facts.append(("training run of the one before · 此前版本的训练记录", decision.previous_run))
    return facts


def _rows(decision: Decision) -> list[tuple[str, ...]]:
    return [
        (
            f"{row['en']} · {row['zh-CN']}",
            _number(row["figure"]),
            "" if row["low"] is None else f"{_number(row['low'])} … {_number(row['high'])}",
            str(row["limit"]),
            _PASSED[row["passed"]],
        )
        for row in decision.checks
    ]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _in_markdown(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
