"""`photolith bench`: the measurements of a source checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from recon.errors import InputError


def bench_command(
    context: typer.Context, name: Annotated[str, typer.Argument(help="Which one; the names are listed when it is left out.")] = ""
) -> None:
    """Measures accuracy and speed (from a source checkout); further options go to the measurement, see `bench NAME -- --help`."""
    root = Path(__file__).resolve().parents[2]
    found = {path.stem.removeprefix("bench_"): path for path in sorted((root / "tests" / "bench").glob("bench_*.py"))}
    if not found:
        raise InputError(
            "There is nothing to measure with here.", "The scripts are in the source, not in the package.", "Clone the source."
        )
    if not name:
        typer.echo("\n".join(found))
        return
    if name not in found:
        raise InputError(f"There is no measurement '{name}'.", f"There are: {', '.join(found)}.", "Choose one of them.")
    command = [sys.executable, "-m", f"tests.bench.bench_{name}", *context.args]
    raise typer.Exit(subprocess.run(command, cwd=root, check=False).returncode)
