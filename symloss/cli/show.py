"""``symloss show``."""

from __future__ import annotations

import click

from symloss.cli.arguments import resolve


@click.command("show")
@click.argument("loss")
def command(loss: str) -> None:
    """Show the formula of LOSS, its inputs with shapes and domains, its parameters, entry points and settled claims."""
    import symloss
    from symloss.proof.proving import verdicts_of

    path = resolve(loss)
    shipped = not loss.endswith((".yaml", ".yml"))
    click.echo(symloss.load(loss if shipped else str(path)).__doc__)
    verdicts = verdicts_of(path)
    click.echo(
        "\nClaims:"
        if verdicts
        else f"\nClaims: no verdicts of these sources are stored; `symloss prove {loss}` settles them."
    )
    for claim, said in verdicts.items():
        click.echo(f"  {claim}\n    {said['verdict']} for {said['scope']} ({said['engine']}): {said['summary']}")
