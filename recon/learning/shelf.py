"""The weights that come with Photolith."""

from __future__ import annotations

from pathlib import Path

from recon.errors import WeightsError
from recon.learning.card import NAME

MAX_SHIPPED = 25_000_000
"""Largest file of weights that is shipped, in bytes."""


def shelf() -> Path:
    """The folder of the shipped weights."""
    import resources

    return resources.path("weights")


def shipped_names() -> tuple[str, ...]:
    """Names of the weights that are there, sorted."""
    return tuple(sorted(path.stem for path in shelf().glob("*.safetensors") if NAME.fullmatch(path.stem)))


def shipped(name: str) -> Path:
    """Weights file of the shipped model `name`.

    Raises:
        WeightsError: There is none of that name.
    """
    if name in shipped_names():
        return shelf() / f"{name}.safetensors"
    there = ", ".join(shipped_names())
    why = f"There are: {there}." if there else "This copy of Photolith has no weights."
    raise WeightsError(f"There are no weights named '{name:.80}'.", why, "Choose one of them." if there else "Install Photolith again.")
