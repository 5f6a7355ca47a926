"""The command that lists the settings."""

from __future__ import annotations

import click

from api.settings import listed, read_settings


@click.command("settings")
@click.option("--markdown", is_flag=True, help="Print a table of meanings and defaults only.")
def settings_command(markdown: bool) -> None:
    """List every environment variable: meaning, default, present value. Secrets stay hidden."""
    settings = list(listed(read_settings()))
    if markdown:
        click.echo("| variable | default | meaning |\n|---|---|---|")
        for one in settings:
            click.echo(f"| `{one.variable}` | {one.default or '–'} | {one.meaning} |")
        return
    for one in settings:
        click.echo(f"{one.variable}\n    {one.meaning}")
        click.echo(f"    default: {one.default or '-'}; now: {'not set' if one.value is None else one.value}")
