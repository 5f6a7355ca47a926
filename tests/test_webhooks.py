"""Webhooks over HTTP, the outbox, and what arrives: signed, in order, at least once; on both databases."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import jsonschema_rs
import pandas as pd
import pytest
from sqlalchemy import func, insert, select, update

from api import clock
from api.background.deliveries import Deliveries
from api.background.destinations import VARIABLE, check_destination, destination_of
from api.background.telling import Tell
from api.champion import load_champion
from api.rebuild import rebuild
from api.store.outbox import EVENTS, enqueue_champion, enqueue_scores
from api.store.tables import OUTBOX, SCORES, TOLD, WEBHOOKS
from features.errors import RequestError
from features.history.database.engine import Database
from tests.receiver import Receiver, receiver
from tests.services import live_service, push

AT = 1_770_000_000_000_000
FAST = {"schedule": (0.05, 0.05, 0.05, 0.05), "poll_seconds": 0.02, "timeout_seconds": 2.0, "lease_seconds": 3.0}


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv(VARIABLE, "1")
    with receiver() as found:
        yield found


@pytest.fixture
def client(database: Database) -> Iterator[httpx.Client]:
    with live_service(database, clock=clock.now) as client:
        yield client


@pytest.fixture
def delivering(database: Database) -> Iterator[Callable[..., Deliveries]]:
    """Begin to deliver, as often as is asked for."""
    begun: list[Deliveries] = []

    def begin(**more: Any) -> Deliveries:
        begun.append(Deliveries(database, clock.now, **(FAST | more)))
        begun[-1].start()
        return begun[-1]

    yield begin
    for one in begun:
        one.stop()


def made(client: httpx.Client, url: str, **more: Any) -> dict[str, Any]:
    answer = client.post("/v1/webhooks", json={"url": url} | more)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def score(name: str, probability: float | None, key: str | None = "active", outcome: str = "open") -> dict[str, Any]:
    return {
        "opportunity_id": name,
        "probability": probability,
        "opportunity_class": key,
        "as_of": AT,
        "model_version": "3",
        "outcome": outcome,
    }


def tell(database: Database, *rows: dict[str, Any]) -> int:
    with database.changing() as connection:
        return enqueue_scores(connection, rows, AT)


def events(database: Database) -> list[tuple[str, str]]:
    with database.reading() as connection:
        asked = select(OUTBOX.c.subject, OUTBOX.c.event).order_by(OUTBOX.c.place)
        return [(row[0], row[1].partition(".")[2]) for row in connection.execute(asked)]


def test_a_webhook_is_made_shown_changed_and_deleted(client: httpx.Client) -> None:
    whole = made(client, "https://93.184.216.34/hook", events=["opportunity.closed"], threshold=0.1)
    assert whole["secret"].startswith("whsec_")
    path = f"/v1/webhooks/{whole['id']}"
    shown = client.get(path).json()
    assert shown == {key: value for key, value in whole.items() if key != "secret"}
    assert client.get("/v1/webhooks").json()["webhooks"] == [shown]
    changed = client.patch(path, json={"threshold": 0.2, "enabled": False}).json()
    assert (changed["threshold"], changed["events"]) == (0.2, ["opportunity.closed"])
    assert changed["disabled_at"] is not None
    assert client.patch(path, json={"enabled": True}).json()["disabled_at"] is None
    assert client.delete(path).status_code == 204
    assert [client.get(path).status_code, client.delete(path).status_code, client.patch(path, json={}).status_code] == [
        404,
        404,
        404,
    ]
    actions = [row["action"] for row in client.get("/v1/audit-log").json()["commits"]]
    assert actions == ["create webhook", "change webhook", "change webhook", "delete webhook"]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://crm.example/", "https://", "http://user:word@crm.example/", "http://127.0.0.1/", "http://localhost:8000/x",
        "http://10.1.2.3/", "http://169.254.169.254/latest/meta-data", "http://[::1]/", "http://[::ffff:10.0.0.1]/",
        "http://0.0.0.0/", "http://2130706433/", "http://0x7f.1/", "http://[fd00::1]/", "http://crm.example:99999/",
        "https://crm.example/\x00", "https://crm.example/a b",
    ],
)  # fmt: skip
def test_a_url_into_the_own_network_is_refused(url: str) -> None:
    with pytest.raises(RequestError):
        check_destination(url, private=False)


def test_private_addresses_are_taken_where_it_was_said() -> None:
    check_destination("http://127.0.0.1:9/", private=True)
    assert destination_of("http://[::1]:8080?a=b").at("::1") == "http://[::1]:8080/?a=b"
    assert destination_of("https://crm.example/x#part").host_header == "crm.example"


def test_what_is_told_is_a_change_of_class_of_probability_beyond_the_threshold_and_the_close(
    client: httpx.Client, database: Database
) -> None:
    made(client, "https://93.184.216.34/", threshold=0.1)
    assert tell(database, score("o1", 0.40), score("o2", 0.5)) == 0, "nothing was told before, so nothing has changed"
    assert tell(database, score("o1", 0.45)) == 0
    assert tell(database, score("o1", 0.50)) == 1, "small steps add up to the threshold"
    assert tell(database, score("o1", 0.59)) == 0
    assert tell(database, score("o1", 0.45, "potential"), score("o1", 0.30, "potential")) == 2
    assert tell(database, score("o1", None, None, "won"), score("o1", None, None, "won")) == 1, "a close is told once"
    assert tell(database, score("o1", 0.2)) == 2, "reopened"
    assert events(database) == [
        ("o1", "probability_changed"),
        ("o1", "class_changed"),
        ("o1", "probability_changed"),
        ("o1", "closed"),
        ("o1", "class_changed"),
        ("o1", "probability_changed"),
    ]


def test_scores_kept_before_a_webhook_was_made_count_as_told(client: httpx.Client, database: Database) -> None:
    row = {"opportunity_id": "o1", "model_version": "3", "through_seq": 1, "status": "ok", "outcome": "open"}
    kept = [{"as_of": 1, "probability": 0.9}, {"as_of": 2, "probability": 0.4}]
    with database.changing() as connection:
        connection.execute(
            insert(SCORES), [row | one | {"opportunity_class": "active", "is_shadow": False} for one in kept]
        )
    made(client, "https://93.184.216.34/")
    assert tell(database, score("o1", 0.42)) == 0
    assert tell(database, score("o1", 0.9)) == 1


def test_only_what_was_asked_for_is_told_and_nothing_while_disabled(client: httpx.Client, database: Database) -> None:
    one = made(client, "https://93.184.216.34/", events=["opportunity.closed"])
    tell(database, score("o1", 0.4))
    assert tell(database, score("o1", 0.9, "potential")) == 0
    client.patch(f"/v1/webhooks/{one['id']}", json={"enabled": False})
    assert tell(database, score("o1", None, None, "lost")) == 0
    with database.changing() as connection:
        assert enqueue_champion(connection, "1", "2", AT) == 0


def test_messages_come_with_what_they_tell_of_or_not_at_all(client: httpx.Client, database: Database) -> None:
    made(client, "https://93.184.216.34/")
    tell(database, score("o1", 0.4))

    def told_and_then_failed() -> None:
        with database.changing() as connection:
            assert enqueue_scores(connection, [score("o1", 0.9)], AT) == 1
            raise RuntimeError("away")

    with pytest.raises(RuntimeError, match="away"):
        told_and_then_failed()
    assert events(database) == []
    with database.reading() as connection:
        assert connection.execute(select(TOLD.c.probability)).scalar() == 0.4


def test_a_new_champion_is_told_once(client: httpx.Client, database: Database) -> None:
    made(client, "https://93.184.216.34/")
    for _ in range(2):
        with database.changing() as connection:
            enqueue_champion(connection, "1", "2", AT)
    assert events(database) == [("champion", "changed")]


def test_a_message_is_signed_and_says_what_changed(
    client: httpx.Client, database: Database, endpoint: Receiver, delivering: Callable[..., Deliveries]
) -> None:
    webhook = made(client, endpoint.url)
    delivering()
    tell(database, score("o1", 0.4))
    tell(database, score("o1", 0.3, "potential"))
    first, second = (received.verified(webhook["secret"]) for received in endpoint.wait(2))
    assert [first["type"], second["type"]] == ["opportunity.class_changed", "opportunity.probability_changed"]
    assert first["data"] == {
        "opportunity_id": "o1",
        "as_of": "2026-02-02T02:40:00Z",
        "win_probability": 0.3,
        "class": {"key": "potential", "names": {"en": "potential", "zh-CN": "潜在机会"}},
        "outcome": "open",
        "model_version": "3",
        "previous": {
            "win_probability": 0.4,
            "class": {"key": "active", "names": {"en": "active", "zh-CN": "活跃机会"}},
        },
    }
    with pytest.raises(Exception, match="No matching signature"):
        endpoint.received[0].verified("whsec_" + "A" * 43 + "=")


def test_what_is_sent_is_what_the_api_describes(
    client: httpx.Client, database: Database, endpoint: Receiver, delivering: Callable[..., Deliveries]
) -> None:
    webhook = made(client, endpoint.url, threshold=0.01)
    client.post(f"/v1/webhooks/{webhook['id']}/test")
    with database.changing() as connection:
        enqueue_champion(connection, None, "2", AT)
    tell(database, score("o1", 0.4), score("o1", 0.3, "potential"), score("o1", None, None, "won"))
    delivering()
    told = [received.verified(webhook["secret"]) for received in endpoint.wait(5)]
    whole = client.get("/openapi.json").json()
    assert {message["type"] for message in told} == set(whole["webhooks"]) == {*EVENTS, "webhook.test"}
    for message in told:
        described = whole["webhooks"][message["type"]]["post"]
        (body,) = described["requestBody"]["content"].values()
        schema = body["schema"] | {"components": whole["components"]}
        jsonschema_rs.validate(schema, message)
        assert not jsonschema_rs.is_valid(schema, message | {"type": "another"})
        assert {"webhook-id", "webhook-timestamp", "webhook-signature"} == {p["name"] for p in described["parameters"]}
        assert set(described["responses"]) == {"204", "410", "default"}


def test_a_secret_that_was_replaced_signs_for_a_day_beside_the_new_one(
    client: httpx.Client, database: Database, endpoint: Receiver, delivering: Callable[..., Deliveries]
) -> None:
    webhook = made(client, endpoint.url)
    path = f"/v1/webhooks/{webhook['id']}"
    client.post(f"{path}/secret")  # the answer is lost
    before = clock.now()
    fresh = client.post(f"{path}/secret").json()
    day = pd.Timedelta(days=1)
    assert before + day <= pd.Timestamp(fresh["old_secrets_until"]) <= clock.now() + day
    assert fresh["secret"] != webhook["secret"]
    assert "secret" not in client.get(path).text
    delivering()
    tell(database, score("o1", 0.4), score("o2", 0.4))
    tell(database, score("o1", 0.4, "potential"))
    message = endpoint.wait(1)[0]
    assert message.verified(webhook["secret"]) == message.verified(fresh["secret"])
    with database.changing() as connection:
        connection.execute(update(WEBHOOKS).values(old_secret_until=AT))
    tell(database, score("o2", 0.4, "potential"))
    later = endpoint.wait(2)[1]
    later.verified(fresh["secret"])
    with pytest.raises(Exception, match="No matching signature"):
        later.verified(webhook["secret"])
    assert client.post("/v1/webhooks/none/secret").status_code == 404


def test_one_subject_keeps_its_order_under_failures_and_others_do_not_wait(
    client: httpx.Client, database: Database, endpoint: Receiver, delivering: Callable[..., Deliveries]
) -> None:
    webhook = made(client, endpoint.url, threshold=0.01)
    failed: dict[str, int] = {}

    def fails_twice(received: Any) -> tuple[int, dict[str, str]]:
        data = received.verified(webhook["secret"])["data"]
        failed[received.message] = failed.get(received.message, 0) + 1
        return (500 if data["opportunity_id"] == "o1" and failed[received.message] <= 2 else 204), {}

    endpoint.answering = fails_twice
    tell(database, *(score(name, 0.1) for name in ("o1", "o2")))
    for probability in (0.2, 0.3, 0.4):
        tell(database, *(score(name, probability) for name in ("o1", "o2")))
    delivering()
    told = [r.verified(webhook["secret"])["data"] for r in endpoint.wait(3 * 3 + 3)]
    by_name = {name: [d["win_probability"] for d in told if d["opportunity_id"] == name] for name in ("o1", "o2")}
    assert by_name == {"o1": [0.2, 0.2, 0.2, 0.3, 0.3, 0.3, 0.4, 0.4, 0.4], "o2": [0.2, 0.3, 0.4]}
    assert len(failed) == 6, "an attempt again has the same id"
    wait_until(lambda: states(client, webhook) == ["delivered"] * 6)
    assert [d["attempts"] for d in deliveries(client, webhook) if d["subject"] == "o1"] == [3, 3, 3]


def test_what_is_given_up_lets_the_next_pass_and_can_be_sent_again(
    client: httpx.Client, database: Database, endpoint: Receiver, delivering: Callable[..., Deliveries]
) -> None:
    webhook = made(client, endpoint.url, threshold=0.01)
    endpoint.answering = lambda r: (400 if r.verified(webhook["secret"])["data"]["win_probability"] == 0.2 else 200, {})
    for name, probability in (("o2", 0.1), ("o2", 0.5), ("o1", 0.1), ("o1", 0.2), ("o1", 0.3)):
        tell(database, score(name, probability))
    delivering()
    wait_until(lambda: states(client, webhook) == ["delivered", "given_up", "delivered"])
    lost = deliveries(client, webhook)[1]
    assert (lost["attempts"], lost["last_answer"]) == (len(FAST["schedule"]) + 1, "answered 400")  # type: ignore[arg-type]
    endpoint.answering = lambda _: (204, {})
    path = f"/v1/webhooks/{webhook['id']}/deliveries"
    assert client.post(f"{path}/{lost['message']}/retry").status_code == 202
    wait_until(lambda: states(client, webhook) == ["delivered"] * 3)
    assert client.post(f"{path}/msg_none/retry").status_code == 404


def test_an_endpoint_that_takes_nothing_until_a_message_is_given_up_is_disabled(
    client: httpx.Client, database: Database, endpoint: Receiver, delivering: Callable[..., Deliveries]
) -> None:
    webhook = made(client, endpoint.url, threshold=0.01)
    endpoint.answering = lambda _: (500, {})
    for probability in (0.1, 0.2, 0.3):
        tell(database, score("o1", probability))
    delivering()
    path = f"/v1/webhooks/{webhook['id']}"
    wait_until(lambda: client.get(path).json()["disabled_at"] is not None)
    assert client.get(path).json()["disabled_because"] == "no message arrived in 5 attempts at one"
    assert sorted(states(client, webhook)) == ["given_up", "waiting"], "what waits is kept until it is enabled again"


def test_gone_disables_and_enabling_goes_on(
    client: httpx.Client, database: Database, endpoint: Receiver, delivering: Callable[..., Deliveries]
) -> None:
    webhook = made(client, endpoint.url)
    endpoint.answering = lambda _: (410, {})
    path = f"/v1/webhooks/{webhook['id']}"
    for _ in range(2):
        assert client.post(f"{path}/test").status_code == 202
    delivering()
    wait_until(lambda: client.get(path).json()["disabled_at"] is not None)
    shown = client.get(path).json()
    assert (shown["disabled_because"], shown["waiting"]) == ("its endpoint answered 410, gone", 1)
    endpoint.answering = lambda _: (204, {})
    client.patch(path, json={"enabled": True})
    wait_until(lambda: states(client, webhook) == ["delivered", "given_up"])
    assert len(endpoint.received) == 2


def test_retry_after_is_honoured_and_redirects_are_not_followed(
    client: httpx.Client, database: Database, endpoint: Receiver, delivering: Callable[..., Deliveries]
) -> None:
    webhook = made(client, endpoint.url)
    answers = iter([(429, {"Retry-After": "1"}), (302, {"Location": "http://169.254.169.254/"})])
    endpoint.answering = lambda _: next(answers, (204, {}))
    client.post(f"/v1/webhooks/{webhook['id']}/test")
    begun = time.monotonic()
    delivering()
    endpoint.wait(2)
    assert time.monotonic() - begun >= 1.0
    wait_until(lambda: states(client, webhook) == ["delivered"])
    assert len({received.message for received in endpoint.received}) == 1
    assert len(endpoint.received) == 3


def test_an_address_that_turned_private_is_not_sent_to(
    client: httpx.Client,
    database: Database,
    endpoint: Receiver,
    delivering: Callable[..., Deliveries],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    webhook = made(client, endpoint.url)
    monkeypatch.delenv(VARIABLE)
    client.post(f"/v1/webhooks/{webhook['id']}/test")
    delivering()
    wait_until(lambda: deliveries(client, webhook)[0]["attempts"] > 0)
    assert deliveries(client, webhook)[0]["last_answer"] == "not sent: the URL leads to a private address"
    assert endpoint.received == []


def test_an_endpoint_that_never_answers_delays_no_other(
    client: httpx.Client, database: Database, endpoint: Receiver, delivering: Callable[..., Deliveries]
) -> None:
    slow = made(client, endpoint.url)
    endpoint.answering = lambda _: (time.sleep(1.2), (204, {}))[1]  # type: ignore[func-returns-value]
    with receiver() as quick:
        other = made(client, quick.url)
        for webhook in (slow, other):
            client.post(f"/v1/webhooks/{webhook['id']}/test")
        delivering(timeout_seconds=0.3, schedule=(60.0,))
        quick.wait(1)
        wait_until(lambda: deliveries(client, slow)[0]["attempts"] == 1)
    assert deliveries(client, slow)[0]["last_answer"] == "no answer within 0.3 s"


def test_only_one_worker_delivers_and_another_takes_over(
    client: httpx.Client, database: Database, endpoint: Receiver, delivering: Callable[..., Deliveries]
) -> None:
    webhook = made(client, endpoint.url, threshold=0.01)
    first, _ = delivering(), delivering()
    tell(database, score("o1", 0.0))
    for step in range(1, 21):
        tell(database, score("o1", step / 50))
        if step == 10:
            first.stop()
    told = [r.verified(webhook["secret"])["data"]["win_probability"] for r in endpoint.wait(20)]
    assert told == [step / 50 for step in range(1, 21)], "each once, in order"


def _deliver_in_a_process(url: str, path: list[str]) -> None:
    sys.path[:] = path
    Deliveries(Database(url), clock.now, **FAST).start()  # type: ignore[arg-type]
    time.sleep(60)


def test_killed_while_it_delivers_nothing_is_lost_and_the_order_stays(
    client: httpx.Client, database: Database, endpoint: Receiver, delivering: Callable[..., Deliveries]
) -> None:
    webhook = made(client, endpoint.url, threshold=0.01)
    tell(database, score("o1", 0.0), score("o2", 0.0))
    steps = [step / 20 for step in range(1, 11)]
    for probability in steps:
        tell(database, score("o1", probability), score("o2", probability))
    endpoint.answering = lambda _: (time.sleep(0.05), (204, {}))[1]  # type: ignore[func-returns-value]
    url = database.engine.url.render_as_string(hide_password=False)
    # A process of its own, not a copy of this one with its connections.
    process = multiprocessing.get_context("spawn").Process(target=_deliver_in_a_process, args=(url, sys.path))
    process.start()
    endpoint.wait(6)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    delivering()
    wait_until(lambda: states(client, webhook) == ["delivered"] * 20)
    for name in ("o1", "o2"):
        told = [r.verified(webhook["secret"])["data"] for r in endpoint.received]
        seen = [data["win_probability"] for data in told if data["opportunity_id"] == name]
        assert sorted(seen) == seen, "in order"
        assert sorted(set(seen)) == steps, "none is missing"
    assert len(endpoint.received) <= 21, "at most the one that was under way came twice"


def test_an_endpoint_that_is_slow_keeps_no_other_waiting(
    client: httpx.Client, database: Database, endpoint: Receiver, delivering: Callable[..., Deliveries]
) -> None:
    let_go = threading.Event()
    with receiver() as slow:
        slow.answering = lambda received: (204 if let_go.wait(20) else 500, {})
        for one in (slow, endpoint):
            made(client, one.url, threshold=0.1)
        delivering(timeout_seconds=30.0, lease_seconds=60.0)
        tell(database, score("o1", 0.2))
        for number, probability in enumerate((0.4, 0.6, 0.8), start=1):
            tell(database, score("o1", probability))
            endpoint.wait(number)
        assert len(slow.received) == 1, "its first message is still under way"
        let_go.set()
        slow.wait(3)


def test_what_is_pushed_is_told_and_can_be_recomputed(database: Database, endpoint: Receiver) -> None:
    """The whole way: an event pushed, scores kept by the refresher, a message delivered, the scores rebuilt."""
    tell = Tell(scores=enqueue_scores, champion=enqueue_champion)
    work = Deliveries(database, clock.now, **FAST)  # type: ignore[arg-type]
    with live_service(database, clock=clock.now, keeps_lists=True, tell=tell, background=[work]) as client:
        webhook = made(client, endpoint.url, threshold=0.2)
        body = {"created_at": "2026-01-01T08:00:00Z", "stage": "identified"}
        assert client.put("/v1/opportunities/o1", json=body).status_code == 201
        wait_until(lambda: kept(database) == 1)
        change = {"type": "stage_change", "opportunity_id": "o1", "occurred_at": "2026-02-01T08:00:00Z"}
        push(client, change | {"event_id": "e1", "stage": "negotiation"})
        endpoint.wait(2)
        push(client, change | {"event_id": "e2", "stage": "won", "occurred_at": "2026-03-01T08:00:00Z"})
        told = [received.verified(webhook["secret"]) for received in endpoint.wait(3)]
        assert [one["type"].partition(".")[2] for one in told] == ["class_changed", "probability_changed", "closed"]
        assert (told[1]["data"]["win_probability"], told[1]["data"]["previous"]["win_probability"]) == (0.75, 0.25)
        assert told[2]["data"]["outcome"] == "won"
    found = [one.verdict for one in rebuild(database, load_champion(None))]
    assert found == ["equal"] * kept(database)
    assert len(found) >= 3


def kept(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(SCORES)).scalar() or 0)


def deliveries(client: httpx.Client, webhook: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/webhooks/{webhook['id']}/deliveries")
    found: list[dict[str, Any]] = answer.json()["deliveries"]
    return found


def states(client: httpx.Client, webhook: dict[str, Any]) -> list[str]:
    """States of the messages, the newest first."""
    return [delivery["state"] for delivery in deliveries(client, webhook)]


def wait_until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    until = pd.Timedelta(seconds=seconds).total_seconds() + time.monotonic()
    while not holds():
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(0.02)


def test_a_close_that_is_corrected_is_told_again(client: httpx.Client, database: Database) -> None:
    made(client, "https://crm.example/hook")
    tell(database, score("o1", 0.4))
    for outcome in ("won", "won", "lost"):
        tell(database, score("o1", None, None, outcome))
    assert events(database) == [("o1", "closed"), ("o1", "closed")]
