"""Textured meshes from files: GLB, OBJ, PLY and whatever else trimesh reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError
from recon.scene import Sim3
from recon.synth.scene import TexturedMesh

MAX_TEXTURE = 8192


def load_textured_mesh(path: Path, *, diagonal: float | None = None, up: str = "y") -> TexturedMesh:
    """Reads a mesh with its texture or vertex colours; several parts become one mesh when they share a texture.

    Args:
        path: Mesh file.
        diagonal: Scales the bounding box's diagonal to this length, centres the mesh on the z axis and puts it on z = 0. None keeps the
            file's coordinates (after turning `up`).
        up: Axis of the file that becomes z: 'y' (glTF) or 'z'.

    Raises:
        InputError: The file is missing, not a mesh, has no faces, or its texture is unreasonably large.
    """
    try:
        import trimesh

        loaded: Any = trimesh.load(str(path), process=False, force="mesh")
        vertices, faces = np.asarray(loaded.vertices, np.float32), np.asarray(loaded.faces, np.int32)
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, NotImplementedError) as error:
        raise InputError(f"Cannot read the mesh '{path}'.", f"{error}.", "Give a GLB, OBJ or PLY file.") from error
    if len(faces) == 0 or not np.isfinite(vertices).all():
        raise InputError(f"Cannot use the mesh '{path}'.", "It has no faces or coordinates that are not numbers.", "Give another mesh.")
    uv, texture, tint = _appearance(loaded, vertices, faces, path)
    if up == "y":
        vertices = vertices[:, [0, 2, 1]] * np.array([1, -1, 1], np.float32)
    normals = _smooth_normals(vertices, faces)
    mesh = TexturedMesh(path.stem, vertices, faces, uv, texture, normals, tint)
    return mesh if diagonal is None else place_mesh(mesh, diagonal)


def place_mesh(mesh: TexturedMesh, diagonal: float) -> TexturedMesh:
    """Scales to `diagonal`, centres on the z axis and lets the lowest point touch z = 0."""
    low, high = mesh.bounds
    scale = diagonal / max(mesh.diagonal, 1e-12)
    middle = (low + high) / 2
    return mesh.moved(Sim3(np.eye(3), -scale * np.array([middle[0], middle[1], low[2]], np.float64), scale))


def _appearance(
    loaded: Any, vertices: NDArray[np.float32], faces: NDArray[np.int32], path: Path
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32] | None]:
    """Corner UVs `[F, 3, 2]`, texture `[H, W, 3]` and corner colours `[F, 3, 3]` or None."""
    visual = loaded.visual
    image = _texture_image(getattr(visual, "material", None))
    uv = getattr(visual, "uv", None)
    if image is not None and uv is not None and len(uv) == len(vertices):
        if max(image.size) > MAX_TEXTURE:
            raise InputError(f"Cannot use the texture of '{path}'.", f"It is {image.size[0]}x{image.size[1]}.", f"At most {MAX_TEXTURE}.")
        corner_uv = np.asarray(uv, np.float32)[faces]
        corner_uv = np.stack([corner_uv[..., 0], 1 - corner_uv[..., 1]], axis=-1)
        return corner_uv, np.asarray(image.convert("RGB"), np.float32) / np.float32(255), None
    colored = visual.to_color() if visual.kind == "texture" else visual
    colors = np.asarray(colored.vertex_colors, np.float32)[:, :3] / np.float32(255)
    return np.zeros((len(faces), 3, 2), np.float32), np.ones((1, 1, 3), np.float32), colors[faces]


def _texture_image(material: Any) -> Any:
    for name in ("baseColorTexture", "image"):
        image = getattr(material, name, None)
        if image is not None:
            return image
    return None


def _smooth_normals(vertices: NDArray[np.float32], faces: NDArray[np.int32], crease: float = 40.0) -> NDArray[np.float32]:
    """Corner normals `[F, 3, 3]`: area-weighted over faces that share a position, kept flat where they turn more than `crease` degrees."""
    _, where = np.unique(vertices, axis=0, return_inverse=True)
    corner = where.reshape(-1)[faces]
    a, b, c = np.moveaxis(vertices[faces].astype(np.float64), 1, 0)
    cross = np.cross(b - a, c - a)
    total = np.zeros((corner.max() + 1, 3))
    for k in range(3):
        np.add.at(total, corner[:, k], cross)
    smooth = total[corner]
    smooth /= np.linalg.norm(smooth, axis=-1, keepdims=True).clip(1e-20)
    flat = np.repeat((cross / np.linalg.norm(cross, axis=-1, keepdims=True).clip(1e-20))[:, None], 3, axis=1)
    turned = (smooth * flat).sum(-1, keepdims=True) < np.cos(np.radians(crease))
    return np.where(turned, flat, smooth).astype(np.float32)
