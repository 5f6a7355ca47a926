"""Tables of the service, in the database of the recorded past. Instants are microseconds since 1970, UTC."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, Table, Text, text, true

from features.history.database.tables import METADATA, SEQ
from features.history.dated_inputs import KINDS, InputKind

KEYS = Table(
    "keys",
    METADATA,
    Column("key_id", Text, primary_key=True),  # shown in lists and logs; tells nothing of the key
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),  # SHA-256 of the key, which has 256 random bits
    Column("scopes", Text, nullable=False),  # separated by commas
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    Column("revoked_at", BigInteger),
)

OF_CLOSES = "outcome IN ('won', 'lost')"
"""Scores that say how an opportunity ended: few."""

SCORES = Table(
    "scores",
    METADATA,
    Column("opportunity_id", Text, primary_key=True),
    Column("as_of", BigInteger, primary_key=True),
    Column("model_version", Text, primary_key=True),
    Column("through_seq", BigInteger, nullable=False),  # the last commit that it knew
    Column("status", Text, nullable=False),
    Column("outcome", Text),
    Column("probability", Double),
    Column("low", Double),
    Column("high", Double),
    Column("opportunity_class", Text),
    Column("segment", Text),
    Column("is_shadow", Boolean, nullable=False),  # of a challenger, never served
    # False: of a challenger, or worked out after its instant; nobody was told it then.
    Column("was_served", Boolean, nullable=False, server_default=true()),
    Index("scores_in_time", "opportunity_id", "is_shadow", "as_of"),
    Index("scores_by_instant", "as_of", "opportunity_id"),
    Index(
        "scores_of_closes", "opportunity_id", "as_of", sqlite_where=text(OF_CLOSES), postgresql_where=text(OF_CLOSES)
    ),
)
"""Scores that were given when something changed, and daily: history, trend, and what a rebuild must equal."""

LISTS = Table(
    "lists",
    METADATA,
    Column("list_id", SEQ, primary_key=True, autoincrement=True),
    Column("model_version", Text, nullable=False),
    Column("as_of", BigInteger, nullable=False),  # when all of it was scored
    Column("through_seq", BigInteger, nullable=False),  # commits up to here are in it
    Column("state", Text, nullable=False),  # "building", "current" or "old"
)
"""Work lists, each by one model version; one is current."""

LISTED = Table(
    "listed",
    METADATA,
    Column("list_id", SEQ, primary_key=True, autoincrement=False),
    Column("opportunity_id", Text, primary_key=True),
    Column("as_of", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("outcome", Text),
    Column("probability", Double),
    Column("low", Double),
    Column("high", Double),
    Column("fixed_weight", Double),
    Column("expected_value", Double),  # probability × amount
    Column("expected_close", BigInteger),
    Column("amount", Double),
    Column("currency", Text),
    Column("opportunity_class", Text),
    Column("man", Text),
    Column("stage", Text),
    Column("account_id", Text),
    Column("owner_id", Text),
    Column("team", Text),
    Column("product", Text),
    Column("process", Text),
    Column("trend", Text),
    Index("listed_by_value", "list_id", "expected_value"),
    Index("listed_by_probability", "list_id", "probability"),
    Index("listed_by_owner", "list_id", "owner_id", "expected_value"),
    Index("listed_of_account", "account_id"),
)

LISTED_ACCOUNTS = Table(
    "listed_accounts",
    METADATA,
    Column("list_id", SEQ, primary_key=True, autoincrement=False),
    Column("account_id", Text, primary_key=True),
    Column("as_of", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("account_class", Text),
    Column("need_probability", Double),
    Column("rank", Integer),
    Column("answer", Text, nullable=False),  # JSON as the API gives it, with the evidence
)

JUDGEMENTS = Table(
    "judgements",
    METADATA,
    Column("judgement_id", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("opportunity_id", Text, nullable=False, index=True),
    Column("person", Text, nullable=False),
    Column("probability", Double),
    Column("opportunity_class", Text),
    Column("because", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("withdrawn_at", BigInteger),
    Column("model_probability", Double),  # what the model said at that instant
    Column("model_class", Text),
    Column("model_version", Text, nullable=False),
)

WEBHOOKS = Table(
    "webhooks",
    METADATA,
    Column("webhook_id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),  # needed in clear to sign
    Column("events", Text, nullable=False),  # separated by commas
    Column("threshold", Double, nullable=False),  # change of probability that is told
    Column("created_at", BigInteger, nullable=False),
    Column("disabled_at", BigInteger),
    Column("disabled_because", Text),
    Column("old_secret", Text),  # those that sign beside the new one until then, separated by spaces
    Column("old_secret_until", BigInteger),
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("message_id", Text, primary_key=True),
    Column("place", SEQ, nullable=False, unique=True),  # grows; the order within an opportunity
    Column("webhook_id", Text, nullable=False),
    Column("subject", Text, nullable=False),  # the opportunity, or "champion": messages of one subject keep their order
    Column("event", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", BigInteger, nullable=False),
    Column("delivered_at", BigInteger),
    Column("given_up_at", BigInteger),
    Column("last_answer", Text),
    Index("outbox_waiting", "delivered_at", "given_up_at", "next_attempt_at"),
    Index("outbox_in_order", "webhook_id", "subject", "place"),
    Index("outbox_of_subject", "subject"),
)
"""Messages to be delivered, written in the same transaction as what they tell of."""

TOLD = Table(
    "told",
    METADATA,
    Column("webhook_id", Text, primary_key=True),
    Column("opportunity_id", Text, primary_key=True),
    Column("probability", Double),
    Column("opportunity_class", Text),
    Column("outcome", Text),
)
"""What each webhook was last told of an opportunity: small steps add up until they pass the threshold."""

LEASES = Table(
    "leases",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
)
"""Who does the work that only one worker may do."""

_SQL = {"text": Text, "number": Double, "instant": BigInteger}


def _of_inputs(kind: InputKind) -> Table:
    columns: list[Column[object]] = [Column(c.name, _SQL[c.type], nullable=not c.required) for c in kind.table.columns]
    place = (
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("place", Integer, primary_key=True, autoincrement=False),
    )
    return Table(f"input_{kind.name}", METADATA, *place, *columns)


INPUTS = {name: _of_inputs(kind) for name, kind in KINDS.items()}
"""Targets, commits, teams and rates as they were told; ``place`` is the row within its commit."""
