"""Commands that choose the champion and say why: promote, rollback, promotions, versions."""

from __future__ import annotations

import json
from typing import Any

import click

from api.clock import now
from api.home import champion_folder, mlflow_artifacts, tracking_uri
from features.segment import segment_of
from models.promotions import Decision

because_option = click.option("--because", default="", metavar="REASON", help="Why; kept in the promotion log.")


@click.command("promote")
@click.argument("version", required=False)
@because_option
def promote_command(version: str | None, because: str) -> None:
    """Make VERSION champion; the challenger when none is named.

    A version that did not pass the gate needs a reason.
    """
    from models.registry import Registry

    registry = Registry(tracking_uri(), mlflow_artifacts())
    chosen = version if version is not None else registry.challenger()
    verdict = registry.verdict(chosen)
    if not verdict["passed"] and not because.strip():
        raise click.UsageError(
            f"version {chosen} did not pass the gate ({verdict['reason']}): say with --because why it is promoted"
        )
    registry.promote(chosen, champion_folder(), now(), "hand", because.strip())
    segment = registry.segment_of(chosen)
    if segment:
        click.echo(f"version {chosen} is champion of {segment}, exported beside {champion_folder()}")
        return
    click.echo(f"version {chosen} is champion, exported to {champion_folder()}")


@click.command("rollback")
@click.argument("version", required=False)
@because_option
@click.option("--segment", default="", metavar="COLUMN=VALUE", help="Go back from this segment's champion.")
def rollback_command(version: str | None, because: str, segment: str) -> None:
    """Go back to the champion before, or to VERSION: any earlier champion, or 0, the fixed weights."""
    from models.registry import Registry

    registry = Registry(tracking_uri(), mlflow_artifacts())
    segment = segment_of(segment).name if segment else ""
    found = registry.rollback(champion_folder(), now(), version, because.strip(), segment)
    if segment:
        click.echo(
            f"version {found} answers for {segment} again" if found != "0" else f"{segment} has no model of its own"
        )
        return
    click.echo(f"version {found} is champion again" if found != "0" else "back to version 0, the fixed weights")


@click.command("promotions")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every figure.")
def promotions_command(as_json: bool) -> None:
    """List every decision on which model is in service, in the order of time."""
    from models.registry import Registry

    entries = Registry(tracking_uri(), mlflow_artifacts()).promotions.entries()
    if as_json:
        click.echo(json.dumps([_as_dict(entry) for entry in entries], ensure_ascii=False, indent=1))
        return
    for entry in entries:
        undone = "" if entry.carried_out else " (failed)"
        click.echo(
            f"{entry.when:%Y-%m-%d %H:%M:%S}  version {entry.version} {entry.decision}{undone}"
            f" by {'the gate' if entry.decided_by == 'gate' else 'hand'}, version {entry.previous} before:"
            f" {entry.reason}  [run {entry.run}]"
        )


def _as_dict(entry: Decision) -> dict[str, Any]:
    kept = {name: value for name, value in vars(entry).items() if name != "verdict"}
    return {**kept, "when": entry.when.isoformat()}


@click.command("versions")
def versions_command() -> None:
    """List the registered versions with their aliases."""
    from models.registry import Registry

    for row in Registry(tracking_uri(), mlflow_artifacts()).versions():
        click.echo(f"{row['version']:>5}  {', '.join(row['aliases']) or '-':<24} run {row['run']}")
