"""Puts trained weights among those that come with Photolith: `python -m recon.learning.ship RUN/best.safetensors NAME`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from recon.errors import InputError, PhotolithError, WeightsError
from recon.learning.card import NAME, ModelCard
from recon.learning.history import FILE_NAME, read_history
from recon.learning.shelf import MAX_SHIPPED, shelf
from recon.learning.weights import load_weights, save_weights, verify


def ship(
    source: Path,
    name: str,
    *,
    measured: Mapping[str, Any] | None = None,
    note: str = "",
    folder: Path | None = None,
    dtype: torch.dtype = torch.float16,
) -> ModelCard:
    """Copies weights to the shelf under a name.

    Args:
        source: Weights of a training, with their card; the history that lies in the folder of the run goes before that of the card.
        name: What they are called there.
        measured: Figures for the card, before those of the validation; the first number is the score that lists show.
        note: For the card: what else has to be known.
        folder: Another shelf.
        dtype: torch.float16 or torch.float32.

    Raises:
        WeightsError: The source is damaged, or the weights are larger than 25 MB.
    """
    if not NAME.fullmatch(name):
        raise WeightsError(f"'{name:.80}' is no name for weights.", "Allowed: small letters, digits, '.', '_', '-'.", "Choose another.")
    tensors, card = load_weights(source)
    size = sum(t.numel() * (dtype.itemsize if t.is_floating_point() else t.itemsize) for t in tensors.values())
    if size > MAX_SHIPPED:
        why = f"They take {size / 1e6:.1f} MB, at most {MAX_SHIPPED / 1e6:.0f} are shipped."
        raise WeightsError("The weights are too large.", why, "Make the network smaller, or store it as float16.")
    path = (shelf() if folder is None else folder) / f"{name}.safetensors"
    card = replace(
        card,
        name=name,
        history=read_history(source.parent / FILE_NAME, card.steps) or card.history,
        measured={**(measured or {}), **card.measured},
        note=note or card.note,
    )
    card = save_weights(tensors, path, card, dtype)
    verify(path)
    return card


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m recon.learning.ship", description="Puts trained weights among those that are shipped.")
    parser.add_argument("source", type=Path, help="best.safetensors of a training")
    parser.add_argument("name", help="what they are called")
    parser.add_argument("--measured", type=Path, help="JSON file with figures for the card")
    parser.add_argument("--note", default="", help="a sentence for the card: what else has to be known")
    parser.add_argument("--precision", choices=("fp16", "fp32"), default="fp16")
    options = parser.parse_args(argv)
    try:
        measured = None if options.measured is None else _figures(options.measured)
        dtype = torch.float16 if options.precision == "fp16" else torch.float32
        card = ship(options.source, options.name, measured=measured, note=options.note, dtype=dtype)
    except PhotolithError as error:
        print("\n".join(part for part in (error.what, error.why, error.remedy) if part), file=sys.stderr)
        return error.exit_code
    print(f"{card.name}: {card.sha256}")
    return 0


def _figures(path: Path) -> dict[str, Any]:
    try:
        figures = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"'{path}' cannot be read.", f"{error}.", "Give a JSON file with one object.") from error
    if not isinstance(figures, dict):
        raise InputError(f"'{path}' cannot be used.", "It holds no JSON object.", "Give a JSON file with one object.")
    return figures


if __name__ == "__main__":
    raise SystemExit(main())
