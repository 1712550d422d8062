"""Open3D's Filament renderer (Vulkan or Metal): the second choice, slower for points on software drivers.

Without a Vulkan driver Filament ends the process; the window then starts the next backend.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from desktop.viewport.backends.base import Batch, Picture, View

_SUN = 90_000.0
"""Lux at which a surface that faces the viewer has its own colour."""
_STEP = 256
"""Canvases grow by this many pixels."""

_LINEAR = np.arange(256) / 255.0
_SRGB = np.where(_LINEAR <= 0.0031308, 12.92 * _LINEAR, 1.055 * _LINEAR ** (1 / 2.4) - 0.055)
_ENCODED = np.round(255.0 * _SRGB).astype(np.uint8)
"""Filament decodes textures from sRGB, but not vertex colours, and nothing encodes the picture again: this takes that back."""

Present = dict[tuple[object, ...], tuple[str, float]]
"""Batches on a canvas: key -> Filament's name, point size."""


class FilamentRenderer:
    """Canvases for each target; batches already on one stay.

    A canvas can be neither resized nor freed (Filament ends the process), so there are few sizes, and pictures are cut out of them.
    """

    name = "filament"

    def __init__(self) -> None:
        import open3d

        self._o3d = open3d
        open3d.utility.set_verbosity_level(open3d.utility.VerbosityLevel.Error)
        self._canvases: dict[tuple[str, int, int], tuple[Any, Present]] = {}
        self._names = 0

    def draw(self, batches: Sequence[Batch], view: View, point_size: float, target: str) -> Picture:
        """See `Renderer`."""
        width, height = view.camera.width, view.camera.height
        wide, high = (-(-side // _STEP) * _STEP for side in (width, height))
        renderer, present = self._canvas(target, wide, high)
        self._place(renderer.scene, present, batches, float(np.clip(round(point_size), 1, 25)))
        renderer.setup_camera(view.camera.matrix, view.cam_from_world.matrix, wide, high)
        renderer.scene.camera.set_projection(view.camera.matrix, view.near, view.far, wide, high)
        forward = view.cam_from_world.rotation[2]
        renderer.scene.scene.set_sun_light(forward.astype(np.float32), np.ones(3, np.float32), _SUN)
        color = np.asarray(renderer.render_to_image())[:height, :width, :3]
        depth = np.asarray(renderer.render_to_depth_image(z_in_view_space=True))[:height, :width]
        depth = np.where(np.isfinite(depth) & (depth < view.far * 0.9999), depth, 0.0).astype(np.float32)
        return Picture(np.where(depth[..., None] > 0, color, 0).astype(np.uint8), depth)

    def close(self) -> None:
        """See `Renderer`."""
        for renderer, present in self._canvases.values():
            renderer.scene.clear_geometry()
            present.clear()

    def _canvas(self, target: str, width: int, height: int) -> tuple[Any, Present]:
        for (name, *size), (other, things) in self._canvases.items():
            if name == target and size != [width, height] and things:
                other.scene.clear_geometry()
                things.clear()
        found = self._canvases.get((target, width, height))
        if found is not None:
            return found
        renderer = self._o3d.visualization.rendering.OffscreenRenderer(width, height)
        renderer.scene.view.set_post_processing(False)
        renderer.scene.set_background([0.0, 0.0, 0.0, 1.0])
        renderer.scene.scene.enable_sun_light(True)
        self._canvases[target, width, height] = renderer, {}
        return self._canvases[target, width, height]

    def _place(self, scene: Any, present: Present, batches: Sequence[Batch], size: float) -> None:
        wanted = {batch.key: batch for batch in batches}
        for key, (name, old_size) in list(present.items()):
            if key not in wanted or old_size != size:
                scene.remove_geometry(name)
                del present[key]
        for key, batch in wanted.items():
            if key not in present and batch.size:
                self._names += 1
                present[key] = (str(self._names), size)
                scene.add_geometry(str(self._names), *self._made(batch, size))

    def _made(self, batch: Batch, size: float) -> tuple[Any, Any]:
        o3d, content = self._o3d, batch.content()
        material = o3d.visualization.rendering.MaterialRecord()
        material.shader = {"points": "defaultUnlit", "lines": "unlitLine", "triangles": "defaultLit"}[batch.kind]
        material.point_size, material.line_width = size, 1.0
        colors = content.colors.astype(np.float32) / 255.0
        if batch.kind == "points":
            made = o3d.t.geometry.PointCloud(o3d.core.Tensor(content.vertices))
            made.point.colors = o3d.core.Tensor(colors)
        elif batch.kind == "lines":
            vertices = o3d.utility.Vector3dVector(content.vertices.astype(np.float64))
            made = o3d.geometry.LineSet(vertices, o3d.utility.Vector2iVector(content.index))
            made.colors = o3d.utility.Vector3dVector(colors[content.index[:, 0]].astype(np.float64))  # type: ignore[index]
        else:
            made = o3d.t.geometry.TriangleMesh(o3d.core.Tensor(content.vertices), o3d.core.Tensor(np.ascontiguousarray(content.index)))
            made.vertex.colors = o3d.core.Tensor(colors)
            made.vertex.normals = o3d.core.Tensor(np.ascontiguousarray(content.normals))
            if content.uv is not None and content.texture is not None:
                made.vertex.texture_uvs = o3d.core.Tensor(np.stack([content.uv[:, 0], 1 - content.uv[:, 1]], axis=1))
                made.vertex.colors = o3d.core.Tensor(np.ones_like(colors))  # Filament multiplies
                material.albedo_img = o3d.geometry.Image(_ENCODED[content.texture])
        return made, material
