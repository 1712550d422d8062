"""Mapping: from verified matches to cameras and sparse points, by pycolmap in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from recon.errors import ReconstructionError, ResourceError
from recon.features.matches_npz import PairMatches
from recon.io.colmap import read_model, rigid_to_colmap, to_colmap_camera
from recon.pipeline.child import ChildFailed, run_child
from recon.pipeline.stage import Progress
from recon.scene import Rigid3
from recon.sfm.config import SfmConfig
from recon.sfm.database import Keypoints, Pair, verified, write_database
from recon.sfm.intrinsics import StartingCameras
from recon.sfm.mapper_child import Job

if TYPE_CHECKING:
    import pycolmap

_REMEDY = "Take photos with more overlap (two thirds of the picture), from places a few steps apart, of something with texture."


def map_photos(
    folder: Path,
    start: StartingCameras,
    keypoints: Keypoints,
    matches: Mapping[Pair, PairMatches],
    config: SfmConfig,
    *,
    poses: Mapping[str, Rigid3] | None = None,
    exact: Mapping[str, int] | None = None,
    threads: int = 1,
    seed: int = 0,
    check: Callable[[], None] = lambda: None,
    progress: Callable[[Progress], None] = lambda step: None,
    doubt: Callable[[list[str]], None] = lambda names: None,
) -> list[pycolmap.Reconstruction]:
    """Finds the cameras.

    Args:
        folder: For scratch files; empty.
        start: First values of the cameras; given ones stay as they are.
        keypoints: Photo id -> `[N, 2+]`, x and y first.
        matches: Pair of ids -> matches.
        config: Settings.
        exact: Photo id -> number of its first keypoints that are exact, None = all; see `recon.sfm.exact`.
        poses: Known poses: only points are made, and the photos without pose are placed among them.
        threads: For the solver; 1 gives the same bytes every time.
        seed: Of random samples.
        check: Called ten times a second; may raise to stop, which takes effect at once.
        progress: Hears how many photos are placed.
        doubt: Hears which photos' given poses contradict the matches, when there are any.

    Returns:
        The models found, largest first.

    Raises:
        ReconstructionError: No model.
        ResourceError: The mapper was ended from outside, most likely for its memory.
    """
    if not poses and not any(map(verified, matches.values())):
        why = f"None of the {len(matches)} pairs of photos that were compared shows the same thing from two places."
        raise ReconstructionError("No cameras were found.", why, _REMEDY)
    numbers = write_database(folder / "database.db", start, keypoints, matches, check=check)
    output = folder / "models"
    output.mkdir()
    if poses:
        _write_posed(folder / "posed", start, {numbers[name]: (name, pose) for name, pose in poses.items() if name in numbers})
    job = Job(
        method="triangulate" if poses else config.mapper,
        database=str(folder / "database.db"),
        output=str(output),
        start=str(folder / "posed"),
        photos=len(keypoints),
        exact=[len(points) if exact is None else exact[name] for name, points in keypoints.items()],
        constant_cameras=[i + 1 for i, given in enumerate(start.given) if given],
        move_poses=config.refine_given_poses,
        principal_point=config.principal_point,
        max_error=config.max_error,
        min_angle=config.min_angle,
        min_model_size=min(config.min_model_size, len(keypoints)),
        calibrate=not all(start.has_prior),
        threads=threads,
        seed=seed,
    )
    (folder / "job.json").write_text(json.dumps(asdict(job)), encoding="utf-8")
    _run(folder / "job.json", len(keypoints), check, progress, doubt)
    models = [read_model(path.parent) for path in sorted(output.glob("*/images.bin")) if path.parent.name.isdigit()]
    models = sorted((m for m in models if m.num_reg_images()), key=lambda m: (-m.num_reg_images(), -m.num_points3D()))
    if not models:
        raise ReconstructionError("No cameras were found.", "No two photos share enough points seen from different places.", _REMEDY)
    return models


def _run(
    job: Path, count: int, check: Callable[[], None], progress: Callable[[Progress], None], doubt: Callable[[list[str]], None]
) -> None:
    """Runs the child and hands its steps on."""

    def hear(line: str) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            return
        if "placed" in said:
            placed = min(int(said["placed"]), count)
            progress(Progress(placed, count, f"{placed} of {count} photos placed"))
        elif "step" in said:
            progress(Progress(0, 0, str(said["step"])))
        elif said.get("doubtful"):
            doubt(said["doubtful"])

    try:
        run_child("recon.sfm.mapper_child", [str(job)], check=check, on_line=hear)
    except ChildFailed as error:
        if error.code == -9:
            why = "The system ended the mapper, most likely because memory ran out."
            raise ResourceError("The cameras could not be computed.", why, "Lower 'max_features' of the stage features.") from error
        why = f"The mapper failed: {error}"
        raise ReconstructionError("No cameras were found.", why, "Try the other mapper, or leave out the photos added last.") from error


def _write_posed(folder: Path, start: StartingCameras, posed: Mapping[int, tuple[str, Rigid3]]) -> None:
    """A model of the known poses without points, numbered as in the database."""
    import pycolmap

    model = pycolmap.Reconstruction()
    for i, camera in enumerate(start.cameras):
        model.add_camera_with_trivial_rig(to_colmap_camera(camera, i + 1, has_prior=start.has_prior[i]))
    for number, (name, pose) in posed.items():
        image = pycolmap.Image(name=name, camera_id=start.camera_of[name] + 1, image_id=number)
        model.add_image_with_trivial_frame(image, rigid_to_colmap(pose))
    folder.mkdir()
    model.write(str(folder))
