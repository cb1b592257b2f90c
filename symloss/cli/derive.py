"""``symloss derive``."""

from __future__ import annotations

import click

from symloss.cli.arguments import derivation_of, read


@click.command("derive")
@click.argument("loss")
@click.option("--latex", is_flag=True, help="As LaTeX.")
def command(loss: str, latex: bool) -> None:
    """Print the derivation of LOSS step by step: the formula, the stable form, the chain rule, the result."""
    spec = read(loss)
    derivation = derivation_of(spec)
    if latex:
        from symloss.latex import derivation_latex

        click.echo(derivation_latex(derivation))
        return
    from symloss.cli.plain import statement_text
    from symloss.latex.steps import derivation_steps, result

    click.echo(f"{spec.title} ({spec.name})")
    for number, step in enumerate(derivation_steps(derivation), start=1):
        click.echo(f"\n{number}. {step.text}")
        if step.code:
            click.echo(f"     {step.code}")
        for statement in step.statements:
            click.echo(f"     {statement_text(statement)}")
    click.echo("\nResult, for one sample of weight 1:")
    for program, prefix in (
        (derivation.gradient, "grad "),
        (derivation.diagonal, "diag "),
        (derivation.product, "hvp "),
    ):
        for output in [] if program is None else [key for key in program.outputs if key.startswith(prefix)]:
            statement, parts = result(program, output)
            for part in parts:
                click.echo(f"     {statement_text(part)}")
            click.echo(f"  {statement_text(statement)}")
    if derivation.diagonal is None:
        click.echo(f"  no Hessian diagonal: {derivation.refusal}")
