"""Commands that make, list and revoke API keys."""

from __future__ import annotations

import click

from api.clock import now
from api.commands.database import opened
from api.store.keys import SCOPES, all_keys, create_key, revoke_key, scopes_of

_ACTOR = "dealodds keys"


@click.group("keys")
def keys_group() -> None:
    """API keys: made, listed, revoked."""


@keys_group.command("create")
@click.option("--name", required=True, help="Who uses it; the audit log names it.")
@click.option("--scope", required=True, metavar="S,S,…", help=f"What it is good for, of {', '.join(SCOPES)}.")
def create_key_command(name: str, scope: str) -> None:
    """Make a key, and print it this once: only its digest is kept."""
    with opened() as database:
        key_id, key = create_key(database, name, scopes_of(scope), _ACTOR, now)
    click.echo(f"id {key_id}, shown this once:", err=True)
    click.echo(key)


@keys_group.command("list")
def list_keys_command() -> None:
    """List the keys: id, scopes, when last used, name."""
    with opened() as database:
        for row in all_keys(database):
            scopes = ",".join(scope for scope in SCOPES if scope in row.grant.scopes)
            used = f"used {row.last_used_at:%Y-%m-%d %H:%M}" if row.last_used_at is not None else "never used"
            state = f"revoked {row.revoked_at:%Y-%m-%d %H:%M}" if row.revoked_at is not None else used
            click.echo(f"{row.grant.key_id}  {scopes:<22} {state:<26} {row.grant.name}")


@keys_group.command("revoke")
@click.argument("key_id")
def revoke_key_command(key_id: str) -> None:
    """Revoke the key with this id; services refuse it within five seconds."""
    with opened() as database:
        revoke_key(database, key_id, _ACTOR, now)
    click.echo(f"key {key_id} is revoked")
