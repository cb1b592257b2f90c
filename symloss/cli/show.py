"""``symloss show``."""

from __future__ import annotations

import click

from symloss.cli.arguments import resolve


@click.command("show")
@click.argument("loss")
def command(loss: str) -> None:
    """Show the formula of LOSS, its inputs with shapes and domains, its parameters and its entry points."""
    import symloss

    path = resolve(loss)
    shipped = not loss.endswith((".yaml", ".yml"))
    click.echo(symloss.load(loss if shipped else str(path)).__doc__)
