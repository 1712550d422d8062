"""Data files, opened through one function."""

from __future__ import annotations

from pathlib import Path


def path(name: str) -> Path:
    """Absolute path of the resource `name`, e.g. `presets/balanced.json`.

    Raises:
        FileNotFoundError: There is no such resource, or the name leads out of the folder.
    """
    root = Path(__file__).resolve().parent
    result = (root / name).resolve()
    if not result.is_relative_to(root) or not result.exists():
        raise FileNotFoundError(f"no resource named {name!r}")
    return result
