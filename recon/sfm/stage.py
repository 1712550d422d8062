"""The stage 'sfm': cameras and sparse points from features and matches."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from recon.errors import ReconstructionError
from recon.pipeline.stage import Artifact, Progress, Stage, StageContext
from recon.sfm.config import SfmConfig

if TYPE_CHECKING:
    import numpy as np
    import pycolmap
    from numpy.typing import NDArray

    from recon.features.matches_npz import PairMatches
    from recon.io.given_cameras import GivenCameras
    from recon.photos import PhotoInfo
    from recon.scene import Rigid3


class SfmStage(Stage):
    """Places the photos and triangulates what they share."""

    name = "sfm"
    title = "Cameras"
    version = 3
    needs = ("photos", "features", "matches")
    config_type = SfmConfig
    sources = ("photos", "cameras")
    publishes: ClassVar[Mapping[str, str]] = {"sparse": "sparse"}
    stochastic = True

    def run(self, inputs: Mapping[str, Artifact], config: SfmConfig, context: StageContext) -> None:
        """Writes `sparse/` (a COLMAP model) and `registration.json`; see `Stage.run`."""
        from recon.photos import load_photos
        from recon.sfm.intrinsics import starting_cameras
        from recon.sfm.mapping import map_photos
        from recon.sfm.registration import explain, read_pairs, separate, summary
        from recon.sfm.sparse import color_points

        found, rows = load_photos(inputs["photos"]), read_pairs(inputs["matches"])
        keypoints, exact, matches, learned = _read(inputs, rows, context)
        if config.adjust_keypoints == "all" or (learned and config.adjust_keypoints == "learned"):
            keypoints = _adjusted(keypoints, matches, context)
        infos = {name: found[name] for name in keypoints}
        given = _given(infos, context)
        poses = _poses(given, context)
        cameras = None if given is None else given.cameras
        doubtful: list[str] = []
        with tempfile.TemporaryDirectory(dir=context.output) as scratch:
            models = map_photos(
                Path(scratch),
                starting_cameras(infos, cameras, model=config.camera_model, shared=config.shared_intrinsics),
                keypoints,
                matches,
                config,
                poses=poses,
                exact=exact,
                threads=1 if context.deterministic else context.threads,
                seed=context.seed,
                check=context.check_cancelled,
                progress=context.progress,
                doubt=doubtful.extend,
            )
        model, groups = models[0], separate([_names(other) for other in models])
        _need_points(model)
        context.note("frame", _set_frame(model, poses, infos))
        color_points(model, context.project_photos, check=context.check_cancelled)
        (context.output / "sparse").mkdir()
        model.write(str(context.output / "sparse"))
        photos = explain(model, exact, rows, groups[1:])
        note = summary(photos, groups, known=len(set(poses) & set(keypoints)), doubtful=doubtful)
        report = {"photos": {name: photo.to_json() for name, photo in photos.items()}, "models": [len(g) for g in groups], "note": note}
        (context.output / "registration.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        _tell(context, model, report)


def _read(
    inputs: Mapping[str, Artifact], rows: Sequence[Mapping[str, Any]], context: StageContext
) -> tuple[dict[str, NDArray[np.float32]], dict[str, int], dict[tuple[str, str], PairMatches], bool]:
    """Keypoints by photo, those of its tilted views last; how many there are before those; matches by pair; whether they are learned."""
    import numpy as np

    from recon.features.matches_npz import read_matches
    from recon.features.npz import read_features
    from recon.features.second_look import views_item

    keypoints, exact, matches, more, learned = {}, {}, {}, inputs["matches"].items, False
    for name, path in inputs["features"].items.items():
        context.check_cancelled()
        sets = [read_features(one) for one in (path, more.get(views_item(name))) if one is not None]
        keypoints[name], exact[name] = np.concatenate([one.keypoints for one in sets]), len(sets[0])
        learned |= sets[0].turns > 1
    for row in rows:
        context.check_cancelled()
        matches[row["a"], row["b"]] = read_matches(more[row["item"]])
    return keypoints, exact, matches, learned


def _adjusted(
    keypoints: Mapping[str, NDArray[np.float32]], matches: Mapping[tuple[str, str], PairMatches], context: StageContext
) -> dict[str, NDArray[np.float32]]:
    """Keypoints where the photos look alike."""
    import cv2
    import numpy as np

    from recon.photos import read_image
    from recon.sfm.adjust_keypoints import adjust_keypoints

    def load(name: str) -> NDArray[np.uint8]:
        return np.asarray(cv2.cvtColor(read_image(context.project_photos[name]), cv2.COLOR_RGB2GRAY), np.uint8)

    context.progress(Progress(0, 0, "adjusting keypoints"))
    return adjust_keypoints(keypoints, matches, load, device=context.device, check=context.check_cancelled)


def _poses(given: GivenCameras | None, context: StageContext) -> Mapping[str, Rigid3]:
    """The poses to take as true."""
    if given is None or context.cameras_use != "poses" or not given.poses:
        return {}
    if len(given.poses) == 1:
        context.log.warning("The pose of only one photo is given, which says nothing of the others: all poses are found anew.")
        return {}
    return given.poses


def _given(infos: Mapping[str, PhotoInfo], context: StageContext) -> GivenCameras | None:
    from recon.io.given_cameras import read_given_cameras

    if context.given_cameras is None:
        return None
    return read_given_cameras(context.given_cameras, {name: (photo.width, photo.height) for name, photo in infos.items()})


def _names(model: pycolmap.Reconstruction) -> set[str]:
    return {image.name for image in model.images.values() if image.has_pose}


def _need_points(model: pycolmap.Reconstruction) -> None:
    if model.num_points3D() == 0:
        why = "No point fits the cameras: either given poses do not belong to these photos, or the photos share nothing."
        raise ReconstructionError("There are no sparse points.", why, "Check the given cameras, or run without them.")


def _set_frame(model: pycolmap.Reconstruction, poses: Mapping[str, Rigid3], infos: Mapping[str, PhotoInfo]) -> str:
    """Moves the model into its world frame and says which that is: 'given', 'gps' or 'upright'."""
    import numpy as np

    from recon.io.colmap import model_cameras, similarity_to_colmap
    from recon.sfm.frame import from_gps, upright

    if poses:
        return "given"
    placed = model_cameras(model)[1]
    gps = {name: photo.gps for name in placed if (photo := infos[name]).gps is not None}
    geographic = from_gps(placed, gps)
    new_from_world = upright(placed, np.array([p.xyz for p in model.points3D.values()])) if geographic is None else geographic[0]
    model.transform(similarity_to_colmap(new_from_world))
    return "upright" if geographic is None else f"gps, places off by {geographic[1]:.1f} m on the median"


def _tell(context: StageContext, model: pycolmap.Reconstruction, report: Mapping[str, Any]) -> None:
    """Notes for the report, and a warning for each photo that was left out."""
    photos: Mapping[str, Mapping[str, Any]] = report["photos"]
    context.note("registered", sum(photo["registered"] for photo in photos.values()))
    context.note("photos", len(photos))
    context.note("models", report["models"])
    context.note("reprojection_error_px", round(float(model.compute_mean_reprojection_error()), 4))
    context.note("points", model.num_points3D())
    context.note("note", report["note"])
    left_out: Sequence[tuple[str, str]] = [(name, photo["reason"]) for name, photo in photos.items() if not photo["registered"]]
    for name, reason in left_out:
        context.log.warning("%s was not placed: %s", name, reason)
