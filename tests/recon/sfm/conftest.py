"""Photos, features and matches of a tiny scene, made once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from recon.features.stage import FeaturesStage, MatchesStage
from recon.photos.stage import PhotosStage
from recon.pipeline.stage import Artifact
from tests.recon.sfm.tiny_scene import HEIGHT, WIDTH, Views, photograph
from tests.recon.stage_harness import run_stage

MAIN = [f"{i:02d}.jpg" for i in range(8)]
OTHER = ["z0.jpg", "z1.jpg", "z2.jpg"]


@dataclass(frozen=True)
class Prepared:
    """Inputs of the stage 'sfm'."""

    photos: Mapping[str, Path]
    inputs: Mapping[str, Artifact]
    truth: Views

    def with_facts(self, folder: Path, facts: Callable[[str], dict[str, Any]]) -> Prepared:
        """The same with other facts in `photos.json`."""
        old = self.inputs["photos"]
        shutil.copytree(old.path, folder)
        content = json.loads((folder / "photos.json").read_text())
        content["photos"] = [{**photo, **facts(photo["id"])} for photo in content["photos"]]
        (folder / "photos.json").write_text(json.dumps(content))
        return replace(self, inputs={**self.inputs, "photos": replace(old, path=folder)})


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> tuple[Path, Views]:
    """Eight photos of a scene, three of another, one of a third, and a blank one."""
    folder = tmp_path_factory.mktemp("pictures")
    truth = photograph(folder, MAIN)
    photograph(folder, OTHER, seed=2)
    photograph(folder, ["stranger.jpg"], seed=5)
    grey = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    Image.fromarray(grey).save(folder / "blank.png")
    return folder, truth


def prepare(pictures: tuple[Path, Views], names: list[str], work: Path, more: Mapping[str, Path] | None = None) -> Prepared:
    """Runs the three stages before 'sfm' on some of the pictures, and on `more`."""
    photos = {name: pictures[0] / name for name in names} | dict(more or {})
    found, _ = run_stage(PhotosStage(), {}, work, project_photos=photos)
    features, _ = run_stage(FeaturesStage(), {"photos": found}, work, {"max_features": 2048}, project_photos=photos)
    matches, _ = run_stage(MatchesStage(), {"photos": found, "features": features}, work, project_photos=photos)
    return Prepared(photos, {"photos": found, "features": features, "matches": matches}, pictures[1])


@pytest.fixture(scope="session")
def prepared(pictures, tmp_path_factory) -> Prepared:
    """The eight photos."""
    return prepare(pictures, MAIN, tmp_path_factory.mktemp("prepared"))
