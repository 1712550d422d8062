"""Which weights the network uses; light to import."""

from __future__ import annotations

from pathlib import Path

from recon.learning.shelf import shipped

NAME = "pointnet2-denoise"


def weights_file(path: str = "") -> Path:
    """The file at `path`, or the shipped weights when it is empty.

    Raises:
        WeightsError: This copy of Photolith has no such weights.
    """
    return Path(path) if path else shipped(NAME)
