"""`photolith models`: the trained networks, their cards, and whether their files are whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from recon.errors import InputError, PhotolithError, WeightsError

models_app = typer.Typer(name="models", help="Trained networks: what there is, and whether the files are whole.", no_args_is_help=True)


@models_app.command("list")
def list_command(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Lists the networks that are there: name, task, size, score."""
    from recon.learning.shelf import shipped, shipped_names

    rows = [_row(shipped(name)) for name in shipped_names()]
    if as_json:
        typer.echo(json.dumps({"models": rows}, ensure_ascii=False))
    elif rows:
        _show(rows)
    else:
        typer.echo("There are no trained networks in this copy of Photolith.")


def _row(path: Path) -> dict[str, object]:
    """One line of the list, also of a model whose card is damaged."""
    from recon.learning.card import card_path, read_card

    row: dict[str, object] = {"name": path.stem, "task": "", "bytes": path.stat().st_size, "measured": "", "score": None, "steps": None}
    try:
        card = read_card(card_path(path))
    except WeightsError as error:
        return row | {"problem": str(error)}
    measured, score = card.score or ("", None)
    return row | {"task": card.task, "measured": measured, "score": score, "steps": card.steps}


def _show(rows: list[dict[str, object]]) -> None:
    """The list for people."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("name", "task", "size", "measured", "steps", box=None, header_style="bold", padding=(0, 3, 0, 0))
    for row in rows:
        measured = f"{row['measured']} {row['score']:.4g}" if row["score"] is not None else str(row.get("problem", ""))
        size = f"{int(str(row['bytes'])) / 1e6:.2f} MB"
        table.add_row(*(escape(str(cell)) for cell in (row["name"], row["task"], size, measured, row["steps"] or "")))
    Console(highlight=False).print(table)


@models_app.command("show")
def show_command(
    name: Annotated[str, typer.Argument(help="Name of a model, or a .safetensors file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the card as it is stored.")] = False,
) -> None:
    """Prints a model's card: what it is, how it was trained, what it reaches."""
    from desktop.cli.card_text import card_text
    from recon.learning.card import card_path, read_card

    card = read_card(card_path(_find(name)))
    typer.echo(json.dumps(card.to_json(), indent=2, ensure_ascii=False) if as_json else card_text(card))


@models_app.command("verify")
def verify_command(
    name: Annotated[str, typer.Argument(help="Name of a model, or a .safetensors file; all models when left out.")] = "",
) -> None:
    """Checks files against their cards: SHA-256, format, finite values."""
    from recon.learning.shelf import shipped_names
    from recon.learning.weights import verify

    names = [name] if name else list(shipped_names())
    bad = 0
    for known in names:
        try:
            tensors = verify(_find(known))
        except PhotolithError as error:
            bad += 1
            typer.secho(f"{known}: {error}", fg=typer.colors.RED, err=True)
        else:
            typer.echo(f"{known}: whole, {sum(tensor.numel() for tensor in tensors.values()):,} values")
    if not names:
        typer.echo("There are no trained networks in this copy of Photolith.")
    raise typer.Exit(WeightsError.exit_code if bad else 0)


@models_app.command("export")
def export_command(
    name: Annotated[str, typer.Argument(help="Name of a diffusion prior, or its .safetensors file.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write.", show_default=False)],
) -> None:
    """Writes a diffusion prior as a folder that diffusers loads."""
    from generative.priors.diffusers_folder import write_folder
    from generative.priors.load import load_prior
    from generative.priors.prior import DiffusionPrior

    prior = load_prior(name)
    if not isinstance(prior, DiffusionPrior):
        raise WeightsError(f"'{name}' cannot be written in that format.", "It is no diffusion prior.", "Choose a photo-prior.")
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise InputError(f"'{output}' is there already.", "Nothing is overwritten.", "Give a new folder.")
    write_folder(prior, output)
    typer.echo(f"Wrote {output}")


def _find(name: str) -> Path:
    """The file of a shipped model, or the file itself.

    Raises:
        WeightsError: There is none of that name.
    """
    from recon.learning.shelf import shipped

    return Path(name) if name.endswith(".safetensors") else shipped(name)
