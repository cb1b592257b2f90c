"""The command line: ``symloss build | derive | prove | verify | audit | bench | list | show | new | plot | docs | …``.

Each command lives in a module of its own that is imported when the command runs, so that ``symloss list`` does not
wait for SymPy and ``symloss build`` with nothing to do does not either.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import click

import symloss

#: command → the module of this package that holds it (as ``command``) and its line in ``symloss --help``.
COMMANDS = {
    "audit": ("audit", "Compare an implementation of a loss with exact results, in ulps."),
    "bench": ("bench", "Compare the speed of a loss with other libraries and with the machine's limits."),
    "build": ("build", "Compile specifications to verified kernels; redoes only what changed."),
    "derive": ("derive", "Print the derivation of a loss step by step."),
    "docs": ("docs", "Write the documentation of losses: one page each, and a book."),
    "list": ("list_losses", "List the losses."),
    "new": ("new", "Write a commented specification to start from."),
    "prove": ("prove", "Settle the claims about losses, with evidence."),
    "plot": ("plot", "Draw value, gradient and Hessian of a loss."),
    "schema": ("schema", "Print the JSON Schema of a specification, for editors."),
    "show": ("show", "Show the formula, inputs, parameters and entry points of a loss."),
    "verify": ("verify", "Check a derivation by hand, with a counterexample where it is wrong."),
}

#: Exit codes: something the user gave is wrong; a defect of symloss; the user pressed Ctrl-C.
BAD_INPUT, DEFECT, INTERRUPTED = 2, 70, 130


class _LazyGroup(click.Group):
    """A group whose commands are imported when they run; their help lines come from `COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = importlib.import_module(f"symloss.cli.{COMMANDS[cmd_name][0]}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


def _print_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"symloss {symloss.__version__}")
        ctx.exit()


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Version.")
def commands() -> None:
    """A compiler for loss functions: one symbolic specification gives derivatives, kernels and a page.

    Wherever a command takes a LOSS, give a name (symloss list) or the path of a .yaml file of your own.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 a check failed, 2 bad input, 130 interrupted."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; whatever goes wrong is one message on standard error."""
    from symloss.errors import SymlossError

    try:
        outcome = commands.main(arguments, prog_name="symloss", standalone_mode=False)
        sys.stdout.flush()
        return outcome if isinstance(outcome, int) else 0
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx is not None else "symloss"
        click.echo(f"error: {error.format_message()} ({command} --help says how)", err=True)
        return BAD_INPUT
    except click.ClickException as error:
        click.echo(f"error: {error.format_message()}", err=True)
        return BAD_INPUT
    except SymlossError as error:
        click.echo(f"error: {error}", err=True)
        return BAD_INPUT
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted; every file is either the old one or the new one", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`symloss list | head`) has gone; nothing may be flushed to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        click.echo(
            f"error: {error.strerror or error}: {error.filename}" if error.filename else f"error: {error}", err=True
        )
        return BAD_INPUT
    except Exception as error:
        if os.environ.get("SYMLOSS_TRACEBACK"):
            raise
        click.echo(
            f"defect of symloss: {type(error).__name__}: {error} (SYMLOSS_TRACEBACK=1 shows where; please report it)",
            err=True,
        )
        return DEFECT
