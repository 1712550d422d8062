"""The real photo sets and what is known of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recon.metrics.evaluate import camera_scores
from recon.metrics.pose_files import read_colmap_poses, read_json_poses


@dataclass(frozen=True)
class Case:
    """One run on a photo set.

    Args:
        name: Of the run.
        folder: Under `photos/` of the data.
        options: Of `photolith reconstruct`, besides the cameras.
        cameras_use: 'poses', 'intrinsics' or '' = nothing given.
        scale: Factor from the truth's unit to millimetres, 0 = no truth.
    """

    name: str
    folder: str
    options: tuple[str, ...] = ()
    cameras_use: str = ""
    scale: float = 0.0


CASES = (
    Case("fountain-P11, K given", "fountain-P11", cameras_use="intrinsics", scale=1000.0),
    Case("fountain-P11, self-calibrated", "fountain-P11", scale=1000.0),
    Case("fountain-P11, self-calibrated, draft", "fountain-P11", ("--preset", "draft"), scale=1000.0),
    Case("banana", "banana"),
    Case("skull", "skull"),
    Case("sceaux_castle", "sceaux_castle"),
    Case("lund", "lund"),
    Case("templeSparseRing, cameras given", "templeSparseRing", cameras_use="poses"),
)


def sparse_facts(model: Path, truth: Path | None, scale: float) -> dict[str, Any]:
    """Registered photos, sparse points, reprojection error in pixels, and against true cameras centre RMSE in mm and AUC."""
    import pycolmap

    reconstruction = pycolmap.Reconstruction(str(model))
    facts: dict[str, Any] = {
        "registered": reconstruction.num_reg_images(),
        "points3d": reconstruction.num_points3D(),
        "reprojection_px": float(reconstruction.compute_mean_reprojection_error()),
    }
    if truth is not None and scale > 0:
        scores = camera_scores(read_colmap_poses(model), read_json_poses(truth))
        facts["center_rmse_mm"] = None if scores["center_rmse"] is None else scores["center_rmse"] * scale
        facts["auc1"] = scores["auc"]["1"]
    return facts


def plain_pycolmap(photos: Path, folder: Path, cameras: Path | None) -> dict[str, Any]:
    """Plain pycolmap SIFT with its own defaults, to compare with; given K, it is kept fixed.

    Run in a process of its own, since its threads and memory are measured.
    """
    import time

    import pycolmap

    folder.mkdir(parents=True, exist_ok=True)
    database, seconds = folder / "database.db", {}
    if database.exists():
        database.unlink()

    def timed(name: str, step: Callable[[], Any]) -> Any:
        start = time.monotonic()
        result = step()
        seconds[name] = time.monotonic() - start
        return result

    pycolmap.set_random_seed(0)
    reader, options, mode = pycolmap.ImageReaderOptions(), pycolmap.IncrementalPipelineOptions(), pycolmap.CameraMode.AUTO
    if cameras is not None:
        reader.camera_model, reader.camera_params = "PINHOLE", ",".join(map(str, _pinhole(cameras)))
        mode = pycolmap.CameraMode.SINGLE
        options.ba_refine_focal_length = options.ba_refine_principal_point = options.ba_refine_extra_params = False
    timed("features", lambda: pycolmap.extract_features(database, photos, camera_mode=mode, reader_options=reader))
    timed("matching", lambda: pycolmap.match_exhaustive(database))
    models = timed("mapping", lambda: pycolmap.incremental_mapping(database, photos, folder / "models", options=options))
    best = max(models, key=lambda i: models[i].num_reg_images())
    return {"model": str(folder / "models" / str(best)), "models": len(models), "seconds": seconds}


def _pinhole(cameras: Path) -> list[float]:
    """fx, fy, cx, cy of the first camera, the principal point as COLMAP counts it."""
    import json

    first = json.loads(cameras.read_text(encoding="utf-8"))["cameras"][0]
    k = np.asarray(first["K"], float)
    return [k[0, 0], k[1, 1], k[0, 2] + 0.5, k[1, 2] + 0.5]
