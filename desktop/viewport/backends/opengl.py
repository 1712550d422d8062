"""Open3D's classic OpenGL visualizer, hidden: the fast backend, on graphics cards and on software drivers.

On Linux it draws without an X server (EGL) even where there is one: a hidden X window has no pixels of its own, and
what is read back from it is black.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from desktop.viewport.backends.base import Batch, Content, KeptBatches, Picture, View
from recon.errors import ResourceError
from recon.scene import Camera, Rigid3


class OpenGLRenderer:
    """One hidden window a target; batches already on it stay.

    Raises:
        ResourceError: OpenGL does not work here.
    """

    name = "opengl"

    def __init__(self) -> None:
        if sys.platform.startswith("linux"):
            for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
                os.environ.pop(variable, None)
        import open3d

        self._o3d = open3d
        open3d.utility.set_verbosity_level(open3d.utility.VerbosityLevel.Error)
        self._targets: dict[str, tuple[Any, tuple[int, int], dict[tuple[object, ...], Any]]] = {}
        self._kept = KeptBatches()
        self._check()

    def draw(self, batches: Sequence[Batch], view: View, point_size: float, target: str) -> Picture:
        """See `Renderer`."""
        width, height = view.camera.width, view.camera.height
        window, present = self._window(target, width, height)
        self._place(window, present, batches)
        options = window.get_render_option()
        options.point_size = float(np.clip(round(point_size), 1, 25))
        self._look(window, view)
        window.update_renderer()  # asks for a new picture
        window.poll_events()  # draws it
        color = np.asarray(window.capture_screen_float_buffer(False))
        depth = np.asarray(window.capture_depth_float_buffer(False))
        return Picture((color * 255.0 + 0.5).astype(np.uint8), depth.astype(np.float32))

    def close(self) -> None:
        """See `Renderer`."""
        for window, _, _ in self._targets.values():
            window.destroy_window()
        self._targets.clear()

    def _window(self, target: str, width: int, height: int) -> tuple[Any, dict[tuple[object, ...], Any]]:
        found = self._targets.get(target)
        if found is not None and found[1] == (width, height):
            return found[0], found[2]
        if found is not None:
            self.close()  # all of them: on Linux the windows that outlive another draw on a surface of the wrong size
        window = self._o3d.visualization.Visualizer()
        if not window.create_window("photolith", width, height, visible=False):
            raise ResourceError("OpenGL cannot be used for the 3D view.", "No hidden window could be made.", "Install a graphics driver.")
        options = window.get_render_option()
        options.background_color = np.zeros(3)
        options.light_on = True
        options.mesh_show_back_face = True
        window.add_geometry(self._nothing(), reset_bounding_box=True)
        present: dict[tuple[object, ...], Any] = {}
        self._targets[target] = (window, (width, height), present)
        return window, present

    def _place(self, window: Any, present: dict[tuple[object, ...], Any], batches: Sequence[Batch]) -> None:
        """Takes away what is not wanted any more and adds what is missing."""
        wanted = {batch.key: batch for batch in batches}
        for key in [key for key in present if key not in wanted]:
            window.remove_geometry(present.pop(key), reset_bounding_box=False)
        for key, batch in wanted.items():
            if key not in present:
                made = self._kept.get(key)
                if made is None:
                    made = self._made(batch)
                    self._kept.put(key, made, batch.size)
                window.add_geometry(made, reset_bounding_box=False)
                present[key] = made

    def _made(self, batch: Batch) -> Any:
        o3d, content = self._o3d, batch.content()
        vertices = o3d.utility.Vector3dVector(content.vertices.astype(np.float64))
        colors = content.colors.astype(np.float64) / 255.0
        if batch.kind == "points":
            made = o3d.geometry.PointCloud(vertices)
            made.colors = o3d.utility.Vector3dVector(colors)
        elif batch.kind == "lines":
            made = o3d.geometry.LineSet(vertices, o3d.utility.Vector2iVector(content.index))
            made.colors = o3d.utility.Vector3dVector(colors[content.index[:, 0]])  # type: ignore[index]
        else:
            made = o3d.geometry.TriangleMesh(vertices, o3d.utility.Vector3iVector(content.index))
            made.vertex_colors = o3d.utility.Vector3dVector(colors)
            made.vertex_normals = o3d.utility.Vector3dVector(content.normals.astype(np.float64))  # type: ignore[union-attr]
            if content.uv is not None and content.texture is not None:
                made.triangle_uvs = o3d.utility.Vector2dVector(content.uv[content.index].reshape(-1, 2).astype(np.float64))
                made.textures = [o3d.geometry.Image(content.texture)]
                made.triangle_material_ids = o3d.utility.IntVector(np.zeros(len(content.index), np.int32))  # type: ignore[arg-type]
        return made

    def _look(self, window: Any, view: View) -> None:
        parameters = self._o3d.camera.PinholeCameraParameters()
        camera = view.camera
        parameters.intrinsic = self._o3d.camera.PinholeCameraIntrinsic(
            camera.width, camera.height, camera.fx, camera.fy, camera.cx, camera.cy
        )
        parameters.extrinsic = view.cam_from_world.matrix
        control = window.get_view_control()
        control.set_constant_z_near(view.near)  # before the pose, which computes the projection
        control.set_constant_z_far(view.far)
        control.convert_from_pinhole_camera_parameters(parameters, True)

    def _nothing(self) -> Any:
        """A triangle without area. The visualizer's camera is computed from a box about the first geometry, and is not a
        number when that has no size or the viewer stands exactly in its middle; so it gets this box, which shows nothing."""
        corners = np.array([[-0.8765, -0.9321, -1.0127], [1.1234, 1.0673, 0.9871], [-0.8765, -0.9321, -1.0127]])
        triangle = self._o3d.geometry.TriangleMesh(
            self._o3d.utility.Vector3dVector(corners), self._o3d.utility.Vector3iVector(np.array([[0, 1, 2]]))
        )
        triangle.vertex_normals = self._o3d.utility.Vector3dVector(np.tile([0.0, 0.0, 1.0], (3, 1)))
        return triangle

    def _check(self) -> None:
        """Draws one red point and looks whether it comes back: some drivers give black pictures from hidden windows."""
        point = Content(np.array([[0, 0, 2]], np.float32), np.array([[255, 0, 0]], np.uint8))
        view = View(Camera(64, 64, 64.0, 64.0, 31.5, 31.5), Rigid3.identity(), 0.5, 10.0)
        picture = self.draw([Batch(("check",), "points", 1, lambda: point)], view, 9.0, "check")
        middle = picture.color[32, 32].astype(int)
        if middle[0] < 200 or middle[1] > 60 or abs(float(picture.depth[32, 32]) - 2.0) > 0.05:
            raise ResourceError("OpenGL cannot be used for the 3D view.", "A test picture came back wrong.", "Install a graphics driver.")
        self._targets.pop("check")[0].destroy_window()
