"""Site visits, e-mail, contact, and the kinds of a source's own: literal histories, literal numbers."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from features.history.schema import ACTIVITY_KINDS
from tests.histories import Row, activity, history, opportunity, over_days, snapshot, stage, table

NAN = float("nan")
TRACKED = dict.fromkeys(ACTIVITY_KINDS)
BASE = (opportunity(account_id="x"), stage("identified", 0))


def seen(*rows: Row) -> Any:
    return history(*BASE, *rows, collected=TRACKED)


VISITS = seen(
    activity("site_visit", 1, duration=60.4, topic="pump"),
    activity("site_visit", 1.5, duration=30, topic="price"),
    activity("site_visit", 9, told=12, duration=100, topic="pump"),
    activity("site_visit", 40),
)
VISIT_DAYS = (0.5, 1, 8, 11, 12, 39.5, 130)


@pytest.fixture(scope="module")
def visits() -> pd.DataFrame:
    return table(VISITS, *VISIT_DAYS)


@pytest.mark.parametrize(
    ("feature", "found"),
    [
        ("visits_7d", [0, 1, 1, 0, 1, 0, 0]),
        ("visits_30d", [0, 1, 2, 2, 3, 0, 0]),
        ("visits_90d", [0, 1, 2, 2, 3, 3, 0]),
        ("dwell_7d", [0, 60, 30, 0, 100, 0, 0]),
        ("dwell_90d", [0, 60, 90, 90, 190, 190, 0]),
        ("visit_days_30d", [0, 1, 1, 1, 2, 0, 0]),
        ("topics_90d", [0, 1, 2, 2, 2, 2, 0]),
        ("days_since_visit", [NAN, 0, 6.5, 9.5, 3, 30.5, 90]),
        ("visit_trend", [1 / 3, 2 / 4, 3 / 5, 3 / 5, 4 / 6, 1 / 6, 1 / 3]),
    ],
)
def test_seven_instants_of_site_visits(visits: pd.DataFrame, feature: str, found: list[float]) -> None:
    assert list(visits[feature]) == pytest.approx(found, rel=1e-15, nan_ok=True)


def test_a_visit_counts_half_for_every_fourteen_days_of_its_age() -> None:
    known = seen(activity("site_visit", 0), activity("site_visit", 14))
    assert over_days(known, "visit_intensity", 0, 14, 28) == [1, 1.5, 0.75]


MAILS = seen(
    activity("email_sent", 1),
    activity("email_opened", 2, automated=True),
    activity("email_opened", 3),
    activity("email_clicked", 3, automated=True),
    activity("email_replied", 4),
    activity("email_sent", 10),
    activity("email_replied", 12, told=15),
)
MAIL_DAYS = (0.5, 1, 3, 5, 13, 15, 42)


@pytest.fixture(scope="module")
def mails() -> pd.DataFrame:
    return table(MAILS, *MAIL_DAYS)


@pytest.mark.parametrize(
    ("feature", "found"),
    [
        ("emails_sent_30d", [0, 1, 1, 1, 2, 2, 0]),
        ("emails_opened_30d", [0, 0, 2, 2, 2, 2, 0]),
        ("emails_opened_human_30d", [0, 0, 1, 1, 1, 1, 0]),
        ("emails_clicked_30d", [0, 0, 1, 1, 1, 1, 0]),
        ("emails_clicked_human_30d", [0, 0, 0, 0, 0, 0, 0]),
        ("replies_7d", [0, 0, 0, 1, 0, 1, 0]),
        ("replies_ever", [0, 0, 0, 1, 1, 2, 2]),
        ("open_rate", [NAN, 2 / 9, 3 / 9, 3 / 9, 3 / 10, 3 / 10, 3 / 10]),
        ("click_rate", [NAN, 1 / 9, 1 / 9, 1 / 9, 1 / 10, 1 / 10, 1 / 10]),
        ("reply_rate", [NAN, 1 / 9, 1 / 9, 2 / 9, 2 / 10, 3 / 10, 3 / 10]),
        ("days_since_reply", [NAN, NAN, NAN, 1, 9, 3, 30]),
        ("days_since_email_sent", [NAN, 0, 2, 4, 3, 5, 32]),
        ("reply_delay", [NAN, NAN, NAN, 3, 3, 2.5, 2.5]),
    ],
)
def test_seven_instants_of_e_mail(mails: pd.DataFrame, feature: str, found: list[float]) -> None:
    assert list(mails[feature]) == pytest.approx(found, rel=1e-15, nan_ok=True)


def test_an_e_mail_is_answered_once_and_never_at_its_own_instant() -> None:
    twice = seen(activity("email_sent", 1), activity("email_replied", 3), activity("email_replied", 9))
    assert snapshot(twice, 10)["reply_delay"] == 2
    at_once = seen(activity("email_sent", 3), activity("email_replied", 3))
    assert snapshot(at_once, 10)["reply_delay"] != snapshot(at_once, 10)["reply_delay"]


def test_a_reply_answers_the_last_e_mail_before_it_that_was_known() -> None:
    known = seen(activity("email_sent", 1), activity("email_sent", 4, told=8), activity("email_replied", 6))
    assert over_days(known, "reply_delay", 7, 8) == [5, 2]


CONTACTS = seen(
    activity("meeting", 2),
    activity("call", 6, direction="outbound"),
    activity("call", 8, direction="inbound"),
    activity("site_visit", 9, direction="inbound"),
    activity("task", 10, direction="outbound"),
    activity("task", 11, direction="inbound", automated=True),
    activity("quote", 12, direction="outbound"),
    activity("demo", 50, told=52),
)
CONTACT_DAYS = (1, 2, 7, 12, 20, 51, 52)


@pytest.fixture(scope="module")
def contacts() -> pd.DataFrame:
    return table(CONTACTS, *CONTACT_DAYS)


@pytest.mark.parametrize(
    ("feature", "found"),
    [
        ("two_way_7d", [0, 1, 2, 2, 0, 0, 1]),
        ("two_way_30d", [0, 1, 2, 3, 3, 0, 1]),
        ("two_way_90d", [0, 1, 2, 3, 3, 3, 4]),
        ("two_way_ever", [0, 1, 2, 3, 3, 3, 4]),
        ("days_since_two_way", [NAN, 0, 1, 4, 12, 43, 2]),
        ("usual_gap", [NAN, NAN, 4, 3, 3, 3, 16]),
        ("silence_to_gap", [NAN, NAN, 1 / 5, 4 / 4, 12 / 4, 43 / 4, 2 / 17]),
        ("contact_trend", [1 / 3, 2 / 4, 3 / 5, 4 / 6, 4 / 6, 1 / 6, 2 / 7]),
        ("buyer_initiated_30d", [0, 0, 0, 1, 1, 0, 0]),
        ("days_since_buyer_initiated", [NAN, NAN, NAN, 4, 12, 43, 44]),
        ("meetings_30d", [0, 1, 1, 1, 1, 0, 0]),
        ("meetings_ever", [0, 1, 1, 1, 1, 1, 1]),
        ("days_since_meeting", [NAN, 0, 5, 10, 18, 49, 50]),
        ("calls_30d", [0, 0, 1, 2, 2, 0, 0]),
        ("demos_ever", [0, 0, 0, 0, 0, 0, 1]),
        ("quotes_ever", [0, 0, 0, 1, 1, 1, 1]),
        ("days_since_quote", [NAN, NAN, NAN, 0, 8, 39, 40]),
        ("activities_7d", [0, 1, 2, 6, 0, 0, 1]),
        ("activities_ever", [0, 1, 2, 7, 7, 7, 8]),
        ("activity_days_30d", [0, 1, 2, 7, 7, 0, 1]),
        ("days_since_activity", [NAN, 0, 1, 0, 8, 39, 2]),
    ],
)
def test_seven_instants_of_contact(contacts: pd.DataFrame, feature: str, found: list[float]) -> None:
    assert list(contacts[feature]) == pytest.approx(found, rel=1e-15, nan_ok=True)


def test_a_planned_meeting_is_ahead_and_never_counts_as_held() -> None:
    known = seen(activity("meeting", 9, told=4, planned=True))
    found = table(known, 3, 4, 7, 9, 30)
    assert list(found["days_to_planned_contact"]) == pytest.approx([NAN, 5, 2, NAN, NAN], nan_ok=True)
    for name in ("meetings_ever", "two_way_ever", "activities_ever", "contact_intensity", "activity_days_30d"):
        assert list(found[name]) == [0] * 5, name


def test_a_planned_meeting_counts_from_when_it_was_recorded_as_held() -> None:
    known = seen(
        activity("meeting", 9, told=4, planned=True, activity_id="m"), activity("meeting", 10, 12, activity_id="m")
    )
    assert over_days(known, "meetings_ever", 9, 10, 11.9, 12) == [0, 0, 0, 1]
    assert over_days(known, "days_since_meeting", 13) == [3]


def test_a_meeting_moved_or_called_off_is_no_longer_ahead() -> None:
    moved = seen(
        activity("meeting", 9, told=4, planned=True, activity_id="m"),
        activity("meeting", 20, told=6, planned=True, activity_id="m"),
    )
    assert over_days(moved, "days_to_planned_contact", 5, 6, 10) == [4, 14, 10]


def test_a_corrected_record_counts_as_it_was_known_at_each_instant() -> None:
    known = seen(activity("call", 2, activity_id="c"), activity("meeting", 3, told=5, activity_id="c"))
    assert over_days(known, "calls_30d", 4, 5) == [1, 0]
    assert over_days(known, "meetings_ever", 4, 5) == [0, 1]
    assert over_days(known, "activities_ever", 4, 5) == [1, 1]


def test_what_happened_before_and_is_recorded_later_does_not_exist_yet() -> None:
    known = seen(activity("email_replied", 2, told=6))
    assert over_days(known, "replies_ever", 5.999, 6) == [0, 1]


def test_an_activity_of_the_account_reaches_each_of_its_opportunities_and_no_other() -> None:
    known = history(
        *BASE,
        opportunity("o2", account_id="x"),
        opportunity("o3", account_id="y"),
        opportunity("o4"),
        activity("meeting", 1, of=None, account_id="x"),
        activity("call", 1, of="o2", account_id="x"),
        activity("demo", 1, of=None),
        collected=TRACKED,
    )
    found = {name: snapshot(known, 2, of=name) for name in ("o1", "o2", "o3", "o4")}
    assert [found[name]["meetings_ever"] for name in found] == [1, 1, 0, 0]
    assert [found[name]["calls_30d"] for name in found] == [0, 1, 0, 0]
    assert [found[name]["demos_ever"] for name in found] == [0, 0, 0, 0]


def test_seven_instants_of_a_kind_that_only_this_source_has() -> None:
    known = history(*BASE, activity("audit", 2), activity("audit", 9, told=11), collected={"audit": None})
    days = (1, 2, 8, 9, 10, 11, 17)
    found = table(known, *days)
    assert list(found["activity_audit_7d"]) == [0, 1, 1, 0, 0, 1, 0]
    assert list(found["activity_audit_ever"]) == [0, 1, 1, 1, 1, 2, 2]
    assert list(found["days_since_activity_audit"]) == pytest.approx([NAN, 0, 6, 7, 8, 2, 8], nan_ok=True)
    assert list(found["activities_ever"]) == [0, 1, 1, 1, 1, 2, 2]
