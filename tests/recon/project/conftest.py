"""Pictures and projects to play with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recon.project import Project


def picture(path: Path, seed: int = 0, size: tuple[int, int] = (12, 16)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (*size, 3), np.uint8)).save(path)
    return path


@pytest.fixture
def shots(tmp_path) -> Path:
    """A folder with four pictures, a text and a folder."""
    for seed, name in enumerate(["img2.png", "img10.png", "img1.png", "a b ü.png"]):
        picture(tmp_path / "shots" / name, seed)
    (tmp_path / "shots" / "notes.txt").write_text("no picture")
    (tmp_path / "shots" / "deeper").mkdir()
    return tmp_path / "shots"


@pytest.fixture
def project(shots, tmp_path) -> Project:
    made = Project.create(tmp_path / "project")
    made.add_photos(shots)
    return made
