"""Where the development data lie, beside the checkout. Tests that need them skip with the reason where they are absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def data_root() -> Path:
    """Folder of the shared data: `$PHOTOLITH_DATA`, else `../shared/data` beside the checkout."""
    return Path(os.environ.get("PHOTOLITH_DATA") or ROOT.parent / "shared" / "data")


def shared(name: str) -> Path:
    """Path of shared data `name`, e.g. `photos/lund`; skips the test when it is not there."""
    path = data_root() / name
    if not path.exists():
        pytest.skip(f"development data {name!r} not found under {data_root()} (set PHOTOLITH_DATA to the folder that has it)")
    return path
