"""A picture of a mesh or a cloud in plain numpy and ray casting: needs no display, no driver, no window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.scene import Camera, PointCloud, Rigid3, TriMesh

Float = NDArray[np.float32]
_BAND = 64
_CLAY = (0.72, 0.70, 0.68)
_TOP, _BOTTOM = (0.96, 0.965, 0.97), (0.80, 0.815, 0.83)


@dataclass
class Canvas:
    """Picture in the making.

    Args:
        color: `[H, W, 3]` float32 in [0, 1].
        depth: `[H, W]` float32 z-depth, infinite where nothing is drawn.
    """

    color: Float
    depth: Float

    @staticmethod
    def empty(width: int, height: int) -> Canvas:
        """A neutral background, lighter above."""
        share = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
        color = np.array(_TOP, np.float32) * (1 - share) + np.array(_BOTTOM, np.float32) * share
        return Canvas(np.repeat(color, width, axis=1), np.full((height, width), np.inf, np.float32))


def draw_mesh(canvas: Canvas, mesh: TriMesh, camera: Camera, pose: Rigid3, *, lit: bool = True) -> None:
    """Draws the mesh with its texture or its vertex colours, clay when it has neither.

    Args:
        canvas: Of the camera's size; changed in place.
        mesh: What to draw.
        camera: Intrinsics.
        pose: `cam_from_world`.
        lit: Under a soft light at the viewer's shoulder; otherwise the colours as they are.
    """
    import open3d as o3d

    core: Any = o3d.core
    scene: Any = o3d.t.geometry.RaycastingScene(nthreads=0)
    vertices = pose.apply(mesh.vertices).astype(np.float32)
    scene.add_triangles(core.Tensor(vertices), core.Tensor(mesh.faces.astype(np.uint32)))
    for top in range(0, camera.height, _BAND):
        rows = slice(top, min(top + _BAND, camera.height))
        y, x = np.mgrid[rows, : camera.width]
        ways = camera.unproject(np.stack([x, y], -1), np.ones(x.shape)).astype(np.float32)
        hits = scene.cast_rays(core.Tensor(np.concatenate([np.zeros_like(ways), ways], axis=-1)))
        depth = hits["t_hit"].numpy()
        hit = np.isfinite(depth) & (depth < canvas.depth[rows])
        faces, inner = hits["primitive_ids"].numpy()[hit], hits["primitive_uvs"].numpy()[hit]
        weights = np.stack([1 - inner.sum(axis=1), inner[:, 0], inner[:, 1]], axis=1)
        base = _base_colors(mesh, faces, weights)
        if lit:
            normal = _normals(mesh, pose, mesh.faces[faces], weights, hits["primitive_normals"].numpy()[hit])
            base = base * _light(normal, ways[hit])[:, None]
        canvas.color[rows][hit] = base
        canvas.depth[rows][hit] = depth[hit]


def draw_cloud(canvas: Canvas, cloud: PointCloud, camera: Camera, pose: Rigid3, size: int) -> None:
    """Splats the points into a depth buffer and shades the depth steps, so that shape shows without normals.

    Args:
        canvas: Of the camera's size; changed in place.
        cloud: What to draw; grey when it has no colours.
        camera: Intrinsics.
        pose: `cam_from_world`.
        size: Side of a point in pixels.

    Source of the shading: Boucheny, "Visualisation scientifique de grands volumes de données" (2009), eye-dome lighting.
    """
    colors = np.full_like(cloud.points, 0.6) if cloud.colors is None else cloud.colors
    nearest = _splat(cloud.points, camera, pose, size)
    drawn = nearest.index >= 0
    drawn &= nearest.depth < canvas.depth
    shade = _eye_dome(np.where(drawn, nearest.depth, np.inf).astype(np.float32))
    canvas.color[drawn] = colors[nearest.index[drawn]] * shade[drawn][:, None]
    canvas.depth[drawn] = nearest.depth[drawn]


def draw_lines(canvas: Canvas, segments: NDArray[np.floating], camera: Camera, pose: Rigid3, color: tuple[float, ...], size: int) -> None:
    """Draws segments `[N, 2, 3]`, hidden where something is nearer."""
    if not len(segments):
        return
    ends = pose.apply(np.asarray(segments, np.float64))
    ends = ends[(ends[..., 2] > 1e-6).all(axis=1)]
    pixels, _ = camera.project(ends)
    longest = np.abs(pixels[:, 0] - pixels[:, 1]).max(initial=1.0)
    t = np.linspace(0, 1, int(min(max(2 * longest, 2), 4096)))[None, :, None]
    points = (ends[:, :1] * (1 - t) + ends[:, 1:] * t).reshape(-1, 3)
    nearest = _splat(points, camera, Rigid3.identity(), size)
    drawn = (nearest.index >= 0) & (nearest.depth < canvas.depth)
    canvas.color[drawn] = np.array(color, np.float32)
    canvas.depth[drawn] = nearest.depth[drawn]


def reduced(canvas: Canvas, factor: int) -> NDArray[np.uint8]:
    """The picture, uint8 RGB, each pixel the mean of `factor` x `factor` pixels of the canvas."""
    height, width = canvas.depth.shape
    small = canvas.color.reshape(height // factor, factor, width // factor, factor, 3).mean(axis=(1, 3))
    result: NDArray[np.uint8] = (np.clip(small, 0, 1) * 255 + 0.5).astype(np.uint8)
    return result


@dataclass(frozen=True, eq=False)
class _Nearest:
    index: NDArray[np.int64]
    depth: Float


def _base_colors(mesh: TriMesh, faces: NDArray[np.integer[Any]], weights: Float) -> Float:
    """Colours `[N, 3]` of places on `faces` `[N]`, `weights` `[N, 3]` of their corners."""
    if mesh.texture is None or mesh.uv is None:
        if mesh.colors is None:
            return np.tile(np.array(_CLAY, np.float32), (len(faces), 1))
        return np.asarray((mesh.colors[mesh.faces[faces]] * weights[..., None]).sum(axis=1), np.float32)
    height, width = mesh.texture.shape[:2]
    place = (mesh.uv[faces] * weights[..., None]).sum(axis=1) * (width, height) - 0.5
    low = np.clip(np.floor(place), 0, (max(width - 2, 0), max(height - 2, 0))).astype(np.int64)
    high = np.minimum(low + 1, (width - 1, height - 1))
    right, down = np.clip(place - low, 0, 1).astype(np.float32).T[..., None]
    upper = mesh.texture[low[:, 1], low[:, 0]] * (1 - right) + mesh.texture[low[:, 1], high[:, 0]] * right
    lower = mesh.texture[high[:, 1], low[:, 0]] * (1 - right) + mesh.texture[high[:, 1], high[:, 0]] * right
    return np.asarray((upper * (1 - down) + lower * down) / 255, np.float32)


def _normals(mesh: TriMesh, pose: Rigid3, corners: NDArray[np.int32], weights: Float, flat: Float) -> Float:
    """Unit normals in the camera frame: of the vertices, or of the faces where there are none."""
    if mesh.normals is None:
        normal = flat
    else:
        normal = pose.rotate((mesh.normals[corners] * weights[..., None]).sum(axis=1)).astype(np.float32)
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    return np.asarray(normal / np.maximum(length, 1e-12), np.float32)


def _light(normal: Float, ways: Float) -> Float:
    """Brightness of surfaces with `normal` `[N, 3]` seen along `ways` `[N, 3]`; back sides count as front sides, darker."""
    view = -ways / np.linalg.norm(ways, axis=1, keepdims=True)
    facing = (normal * view).sum(axis=1)
    front = np.where(facing[:, None] < 0, -normal, normal)
    key = np.array([-0.45, -0.65, -0.61], np.float32)
    lambert = np.clip(front @ key, 0, 1)
    head = np.abs(facing)
    shade = 0.45 + 0.35 * lambert + 0.25 * head
    return np.asarray(np.where(facing < 0, 0.75, 1.0) * shade, np.float32)


def _splat(points: NDArray[np.floating], camera: Camera, pose: Rigid3, size: int) -> _Nearest:
    """The nearest point of every pixel; each point covers `size` x `size` pixels."""
    pixels, depth = camera.project(pose.apply(points))
    with np.errstate(invalid="ignore"):
        visible = np.flatnonzero((depth > 0) & (np.abs(pixels) < 1e6).all(axis=1))
    z = depth[visible].astype(np.float32)
    key = (z.view(np.uint32).astype(np.uint64) << np.uint64(32)) | visible.astype(np.uint64)
    corner = np.round(pixels[visible] - (size - 1) / 2).astype(np.int64)
    buffer = np.full(camera.width * camera.height, np.iinfo(np.uint64).max, np.uint64)
    for dy in range(size):
        for dx in range(size):
            x, y = corner[:, 0] + dx, corner[:, 1] + dy
            inside = (x >= 0) & (x < camera.width) & (y >= 0) & (y < camera.height)
            np.minimum.at(buffer, y[inside] * camera.width + x[inside], key[inside])
    found = buffer != np.iinfo(np.uint64).max
    index = np.where(found, (buffer & np.uint64(0xFFFFFFFF)).astype(np.int64), -1)
    nearest = np.where(found, (buffer >> np.uint64(32)).astype(np.uint32).view(np.float32), np.inf)
    shape = (camera.height, camera.width)
    return _Nearest(index.reshape(shape), nearest.reshape(shape).astype(np.float32))


def _eye_dome(depth: Float) -> Float:
    """Brightness in (0, 1]: darker where neighbours are nearer."""
    log = np.log2(np.where(np.isfinite(depth), depth, np.nan))
    padded = np.pad(log, 2, mode="edge")
    height, width = depth.shape
    drop = np.zeros(depth.shape, np.float32)
    for dy, dx in ((0, 2), (0, -2), (2, 0), (-2, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)):
        other = padded[2 + dy : 2 + dy + height, 2 + dx : 2 + dx + width]
        drop += np.nan_to_num(np.maximum(log - other, 0)).astype(np.float32)
    return np.asarray(np.exp(-np.minimum(drop / 8 * 25, 1.2)), np.float32)
