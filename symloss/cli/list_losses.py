"""``symloss list``."""

from __future__ import annotations

import click

from symloss.build.manifest import read_manifest
from symloss.build.sources import catalogue, data_folder


@click.command("list")
def command() -> None:
    """List the losses: name and title, by family."""
    entries = read_manifest(data_folder("generated"))
    family = ""
    known = catalogue()
    width = max(map(len, known), default=0)
    for name, path in known.items():
        if path.parent.name != family:
            family = path.parent.name
            click.echo(f"{family}:")
        title = entries[name].title if name in entries else ""
        click.echo(f"  {name:<{width}}  {title}".rstrip())
