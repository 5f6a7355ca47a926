"""Proposes a mapping for an export, from its headers and values, for a person to correct."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd

from features.errors import UnreadableSourceError
from features.history.column_report import ColumnReport, report_columns
from features.history.known_headers import FILE_WORDS, outcome_of, outcomes_of, recognise
from features.history.source_files import SourceFile
from features.history.source_folder import SourceFolder

_REQUIRED = {
    "accounts": {"account_id", "created_at"},
    "contacts": {"contact_id", "account_id", "created_at"},
    "stage_history": {"opportunity_id", "stage", "occurred_at"},
    "activities": {"opportunity_id", "kind", "occurred_at"},
    "events": {"opportunity_id", "event", "occurred_at"},
}
_FIELDS = ("amount", "expected_close_date", "lost_reason")
_BESIDES = ("stage", "updated", "closed_at", *_FIELDS)
_MOST_STAGES = 40
_MOST_CATEGORIES = 100

Draft = tuple[SourceFile, dict[str, ColumnReport]]


def draft_mapping(source: Path) -> str:
    r"""Propose a mapping for an export.

    Parameters
    ----------
    source
        A folder, or a single file.

    Returns
    -------
    YAML with comments: the mapping proposed, and a report of every column. Whatever is a
    guess is marked CHECK.

    Raises
    ------
    UnreadableSourceError
        There is nothing that can be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     deals = Path(folder) / "deals.csv"
    ...     _ = deals.write_text("商机编号,创建日期,阶段\n1,2026年3月1日,成交\n2,2026年3月2日,丢单\n", encoding="utf-8")
    ...     text = draft_mapping(deals)
    >>> print("opportunity_id: 商机编号" in text, 'dates: ["%Y年%m月%d日"]' in text)
    True True
    """
    folder = SourceFolder(source)
    files = [folder.read(path) for path in folder.readable]
    if not files:
        raise UnreadableSourceError(
            f"no file in {source} that can be read", "CSV, XLSX, JSON lines or Parquet", "name another folder"
        )
    drafts = [(file, {one.name: one for one in report_columns(file.rows)}) for file in files]
    tables = _tables(drafts)
    stages = _stage_values(drafts, tables)
    lines = [
        "# A proposal made from the headers and values. Read it, and correct what is marked CHECK.",
        f"name: {_word(source.name.split('.')[0])}",
        "zone: UTC # CHECK: the zone of times that name none",
        f"dates: {_flow(_all_dates(drafts))}",
        *_process_lines(stages),
        "tables:",
    ]
    for table, draft in tables.items():
        lines += _table_lines(table, draft, recognise(table, draft[1]), "events" in tables)
    return "\n".join([*lines, "", *_report_lines(drafts)]) + "\n"


def _tables(drafts: list[Draft]) -> dict[str, Draft]:
    """Tell which file is for which table; an event log serves for opportunities too."""
    for draft in drafts:
        found = recognise("events", draft[1])
        if set(found) >= _REQUIRED["events"] and draft[0].rows[found["opportunity_id"]].duplicated().any():
            return {"opportunities": draft, "events": draft}
    tables: dict[str, Draft] = {}
    for draft in drafts:
        table = _table_of(draft[0].name) or "opportunities"
        fits = _REQUIRED.get(table, set()) <= set(recognise(table, draft[1]))
        if fits and (table not in tables or _recognised(table, draft) > _recognised(table, tables[table])):
            tables[table] = draft
    if "opportunities" not in tables:
        tables["opportunities"] = max(drafts, key=lambda draft: _recognised("opportunities", draft))
    return {table: tables[table] for table in ("opportunities", *tables)}


def _recognised(table: str, draft: Draft) -> int:
    return len(recognise(table, draft[1]))


def _table_of(file: str) -> str | None:
    return next((table for table, words in FILE_WORDS.items() if any(w in file.casefold() for w in words)), None)


def _all_dates(drafts: list[Draft]) -> list[str]:
    found = dict.fromkeys(one for _, reports in drafts for report in reports.values() for one in report.dates)
    return list(found) or ["iso"]


def _stage_values(drafts: list[Draft], tables: dict[str, Draft]) -> list[str]:
    """Return the stages that occur, in order of appearance; none when the column is no stage."""
    values: list[pd.Series] = []
    for table in ("stage_history", "opportunities"):
        if table in tables and "stage" in (found := recognise(table, tables[table][1])):
            values.append(tables[table][0].rows[found["stage"]].dropna())
    stages = [str(one) for one in pd.concat(values).unique()] if values and "events" not in tables else []
    unlike = {stage.casefold(): stage for stage in reversed(stages)}
    return [one for one in stages if one in unlike.values()] if len(unlike) <= _MOST_STAGES else []


def _process_lines(stages: list[str]) -> list[str]:
    lines = ["processes:", "  - name: main", "    stages: # CHECK: put in order, with the weights of your rule"]
    outcomes = outcomes_of(stages)
    named = sorted(zip(stages, outcomes, strict=True), key=lambda one: one[1] != "open")
    named = [(o, o) for o in ("open",) if o not in outcomes] + named
    named += [(o, o) for o in ("won", "lost") if o not in outcomes]
    for key, outcome in named:
        rest = "weight: none" if outcome == "open" else f"outcome: {outcome}"
        lines.append(f"      - {{key: {_quoted(key)}, {rest}}}")
    return lines


def _table_lines(table: str, draft: Draft, found: dict[str, str], is_log: bool) -> list[str]:
    file, reports = draft
    lines = [f"  {table}:", f"    file: {_quoted(file.name)}"]
    if table == "opportunities" and is_log:
        return lines + _log_opportunity_lines(recognise("events", reports))
    if table == "events":
        return lines + _event_lines(file, found)
    if table == "opportunities":
        return lines + _opportunity_lines(reports, found)
    return [*lines, "    columns:", *(f"      {ours}: {_word(theirs)}" for ours, theirs in found.items())]


def _log_opportunity_lines(found: dict[str, str]) -> list[str]:
    columns = {"opportunity_id": "opportunity_id", "created_at": "occurred_at", "owner_id": "owner_id"}
    lines = ["    keep: first # of the events of one opportunity", "    columns:"]
    lines += [f"      {ours}: {_word(found[named])}" for ours, named in columns.items() if named in found]
    return lines + (["    fields:", f"      amount: {_word(found['amount'])}"] if "amount" in found else [])


def _event_lines(file: SourceFile, found: dict[str, str]) -> list[str]:
    lines = ["    columns:"]
    lines += [f"      {c}: {_word(found[c])}" for c in ("opportunity_id", "event", "occurred_at")]
    lines.append("    meanings: # CHECK: say which are stages: {stage: won}, activities, or to be left out: ignore")
    for name in file.rows[found["event"]].dropna().unique():
        outcome = outcome_of(str(name))
        meaning = "stage: " + outcome if outcome != "open" else "activity: " + _quoted(_slug(str(name)))
        lines.append(f"      {_quoted(str(name))}: {{{meaning}}}")
    return lines


def _opportunity_lines(reports: dict[str, ColumnReport], found: dict[str, str]) -> list[str]:
    dated = {c for c in ("created_at", "updated", "closed_at", "expected_close_date") if c in found}
    found = {c: h for c, h in found.items() if c not in dated or reports[h].dates}
    lines = [f"    updated: {_word(found['updated'])}"] if "updated" in found else []
    lines += ["    columns:", f"      opportunity_id: {_word(found.get('opportunity_id', ''), '{line: true}')}"]
    lines.append(f"      created_at: {_created(reports, found)}")
    plain = [c for c in found if c not in (*_BESIDES, "opportunity_id", "created_at")]
    lines += [f"      {ours}: {_word(found[ours])}" for ours in plain]
    if "stage" in found and reports[found["stage"]].distinct <= _MOST_STAGES:
        closed = f", closed_at: {_word(found['closed_at'])}" if "closed_at" in found else ""
        lines.append(f"    stage: {{column: {_quoted(found['stage'])}{closed}}}")
    elif "stage" not in found:
        lines += _outcome_hint(reports)
    fields = [f"      {name}: {_word(found[name])}" for name in _FIELDS if name in found]
    lines += ["    fields:", *fields] if fields else []
    return lines + _attribute_lines(reports, set(found.values()), set(found))


def _outcome_hint(reports: dict[str, ColumnReport]) -> list[str]:
    """Where no header means an outcome: the line to complete, for the last column of two values."""
    two = [one for one in reports.values() if one.distinct == 2 and one.type in ("flag", "text")]
    if not two:
        return ["    # CHECK: no outcome was found; stage: {column: ..., dictionary: {won: [...], lost: [...]}}"]
    won, lost = two[-1].examples
    if outcomes_of([won, lost]) == ["lost", "won"]:
        won, lost = lost, won
    known = f"dictionary: {{won: [{_quoted(won)}], lost: [{_quoted(lost)}]}}"
    return [
        f"    # stage: {{column: {_quoted(two[-1].name)}, {known}}} # CHECK: is this the outcome, and which is won?"
    ]


def _created(reports: dict[str, ColumnReport], found: dict[str, str]) -> str:
    if "created_at" in found:
        return _word(found["created_at"])
    key = found.get("opportunity_id")
    order = f"{{order: {_quoted(key)}}}" if key and reports[key].type == "number" else "{line: true}"
    return f"{order} # CHECK: no date of creation was found; this stands for an order only"


def _attribute_lines(reports: dict[str, ColumnReport], used: set[str], ours: set[str]) -> list[str]:
    """Offer every other column as an attribute, of unknown timing until a person says better."""
    types = {"number": "numeric", "flag": "flag", "text": "category", "date": "date"}
    lines = []
    for name, report in reports.items():
        if name in used or report.type not in types:
            continue
        many = " # too many values" if report.type == "text" and report.distinct > _MOST_CATEGORIES else ""
        why = " # a date: becomes days since 1970" if report.type == "date" else many
        key = _slug(name) + ("_of_source" if _slug(name) in ours | {"process", "recorded_at", "created_at"} else "")
        spec = f"{{column: {_quoted(name)}, type: {types[report.type]}, measured: unknown}}"
        lines.append(f"      {'# ' if why else ''}{_quoted(key)}: {spec}{why}")
    if not any(not line.strip().startswith("#") for line in lines):
        return [f"    # {line.strip()}" for line in lines]
    return ["    attributes: # CHECK: measured creation (may be trained on), close or unknown", *lines]


def _report_lines(drafts: list[Draft]) -> list[str]:
    lines = ["# Columns: type guessed, share filled, distinct values, formats of dates, examples"]
    for file, reports in drafts:
        lines.append(f"# {file.name}: {len(file.rows)} rows")
        for one in reports.values():
            dates = f", dates {' | '.join(one.dates)}" if one.dates else ""
            shown = json.dumps(one.examples, ensure_ascii=False)
            lines.append(
                f"#   {one.name}: {one.type}, {one.filled:.0%} filled, {one.distinct} distinct{dates}, {shown}"
            )
    return [line.replace("\n", " ").replace("\r", " ") for line in lines]


def _slug(name: str) -> str:
    return re.sub(r"\W+", "_", name.casefold()).strip("_") or "column"


def _word(text: str, otherwise: str = "''") -> str:
    """Write a text in YAML, quoted only when it must be."""
    if not text:
        return otherwise
    return text if re.fullmatch(r"[^\W\d][\w. -]*\w|[^\W\d]", text) else _quoted(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _flow(texts: list[str]) -> str:
    return "[" + ", ".join(text if text == "iso" else _quoted(text) for text in texts) + "]"
