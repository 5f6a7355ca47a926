"""The audit in words: lines to read, and records for files and model cards."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Literal

from training.audit import Audit, ColumnAudit
from training.audit_power import Power
from training.audit_rules import Finding
from training.audit_sanity import Check
from training.audit_timing import DatedTiming

Language = Literal["en", "zh-CN"]

_SAID_OF_THE_TABLE = ("no_recorded_at",)
"""Findings that the checks of the record say once for a table; the records have them for each column."""

_ORDER = {"suspect": 0, "out": 1, "unknown": 2, "in": 3}

_WORDS: dict[str, tuple[str, str]] = {
    "title": ("What was known when, as of {as_of} ({origin})", "截至 {as_of} 的数据审计（{origin}）"),
    "counts": (
        "{all:,} opportunities: {won:,} won, {lost:,} lost, {open:,} open",
        "共 {all:,} 个商机：赢单 {won:,}，丢单 {lost:,}，在途 {open:,}",
    ),
    "suspects": ("Suspects and traps", "可疑列与陷阱"),
    "none": ("none", "无"),
    "record": ("The record", "记录是否合理"),
    "rest": ("The other columns", "其余各列"),
    "header": (
        "column|table|measured|before/after outcome|verdict|AUC alone (90 %)|n|filled won/lost/open",
        "列|表|测得时间|结果之前/之后|结论|单独 AUC（90 %）|n|填写率 赢/丢/在途",
    ),
    "of": ("{found:,} of {of:,} {text}", "{of:,} 中 {found:,}：{text}"),
    "in": ("in", "可用"),
    "out": ("out", "排除"),
    "suspect": ("suspect", "可疑"),
    "unknown": ("left out", "暂不用"),
    "creation": ("creation", "创建时"),
    "close": ("close", "关闭时"),
    "dated": ("dated", "逐条有日期"),
    "measured_unknown": ("unknown", "不明"),
}
_WIDTHS = (40, 13, 10, 20, 8, 20, 7)


def audit_lines(audit: Audit, language: Language = "en") -> list[str]:
    """Write an audit as lines of plain text: suspects and traps first, then the record, then the rest."""
    counts = dict(audit.opportunities)
    suspects = [c for c in _sorted(audit.columns) if c.verdict in ("suspect", "out")]
    rest = [c for c in _sorted(audit.columns) if c.verdict not in ("suspect", "out")]
    lines = [
        _word("title", language).format(as_of=f"{audit.as_of:%Y-%m-%d %H:%M} UTC", origin=audit.origin),
        _word("counts", language).format(all=sum(counts.values()), **counts),
        "",
        _word("suspects", language),
    ]
    lines += _table(suspects, language) if suspects else [f"  {_word('none', language)}"]
    lines += ["", _word("record", language), *_check_lines(audit, language)]
    return [*lines, "", _word("rest", language), *_table(rest, language)]


def audit_to_dict(audit: Audit) -> dict[str, Any]:
    """Describe an audit in JSON: figures of every column with its findings in both languages, and the checks."""
    return {
        "as_of": audit.as_of.isoformat(),
        "origin": audit.origin,
        "opportunities": dict(audit.opportunities),
        "columns": [_column_record(column) for column in _sorted(audit.columns)],
        "checks": [{**asdict(check), "examples": list(check.examples)} for check in audit.checks],
    }


def _sorted(columns: Sequence[ColumnAudit]) -> list[ColumnAudit]:
    def place(column: ColumnAudit) -> tuple[int, float]:
        auc = column.evidence.power.auc
        return _ORDER[column.verdict], -auc if auc == auc else 0.0

    return sorted(columns, key=place)


def _word(key: str, language: Language) -> str:
    return _WORDS[key][language != "en"]


def _table(columns: Sequence[ColumnAudit], language: Language) -> list[str]:
    lines = [_row(_word("header", language).split("|"))]
    for column in columns:
        lines.append(_row(_cells(column, language)))
        told = [f for f in column.findings if f.key not in _SAID_OF_THE_TABLE]
        lines += [f"      - {_text(f, language)}" for f in told]
    return lines


def _row(cells: Sequence[str]) -> str:
    wide = [cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=False)]
    return ("  " + " ".join([*wide, *cells[len(_WIDTHS) :]])).rstrip()


def _cells(column: ColumnAudit, language: Language) -> list[str]:
    e = column.evidence
    measured = "measured_unknown" if e.column.measured == "unknown" else e.column.measured
    filled = "/".join(_percent(share) for share in (e.coverage.won, e.coverage.lost, e.coverage.open))
    words = [_word(measured, language), _timing(e.timing), _word(column.verdict, language)]
    return [column.name, e.column.table, *words, _auc(e.power), f"{e.power.n:,}" if e.power.n else "-", filled]


def _timing(timing: DatedTiming | None) -> str:
    if timing is None or math.isnan(timing.at_or_after):
        return "-"
    return f"{1 - timing.at_or_after:.0%}/{timing.at_or_after:.0%}"


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{share:.0%}"


def _auc(power: Power) -> str:
    return "-" if math.isnan(power.auc) else f"{power.auc:.3f} ({power.low:.3f}-{power.high:.3f})"


def _check_lines(audit: Audit, language: Language) -> Iterator[str]:
    """What was found with examples, then in one line what was looked for in vain."""
    for check in (check for check in audit.checks if check.found):
        shown = f" ({', '.join(check.examples)}{' …' if check.found > len(check.examples) else ''})"
        line = _word("of", language).format(found=check.found, of=check.of, text=_text(check, language))
        yield f"  {line}{shown if check.examples else ''}"
    nothing = [_text(check, language) for check in audit.checks if not check.found]
    if nothing:
        yield f"  {_word('none', language)}: {'; '.join(nothing)}"


def _text(said: Check | Finding, language: Language) -> str:
    return said.en if language == "en" else said.zh


def _column_record(column: ColumnAudit) -> dict[str, Any]:
    e = column.evidence
    return {
        "column": column.name,
        "table": e.column.table,
        "kind": e.column.kind,
        "measured": e.column.measured,
        "declared": e.column.declared,
        "verdict": column.verdict,
        "findings": [asdict(finding) for finding in column.findings],
        "alone": _plain(asdict(e.power)),
        "with_hindsight": _plain(asdict(e.hindsight)),
        "all_others": _plain(asdict(e.others)),
        "closed_from_open": _plain(asdict(e.open_power)),
        "coverage": _plain(asdict(e.coverage)),
        "timing": None if e.timing is None else _plain(asdict(e.timing)),
        "filled_when_closed": None if e.gap is None else _plain(asdict(e.gap)),
        "on_close_day": _number(e.close_day),
        "follows": {"what": e.follows[0], "rank_correlation": e.follows[1]},
        "rank_correlation_with_creation": e.with_time,
    }


def _plain(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: _number(value) for name, value in figures.items()}


def _number(value: float) -> float | None:
    """A JSON number; a figure that does not exist is null."""
    return None if isinstance(value, float) and math.isnan(value) else value
