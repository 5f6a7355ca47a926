"""Everything that is stored about one account, contact or opportunity is handed out, and erased; on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Text, cast, insert, select

from api.background.part import Models, Moment, score_part, write_part
from api.background.telling import Tell
from api.champion import load_champion
from api.store.outbox import enqueue_scores
from api.store.tables import LISTED, LISTED_ACCOUNTS, SCORES
from features.history.database.description import read_description
from features.history.database.engine import Database, last_commit
from features.history.database.history_of import history_of
from features.history.database.reads import Cut
from features.history.database.tables import ERASURES, METADATA
from tests.services import live_service, push

CREATED = "2026-01-01T08:00:00Z"
AT = "2026-02-01T08:00:00Z"


@pytest.fixture
def client(database: Database) -> Iterator[httpx.Client]:
    with live_service(database) as client:
        yield client


@pytest.fixture
def filled(client: httpx.Client, database: Database) -> httpx.Client:
    """Two accounts with their people and opportunities, and all that the service keeps of them."""
    made = client.post("/v1/webhooks", json={"url": "https://93.184.216.34/"})
    assert made.status_code == 201
    for a in ("acme-a1", "other-a2"):
        client.put(f"/v1/accounts/{a}", json={"created_at": CREATED, "name": f"{a}-name"})
        client.put(f"/v1/contacts/{a}-c", json={"created_at": CREATED, "account_id": a, "role": "user"})
        opportunity = {"created_at": CREATED, "account_id": a, "stage": "proposal", "attributes": {}}
        client.put(f"/v1/opportunities/{a}-o", json=opportunity)
        push(
            client,
            meeting(f"{a}-m1", opportunity_id=f"{a}-o", contact_id=f"{a}-c"),
            meeting(f"{a}-m2", account_id=a, contact_id=f"{a}-c"),
            {"type": "field_change", "event_id": f"{a}-f", "contact_id": f"{a}-c", "field": "role",
             "value": "purchaser", "occurred_at": AT},
            {"type": "retraction", "event_id": f"{a}-r", "retracts": f"{a}-m2", "because": "it was someone else"},
        )  # fmt: skip
        said = {"person": "li.na", "probability": 0.2, "because": "no budget"}
        assert client.put(f"/v1/opportunities/{a}-o/judgement", json=said).status_code == 201
        _keep(database, a)
    return client


def meeting(event_id: str, **more: Any) -> dict[str, Any]:
    return {"type": "activity", "event_id": event_id, "kind": "meeting", "occurred_at": AT} | more


def _keep(database: Database, account: str) -> None:
    """What the refresher writes."""
    name = f"{account}-o"
    score = {"opportunity_id": name, "as_of": 5, "model_version": "0", "outcome": "open", "opportunity_class": "active"}
    kept = score | {"through_seq": 3, "status": "ok", "is_shadow": False, "probability": 0.5}
    listed = {"list_id": 1, "opportunity_id": name, "as_of": 5, "status": "ok", "account_id": account}
    of_account = {"list_id": 1, "account_id": account, "as_of": 5, "status": "ok", "answer": "{}"}
    with database.changing() as connection:
        connection.execute(insert(SCORES), kept)
        connection.execute(insert(LISTED), listed)
        connection.execute(insert(LISTED_ACCOUNTS), of_account)
        enqueue_scores(connection, [score | {"probability": 0.5}], 7)
        enqueue_scores(connection, [score | {"probability": 0.9}], 8)


def everything(database: Database, word: str) -> list[str]:
    """Tables and columns in which a word still stands."""
    found = []
    with database.reading() as connection:
        for table in METADATA.sorted_tables:
            for column in table.columns:
                text = cast(column, Text)
                if connection.execute(select(table).where(text.contains(word)).limit(1)).first() is not None:
                    found.append(f"{table.name}.{column.name}")
    return found


def test_an_export_has_everything_that_is_stored(filled: httpx.Client, database: Database) -> None:
    answer = filled.get("/v1/accounts/acme-a1/export").json()
    assert {name for name, rows in answer["tables"].items() if rows} == {
        "accounts", "contacts", "opportunities", "events", "scores", "listed", "listed_accounts", "judgements", "told",
        "outbox", "commits",
    }  # fmt: skip
    held = {place.partition(".")[0] for place in everything(database, "acme")}
    assert held <= {name for name, rows in answer["tables"].items() if rows}
    assert "other" not in json.dumps(answer)
    assert answer["tables"]["accounts"][0]["created_at"] == "2026-01-01T08:00:00+00:00"
    assert len(answer["tables"]["events"]) == 5
    person = filled.get("/v1/contacts/acme-a1-c/export").json()["tables"]
    assert sorted(row["event_id"] for row in person["events"]) == ["acme-a1-f", "acme-a1-m1", "acme-a1-m2", "acme-a1-r"]
    assert [row["action"] for row in person["commits"]] == ["put contact"]
    deal = filled.get("/v1/opportunities/acme-a1-o/export").json()["tables"]
    assert deal["outbox"][0]["payload"]["data"]["win_probability"] == 0.9
    assert filled.get("/v1/accounts/nobody/export").status_code == 404


def test_an_erased_account_is_nowhere_any_more(filled: httpx.Client, database: Database) -> None:
    before = len(everything(database, "other"))
    answer = filled.delete("/v1/accounts/acme-a1").json()
    assert answer["deleted"] == {
        "accounts": 1, "contacts": 1, "opportunities": 1, "events": 5, "scores": 1, "listed": 1, "listed_accounts": 1,
        "judgements": 1, "told": 1, "outbox": 1,
    }  # fmt: skip
    assert everything(database, "acme") == []
    assert len(everything(database, "other")) == before
    with database.reading() as connection:
        kinds = connection.execute(select(ERASURES.c.kind).order_by(ERASURES.c.kind)).scalars().all()
    assert kinds == ["account", "contact", "opportunity"]
    commits = filled.get("/v1/audit-log").json()["commits"]
    assert [c["seq"] for c in commits] == list(range(1, len(commits) + 1)), "no write is missing"
    assert commits[-1]["action"] == "erase account"
    assert commits[-1]["subject"] == f"erased:{answer['digest']}"
    assert filled.delete("/v1/accounts/acme-a1").status_code == 404
    assert filled.get("/v1/opportunities/acme-a1-o/score").status_code == 404
    assert filled.get("/v1/opportunities/other-a2-o/score").status_code == 200
    assert len(history_of(database).opportunities) == 1


def test_an_erased_person_leaves_what_happened_without_the_name(filled: httpx.Client, database: Database) -> None:
    answer = filled.delete("/v1/contacts/acme-a1-c").json()
    assert answer["deleted"] == {"contacts": 1, "events": 1}
    assert answer["touched"] == 1
    assert everything(database, "acme-a1-c") == []
    assert everything(database, "someone else") == ["events.because"], "that of the other account"
    deal = filled.get("/v1/opportunities/acme-a1-o/export").json()["tables"]
    assert [row["contact_id"] for row in deal["events"] if row["kind"] == "activity"] == [None]
    again = push(filled, meeting("acme-a1-m1", opportunity_id="acme-a1-o", contact_id="acme-a1-c"))
    assert again["duplicates"] == 1, "sent again, the person does not come back"


def test_an_erased_opportunity_leaves_its_account(filled: httpx.Client, database: Database) -> None:
    answer = filled.delete("/v1/opportunities/acme-a1-o").json()
    assert answer["touched"] == 0
    assert everything(database, "acme-a1-o") == []
    assert filled.get("/v1/accounts/acme-a1/export").json()["tables"]["events"] != []


def test_what_moved_to_another_account_stays_without_the_former_name(filled: httpx.Client, database: Database) -> None:
    moved = {"type": "field_change", "event_id": "move", "opportunity_id": "acme-a1-o", "field": "account_id"}
    push(filled, moved | {"value": "other-a2", "occurred_at": AT})
    answer = filled.delete("/v1/accounts/acme-a1").json()
    assert answer["touched"] == 1
    assert everything(database, "acme-a1-name") == []
    row = filled.get("/v1/opportunities/acme-a1-o/export").json()["tables"]["opportunities"][0]
    assert row["account_id"] is None
    with database.reading() as connection:
        for table in METADATA.sorted_tables:
            if "account_id" in table.c:
                assert "acme-a1" not in connection.execute(select(table.c.account_id)).scalars().all()


MERGED = {"type": "account_merge", "event_id": "g1", "account_id": "acme-a1", "into": "other-a2"}
BOTH = {
    "accounts": ["acme-a1", "other-a2"], "contacts": ["acme-a1-c", "other-a2-c"],
    "opportunities": ["acme-a1-o", "other-a2-o"],
}  # fmt: skip


@pytest.mark.parametrize("name", ["acme-a1", "other-a2"])
def test_accounts_that_are_one_are_exported_and_erased_as_one(
    filled: httpx.Client, database: Database, name: str
) -> None:
    push(filled, MERGED)
    whole = filled.get(f"/v1/accounts/{name}/export").json()
    assert (whole["ids"], whole["merged_with"]) == (BOTH, [])
    assert {row["account_id"] for row in whole["tables"]["accounts"]} == {"acme-a1", "other-a2"}
    assert len(whole["tables"]["events"]) == 11
    answer = filled.delete(f"/v1/accounts/{name}").json()
    assert (answer["ids"], answer["merged_with"], answer["touched"]) == (BOTH, [], 0)
    assert [everything(database, word) for word in ("acme", "other")] == [[], []]
    assert filled.delete("/v1/accounts/acme-a1").status_code == 404
    assert filled.delete("/v1/accounts/other-a2").status_code == 404
    assert push(filled, meeting("again", account_id="acme-a1"))["refused"] == 1, "each is known as erased"


def test_an_account_whose_merge_was_taken_back_is_erased_alone(filled: httpx.Client, database: Database) -> None:
    push(filled, MERGED, {"type": "retraction", "event_id": "g2", "retracts": "g1", "because": "two customers"})
    answer = filled.delete("/v1/accounts/acme-a1").json()
    assert (answer["ids"]["accounts"], answer["merged_with"]) == (["acme-a1"], ["other-a2"])
    assert answer["touched"] == 1, "its scores were once made with what is gone"
    assert everything(database, "acme") == []
    assert filled.get("/v1/opportunities/other-a2-o/score").status_code == 200


def test_what_was_taken_back_is_erased_with_its_retraction(filled: httpx.Client, database: Database) -> None:
    into = {"type": "account_merge", "event_id": "g1", "account_id": "other-a2", "into": "acme-a1"}
    move = {"type": "field_change", "event_id": "v1", "opportunity_id": "other-a2-o", "field": "account_id"}
    move |= {"value": "acme-a1", "occurred_at": AT}
    back = [
        {"type": "retraction", "event_id": f"r{one}", "retracts": one, "because": "not Zenith"} for one in ("g1", "v1")
    ]
    push(filled, into, move, *back)
    exported = filled.get("/v1/accounts/acme-a1/export").json()["tables"]["events"]
    assert {"g1", "v1", "rg1", "rv1"} < {row["event_id"] for row in exported}
    filled.delete("/v1/accounts/acme-a1")
    assert [everything(database, word) for word in ("acme", "Zenith")] == [[], []]
    filled.put("/v1/accounts/acme-a1", json={"created_at": CREATED})
    push(filled, into)
    assert filled.get("/v1/accounts/other-a2").json()["stands_under"] == "acme-a1", "told again, it counts"


def test_an_erased_id_may_come_again_and_the_answer_says_so(filled: httpx.Client) -> None:
    body = {"created_at": CREATED, "name": "acme again"}
    assert (
        filled.put("/v1/accounts/other-a2", json={"created_at": CREATED, "name": "other-a2-name"}).json()["erased_at"]
        is None
    )
    erased = filled.delete("/v1/accounts/acme-a1").json()
    answer = filled.put("/v1/accounts/acme-a1", json=body)
    assert (answer.status_code, answer.json()["erased_at"]) == (201, erased["recorded_at"])


def test_what_is_repeated_after_an_erasure_does_not_bring_it_back(filled: httpx.Client, database: Database) -> None:
    filled.delete("/v1/accounts/acme-a1")
    again = [
        meeting("acme-a1-m1", opportunity_id="acme-a1-o"),
        meeting("acme-a1-m2", account_id="acme-a1"),
        meeting("new-m3", opportunity_id="other-a2-o", contact_id="acme-a1-c"),
        {"type": "account_merge", "event_id": "g", "account_id": "other-a2", "into": "acme-a1"},
        meeting("new-m4", opportunity_id="other-a2-o"),
    ]
    answer = push(filled, *again)
    assert [result["status"] for result in answer["results"]] == [422, 422, 422, 422, 201]
    assert "which was erased" in answer["results"][0]["errors"][0]["found"]
    assert everything(database, "acme") == []
    filled.put("/v1/opportunities/acme-a1-o", json={"created_at": CREATED})
    assert push(filled, again[0])["created"] == 1


def test_a_score_under_way_does_not_bring_back_what_is_erased_meanwhile(
    filled: httpx.Client, database: Database
) -> None:
    names = ["acme-a1-o", "other-a2-o"]
    with database.reading() as connection:
        seq, recorded_at = last_commit(connection)
        moment = Moment(Cut(recorded_at, seq), read_description(connection))
        part = score_part(connection, names, Models(load_champion(None)), moment)
    assert {one.score.opportunity_id for one in part.scored} == set(names)
    filled.delete("/v1/opportunities/acme-a1-o")
    with database.changing() as connection:
        write_part(connection, 1, part, Tell(scores=enqueue_scores))
    assert everything(database, "acme-a1-o") == []
    assert "scores.opportunity_id" in everything(database, "other-a2-o")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_files_of_sqlite_keep_nothing_of_it(filled: httpx.Client, database: Database) -> None:
    kept = Path(str(database.engine.url.database)).parent

    def held(word: bytes) -> list[str]:
        return [file.name for file in sorted(kept.glob("deals.db*")) if word in file.read_bytes()]

    assert held(b"acme-a1")
    filled.delete("/v1/accounts/acme-a1")
    assert held(b"acme-a1") == []
    assert held(b"other-a2")


def test_commits_of_events_lose_the_name_of_what_was_erased(filled: httpx.Client, database: Database) -> None:
    push(
        filled, {"type": "activity", "event_id": "last", "account_id": "acme-a1", "kind": "meeting", "occurred_at": AT}
    )
    assert [c["action"] for c in filled.get("/v1/audit-log?subject=acme-a1").json()["commits"]][-1] == "account events"
    filled.delete("/v1/accounts/acme-a1")
    assert everything(database, "acme") == []
