"""``symloss schema``."""

from __future__ import annotations

import json

import click


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of a specification.

    With `# yaml-language-server: $schema=symloss.schema.json` as its first line, an editor completes and checks a
    specification as it is typed.
    """
    from symloss.language import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
