from pathlib import Path

from features.history.import_result import ImportResult
from features.history.import_source import import_source
from features.history.mapping import read_mapping

MAPPING = """
processes:
  - {name: sale, stages: [{key: new}, {key: offer}, {key: won, outcome: won}, {key: lost, outcome: lost}]}
  - {name: lease, stages: [{key: asked}, {key: won, outcome: won}, {key: lost, outcome: lost}]}
tables:
  opportunities:
    file: cases.csv
    columns: {opportunity_id: id, created_at: at, process: kind}
  events:
    file: log.csv
    key: no
    unlisted: ignore
    columns: {opportunity_id: id, event: what, occurred_at: at, recorded_at: told}
    meanings:
      opened: {stage: new}
      asked: {stage: asked}
      offered: {stage: offer, activity: quote, direction: outbound, topic: price}
      signed: {stage: won}
      withdrawn: {stage: lost}
      budget: {field: money, value: {column: "say {so}", dictionary: {"yes": [ok], "no": [none]}}}
      priced: {field: amount, value: "say {so}"}
"""
CASES = "id,at,kind\n1,2026-01-01,sale\n2,2026-01-01,lease\n"


def imported(folder: Path, *events: str) -> ImportResult:
    log = ["no,id,what,at,told,say {so}", *events]
    (folder / "source").mkdir()
    (folder / "source" / "cases.csv").write_text(CASES)
    (folder / "source" / "log.csv").write_text("\n".join(log))
    (folder / "crm.yaml").write_text(MAPPING)
    return import_source(read_mapping(folder / "crm.yaml"), folder / "source")


def test_an_event_may_set_a_field_known_when_it_was_recorded(tmp_path: Path) -> None:
    history = imported(tmp_path, "a,1,BUDGET,2026-01-02,2026-01-04,OK", "b,1,priced,2026-01-03,2026-01-03,7").history
    fields = history.field_history
    assert fields[["field", "value"]].values.tolist() == [["money", "yes"], ["amount", "7"]]
    assert fields["occurred_at"].dt.day.tolist() == [2, 3]
    assert fields["recorded_at"].dt.day.tolist() == [4, 3]


def test_values_that_cannot_be_are_quarantined_and_events_of_no_meaning_left_out(tmp_path: Path) -> None:
    result = imported(
        tmp_path,
        "a,1,budget,2026-01-02,,perhaps",
        "b,1,priced,2026-01-02,,-5",
        "c,2,offered,2026-01-02,,",
        "d,1,noise,2026-01-02,,",
        "e,1,opened,2026-01-02,,",
        "e,1,opened,2026-01-02,,",
    )
    assert result.quarantine[["line", "key", "reason"]].values.tolist() == [
        [2, "a", "assessment 'perhaps' is none of unknown, no, partly, yes"],
        [3, "b", "negative amount -5"],
        [4, "c", "stage of another process"],
        [7, "e", "duplicate of e"],
    ]
    assert result.ignored.values.tolist() == [["log.csv", "events", "event without a meaning", 1]]
    assert result.history.activities.empty


def test_an_empty_instant_of_recording_is_the_time_of_happening_and_flagged(tmp_path: Path) -> None:
    result = imported(tmp_path, "a,1,opened,2026-01-02,2026-01-05,", "b,1,signed,2026-01-03,,")
    assert result.history.stage_history["recorded_at"].dt.day.tolist() == [5, 3]
    assert [3, "recorded_at empty: taken to be known when it happened"] in result.flags[
        ["line", "flag"]
    ].values.tolist()


def test_an_opportunity_may_reopen_unless_the_mapping_says_otherwise(tmp_path: Path) -> None:
    history = imported(
        tmp_path,
        "a,1,opened,2026-01-02,,",
        "b,1,withdrawn,2026-01-03,,",
        "c,1,offered,2026-01-04,,",
        "d,1,signed,2026-01-05,,",
        "e,2,asked,2026-01-05,,",
    ).history
    assert history.stage_history["stage"].tolist() == ["new", "lost", "offer", "won", "asked"]
    assert history.activities[["kind", "direction", "topic"]].values.tolist() == [["quote", "outbound", "price"]]
