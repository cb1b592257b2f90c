"""``symloss docs``."""

from __future__ import annotations

from pathlib import Path

import click

from symloss.build.sources import catalogue, write_atomically
from symloss.cli.arguments import derivation_of, read_path, resolve_all
from symloss.errors import SymlossError


@click.command("docs")
@click.argument("losses", nargs=-1, metavar="[LOSS]...")
@click.option(
    "--format", "style", type=click.Choice(["latex"]), default="latex", show_default=True, help="What to write."
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=None, help="Folder; by default docs/latex."
)
def command(losses: tuple[str, ...], style: str, out: Path | None) -> None:
    """Write one LaTeX page per LOSS (all of them by default) and book.tex, which plain pdflatex compiles."""
    from symloss.accuracy.record import accuracy_record
    from symloss.latex import book, page, preamble
    from symloss.proof.proving import verdicts_of

    folder = out or Path("docs") / style
    shipped = set(catalogue().values())
    pages: dict[str, str] = {}
    families: dict[str, list[str]] = {}
    for path in resolve_all(losses):
        spec = read_path(path)
        if spec.name in pages:
            raise SymlossError(f"two of the specifications are called {spec.name}")
        derivation = derivation_of(spec)
        pages[spec.name] = page(spec, derivation, accuracy_record(spec, derivation), verdicts_of(path))
        families.setdefault(path.parent.name if path in shipped else "your own", []).append(spec.name)
    for name, text in pages.items():
        write_atomically(folder / f"{name}.tex", text)
    write_atomically(folder / "preamble.tex", preamble())
    write_atomically(folder / "book.tex", book(families))
    click.echo(f"{len(pages)} page{'s' if len(pages) != 1 else ''} and {folder / 'book.tex'}")
