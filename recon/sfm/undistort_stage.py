"""The stage 'undistort': pinhole pictures and masks of the placed photos, and the way back to the photos."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError, ProjectError, ResourceError
from recon.pipeline.stage import Artifact, Item, Stage, StageContext
from recon.scene import Scene, View
from recon.sfm.config import UndistortConfig
from recon.sfm.undistort_mapping import PixelMapping

MASK = "mask__"
"""Item name of a view's mask: this and the view's name."""


class UndistortStage(Stage):
    """Makes pinhole pictures, which everything after works with."""

    name = "undistort"
    title = "Undistortion"
    version = 1
    needs = ("photos", "sfm")
    config_type = UndistortConfig
    sources = ("photos", "masks")
    parallel_items = True

    def run(self, inputs: Mapping[str, Artifact], config: UndistortConfig, context: StageContext) -> None:
        """Writes `scene.npz`, `mapping.json` and one or two items a view; see `Stage.run`."""
        from recon.io.colmap import model_cameras, read_model
        from recon.io.scene_npz import write_scene
        from recon.sfm.sparse import sparse_points

        model = read_model(inputs["sfm"].path / "sparse")
        lenses, poses = model_cameras(model)
        names = [name for name in context.project_photos if name in poses]
        if collision := [name for name in names if MASK + name in poses]:
            raise InputError(f"The photo '{MASK}{collision[0]}' cannot be used.", "This name is kept for masks.", "Rename the photo.")
        mappings = _mappings({name: lenses[name] for name in names}, config)
        _write_pictures(names, mappings, config, context)
        views = tuple(View(name, mappings[name].undistorted, poses[name]) for name in names)
        write_scene(Scene(views, sparse_points(model, names)), context.output / "scene.npz")
        content = {"views": {name: mapping.to_json() for name, mapping in mappings.items()}}
        (context.output / "mapping.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        context.note("views", len(views))


def load_views(artifact: Artifact) -> tuple[Scene, dict[str, Path], dict[str, Path]]:
    """What the stage 'undistort' left.

    Returns:
        The scene, and by view name the undistorted pictures and the masks (white = use) where there are any.

    Raises:
        InputError: The scene is damaged.
        ProjectError: A picture is missing.
    """
    from recon.io.scene_npz import read_scene

    scene = read_scene(artifact.path / "scene.npz")
    names = [view.name for view in scene.views]
    if missing := [name for name in names if name not in artifact.items]:
        raise ProjectError(f"The undistorted picture of '{missing[0]}' is missing.", "", "Run the step 'Undistortion' again.")
    masks = {name: artifact.items[MASK + name] for name in names if MASK + name in artifact.items}
    return scene, {name: artifact.items[name] for name in names}, masks


def load_mappings(artifact: Artifact) -> dict[str, PixelMapping]:
    """View name -> the exact way between its undistorted picture and the original photo.

    Raises:
        ProjectError: Missing or damaged.
    """
    path = artifact.path / "mapping.json"
    try:
        views = json.loads(path.read_text(encoding="utf-8"))["views"]
        return {str(name): PixelMapping.from_json(values) for name, values in views.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProjectError("The mapping to the original photos is damaged.", f"{error}.", "Run the step 'Undistortion' again.") from error


def _mappings(lenses: Mapping[str, Any], config: UndistortConfig) -> dict[str, PixelMapping]:
    """The mapping of each view; views with the same lens share it."""
    from recon.sfm.undistort_mapping import pinhole_for, reduced

    cameras = {lens: pinhole_for(reduced(lens, config.max_size), config.blank) for lens in dict.fromkeys(lenses.values())}
    return {name: PixelMapping(lens, cameras[lens]) for name, lens in lenses.items()}


def _write_pictures(names: list[str], mappings: Mapping[str, PixelMapping], config: UndistortConfig, context: StageContext) -> None:
    """The items: pictures, then masks of views that have one or whose photo does not fill the picture."""
    from recon.photos import read_image, read_mask
    from recon.sfm.undistort import covers, undistort_mask, undistort_picture
    from recon.sfm.undistort_mapping import reduced

    def picture(item: Item, path: Path) -> None:
        lens = mappings[item.name].original
        image = read_image(context.project_photos[item.name])
        if image.shape[:2] != (lens.height, lens.width):
            why = f"It has {image.shape[1]} x {image.shape[0]} pixels now, its camera is for {lens.width} x {lens.height}."
            raise InputError(f"The photo '{item.name}' has changed.", why, "Run again from the step 'Photos'.")
        write_png(undistort_picture(image, reduced(lens, config.max_size), mappings[item.name].undistorted), path)

    def mask(item: Item, path: Path) -> None:
        mapping, file = mappings[item.payload], context.masks.get(item.payload)
        lens = mapping.original
        given = None if file is None else read_mask(file, lens.width, lens.height)
        used = undistort_mask(given, reduced(lens, config.max_size), mapping.undistorted)
        write_png(used.astype(np.uint8) * 255, path)

    def item(name: str, view: str) -> Item:
        mapping = mappings[view]
        original, new = mapping.to_json()["original"], mapping.to_json()["undistorted"]
        return Item(name, (context.digests[view], original, new, view in context.masks), view, {})

    context.items([item(name, name) for name in names], picture, ".png")
    short = {mapping for mapping in set(mappings.values()) if not covers(reduced(mapping.original, config.max_size), mapping.undistorted)}
    masked = [name for name in names if name in context.masks or mappings[name] in short]
    if masked:
        context.items([item(MASK + name, name) for name in masked], mask, ".png")


def write_png(image: NDArray[np.uint8], path: Path) -> None:
    """Writes RGB `[H, W, 3]` or grey `[H, W]`.

    Raises:
        ResourceError: The disk is full or the folder read-only.
    """
    import cv2

    from recon.io.atomic import replacing

    done, data = cv2.imencode(".png", image[..., ::-1] if image.ndim == 3 else image, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise ResourceError(
            f"The picture '{path.name}' could not be encoded.", "Memory may have run out.", "Close other programs and run again."
        )
    with replacing(path) as temporary:
        temporary.write_bytes(data.tobytes())
