"""A live request becomes the history that it was, and recorded history a request."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from api.schemas import ScoreRequest
from features.catalogue import Catalogue, catalogue_of
from features.errors import DataError, FutureEventError, RequestError, UnknownStageError
from features.history.history import Attribute, History
from features.history.live import LiveRequest, live_request, opportunity_to_request, request_body
from features.history.process import DEFAULT_PROCESS, process_from_dict
from features.history.schema import TABLES, check_table
from features.past_results import freeze, recorded_results
from features.snapshots import build_snapshots
from tests.histories import activity, at, contact, history, keys, opportunity, stage, value

PROCESSES = {"default": DEFAULT_PROCESS}
TWO = PROCESSES | {
    "short": process_from_dict(
        {"name": "short", "stages": [{"key": "in"}, {"key": "yes", "outcome": "won"}, {"key": "no", "outcome": "lost"}]}
    )
}
ATTRIBUTES = {
    "fit": Attribute("fit", "numeric", "creation"),
    "segment": Attribute("segment", "category", "creation"),
    "partner": Attribute("partner", "flag", "creation"),
}
OWN = Catalogue(("audit",), tuple(ATTRIBUTES.values()))


def _live(*asked: dict[str, Any], as_of: float = 90, catalogue: Catalogue = OWN) -> LiveRequest:
    base = {"opportunity_id": "o1", "created_at": at(0)}
    return live_request([base | raw for raw in asked], at(as_of), PROCESSES, catalogue)


def _snapshot(live: LiveRequest, day: float = 90) -> dict[str, Any]:
    found = build_snapshots(live.groups[0].history, keys(("o1", day)), OWN)
    return {str(name): value for name, value in found.iloc[0].items()}


def _errors(*asked: dict[str, Any], as_of: float = 90) -> list[RequestError]:
    with pytest.raises(ExceptionGroup) as caught:
        _live(*asked, as_of=as_of)
    return [error for error in caught.value.exceptions if isinstance(error, RequestError)]


def test_short_forms_stand_for_one_event_each() -> None:
    assessed = {"money": {"value": "yes", "assessed_at": at(80)}}
    seen = _snapshot(_live({"stage": "proposal", "stage_entered_at": at(60), "amount": 500.0, "assessments": assessed}))
    assert (seen["stage"], seen["days_in_stage"], seen["amount"]) == ("proposal", 30.0, 500.0)
    assert (seen["money"], seen["money_age_days"]) == (2.0, 10.0)
    assert pd.isna(seen["amount_raised"])
    assert pd.isna(seen["money_changes"])


def test_history_goes_before_the_short_form_and_the_answer_says_so() -> None:
    live = _live(
        {
            "stage": "proposal",
            "stage_history": [{"stage": "contacted", "occurred_at": at(5)}],
            "amount": 500.0,
            "field_history": [{"field": "amount", "value": 800, "occurred_at": at(5)}],
        }
    )
    seen = _snapshot(live)
    assert (seen["stage"], seen["amount"], seen["amount_raised"]) == ("contacted", 800.0, 0.0)
    assert {note.code for note in live.notes[0]} == {"stage_from_history", "amount_from_history"}


def test_absent_is_not_collected_and_empty_is_none_happened() -> None:
    absent, empty = _snapshot(_live({})), _snapshot(_live({"activities": [], "field_history": [], "contacts": []}))
    names = ("visits_30d", "meetings_ever", "activity_audit_ever", "amount_raised", "owner_changes", "met_user")
    assert all(pd.isna(absent[name]) for name in names)
    assert [empty[name] for name in names] == [0.0] * 6


def test_parts_of_a_table_may_be_said_not_to_be_collected_or_only_since_a_day() -> None:
    seen = _snapshot(
        _live(
            {"activities": [], "not_collected": ["site_visit"], "collected_since": {"meeting": at(50), "demo": at(-9)}}
        )
    )
    assert pd.isna(seen["visits_30d"])
    assert (seen["meetings_30d"], seen["demos_ever"]) == (0.0, 0.0)
    assert pd.isna(seen["meetings_ever"])


def test_opportunities_are_grouped_by_what_is_collected() -> None:
    asked = [{"opportunity_id": f"o{i}", "activities": [] if i % 2 else None} for i in range(4)]
    asked.append({"opportunity_id": "o4", "activities": [], "collected_since": {"meeting": at(-1)}})
    assert [group.places for group in _live(*asked).groups] == [(0, 2), (1, 3, 4)]


def test_too_many_ways_of_collecting_in_one_request_are_refused() -> None:
    asked = [
        {"opportunity_id": f"o{i}", "activities": [], "collected_since": {"meeting": at(1 + i)}} for i in range(65)
    ]
    with pytest.raises(RequestError, match="65 different"):
        _live(*asked)
    assert len(_live(*asked[:64]).groups) == 64


def test_a_plan_is_known_and_has_not_happened() -> None:
    seen = _snapshot(_live({"activities": [{"kind": "meeting", "occurred_at": at(97), "planned": True}]}))
    assert (seen["meetings_ever"], seen["days_to_planned_contact"]) == (0.0, 7.0)


def test_an_event_a_little_ahead_counts_as_happening_at_as_of() -> None:
    soon = at(90) + pd.Timedelta(minutes=5)
    assert _snapshot(_live({"activities": [{"kind": "meeting", "occurred_at": soon}]}))["days_since_meeting"] == 0
    late = soon + pd.Timedelta(microseconds=1)
    (error,) = _errors({"activities": [{"kind": "meeting", "occurred_at": late}]})
    assert (type(error), error.field) == (FutureEventError, "/opportunities/0/activities/0/occurred_at")


def test_what_was_recorded_after_as_of_does_not_count() -> None:
    live = _live({"activities": [{"kind": "meeting", "occurred_at": at(80), "recorded_at": at(91)}]})
    assert _snapshot(live)["meetings_ever"] == 0
    assert [note.code for note in live.notes[0]] == ["recorded_after_as_of"]


def test_repeated_events_count_once_in_every_table() -> None:
    meeting = {"kind": "meeting", "occurred_at": at(80)}
    entered = {"stage": "proposal", "occurred_at": at(3)}
    person = {"contact_id": "c1", "role": "user"}
    live = _live({"activities": [meeting] * 3, "stage_history": [entered] * 2, "contacts": [person] * 2})
    assert _snapshot(live)["meetings_ever"] == 1
    assert [note.code for note in live.notes[0]] == ["sent_twice"]
    assert [len(live.groups[0].history.tables[t]) for t in ("activities", "stage_history", "contacts")] == [1, 1, 1]


def test_a_stage_and_a_value_may_come_back_within_one_instant() -> None:
    entered = [{"stage": stage, "occurred_at": at(3)} for stage in ("proposal", "negotiation", "proposal")]
    told = [
        {"field": field, "value": value, "occurred_at": at(3)}
        for field, value in (("need", "no"), ("amount", 100), ("need", "yes"), ("need", "no"), ("amount", 100))
    ]
    live = _live({"stage": "proposal", "stage_history": entered, "field_history": told})
    seen = _snapshot(live)
    assert (seen["stage"], seen["moves_backward"], seen["need"]) == ("proposal", 1, 0)
    assert [note.code for note in live.notes[0]] == ["sent_twice"], "the amount was"


def test_all_wrong_opportunities_are_told_at_once() -> None:
    errors = _errors({"stage": "propsal"}, {"opportunity_id": "o2"}, {"opportunity_id": "o3", "process": "x"})
    assert [(type(error), error.field) for error in errors] == [
        (UnknownStageError, "/opportunities/0/stage"),
        (RequestError, "/opportunities/2/process"),
    ]


def test_a_process_must_be_named_where_there_are_several() -> None:
    asked = {"opportunity_id": "o1", "created_at": at(0)}
    with pytest.raises(ExceptionGroup):
        live_request([asked], at(9), TWO, Catalogue())
    live = live_request([asked | {"process": "short", "stage": "in"}], at(9), TWO, Catalogue())
    assert live.groups[0].history.opportunities["process"].tolist() == ["short"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", "1_000"),
        ("amount", "１２"),
        ("amount", True),
        ("amount", 10**400),
        ("expected_close_date", "2026-W01-1"),
        ("expected_close_date", "2026-01-01T10:00"),
        ("need", "Yes"),
        ("owner", 5),
        ("fit", "high"),
        ("partner", "perhaps"),
        ("segment", 3),
    ],
)
def test_a_value_that_would_be_read_as_missing_is_refused(name: str, value: Any) -> None:
    (error,) = _errors({"field_history": [{"field": name, "value": value, "occurred_at": at(1)}]})
    assert error.field == "/opportunities/0/field_history/0/value"


def test_tables_of_a_request_are_canonical() -> None:
    full = {
        "activities": [{"kind": "audit", "occurred_at": at(1)}],
        "stage_history": [{"stage": "contacted", "occurred_at": at(1)}],
        "field_history": [{"field": "owner", "value": None, "occurred_at": at(1)}],
        "contacts": [{"contact_id": "c1", "role": None}],
        "attributes": {"fit": 2.0},
    }
    for raw in (full, {}):
        for name, frame in _live(raw).groups[0].history.tables.items():
            assert set(TABLES) >= {name}
            pd.testing.assert_frame_equal(frame, check_table(name, frame))


PAST = at(60)


def _recorded(**collected: pd.Timestamp | None) -> History:
    """A little of everything: late records, plans, clearings, an account's own activities, two processes."""
    return history(
        opportunity("o1", 0, account_id="a1", owner_id="w1", fit=1.5, segment="big", partner="yes"),
        opportunity("o2", 2, process="short", account_id="a1", owner_id="w2", fit=None, segment=None, partner="odd"),
        opportunity("o3", 5, told=99),
        stage("identified", 0),
        stage("proposal", 20, told=25),
        stage("negotiation", 55, told=70),
        stage("in", 2, of="o2"),
        value("amount", "1000", 1),
        value("amount", "800.25", 30),
        value("owner", "w2", 10),
        value("owner", None, 40),
        value("need", "yes", 12),
        value("need", "unknown", 50),
        value("expected_close_date", "2026-05-01", 3),
        value("segment", "small", 33),
        value("partner", "0", 33, of="o2"),
        activity("meeting", 15, contact_id="c1", direction="outbound"),
        activity("meeting", 70, told=50, planned=True, activity_id="m"),
        activity("call", 59, told=61),
        activity("site_visit", 44, of=None, account_id="a1", duration=12.5, topic="prices"),
        activity("email_opened", 45, of="o2", automated=True),
        activity("audit", 46, of="o2", value=3.0),
        activity("call", 75, told=50, of="o2"),
        contact("c1", "user", 0),
        contact("c1", "decision_maker", 0, told=30),
        processes=TWO,
        attributes=ATTRIBUTES,
        collected=collected or None,
    )


@pytest.mark.parametrize(
    "collected",
    [
        {},
        {"meeting": None, "call": at(1), "amount": at(10), "owner": None},
        {"contacts": None, "site_visit": at(40)},
    ],
)
def test_recorded_history_sent_as_a_request_gives_the_same_snapshots(collected: dict[str, pd.Timestamp | None]) -> None:
    recorded = _recorded(**collected)
    catalogue = Catalogue(("audit",), tuple(ATTRIBUTES.values()))
    past = freeze(recorded_results(recorded), PAST)
    asked = request_body(recorded, ["o2", "o1"], PAST, catalogue)
    read = ScoreRequest.model_validate_json(json.dumps(asked, allow_nan=False))
    live = live_request([o.model_dump() for o in read.opportunities], PAST, TWO, catalogue)
    assert [note for notes in live.notes for note in notes] == []
    for group in live.groups:
        wanted = keys(*((["o2", "o1"][place], 60) for place in group.places))
        got = build_snapshots(group.history, wanted, catalogue, past)
        pd.testing.assert_frame_equal(got, build_snapshots(recorded, wanted, catalogue, past), check_exact=True)


def test_a_request_leaves_out_what_was_not_known_and_keeps_what_was_planned() -> None:
    asked = opportunity_to_request(_recorded(), "o1", PAST)
    assert [event["stage"] for event in asked["stage_history"]] == ["identified", "proposal"]
    assert [event["kind"] for event in asked["activities"]] == ["meeting", "meeting", "site_visit"]
    assert asked["activities"][1]["planned"] is True
    assert asked["contacts"] == [{"contact_id": "c1", "role": "decision_maker"}]
    assert asked["created_at"] == "2026-01-01T00:00:00Z"


def test_a_request_names_only_what_the_model_knows() -> None:
    asked = opportunity_to_request(_recorded(), "o1", PAST, Catalogue())
    assert "attributes" not in asked
    assert "segment" not in {event["field"] for event in asked["field_history"]}


def test_an_opportunity_that_was_not_recorded_cannot_be_asked_about() -> None:
    with pytest.raises(DataError, match="'o3'"):
        opportunity_to_request(_recorded(), "o3", PAST)


def test_what_is_not_collected_at_all_is_not_sent() -> None:
    recorded = history(opportunity("o1"), stage("identified", 0))
    asked = opportunity_to_request(recorded, "o1", at(1), catalogue_of(recorded))
    assert set(asked) == {"opportunity_id", "process", "created_at", "stage_history"}
