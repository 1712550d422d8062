"""Colour of rays: texture, Lambert and ambient light, soft shadows, ambient occlusion, a plain highlight."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from recon.synth.caster import Caster, Hits
from recon.synth.scene import SynthScene, TexturedMesh
from recon.synth.texture_bank import TextureBank, to_linear

Float = NDArray[np.float32]
_AROUND = 3.0  # how often the picture of the surroundings fits around the horizon


class Shader:
    """Everything about a scene that a ray's colour depends on.

    Args:
        scene: Objects and light.
        caster: Acceleration structure over `scene.meshes`.
    """

    def __init__(self, scene: SynthScene, caster: Caster) -> None:
        self._caster, self._light = caster, scene.light
        around = [] if scene.surroundings is None else [scene.surroundings]
        self._around = scene.surroundings
        self._bank = TextureBank([*(mesh.texture for mesh in scene.meshes), *around])
        self._uv = torch.from_numpy(np.concatenate([mesh.uv for mesh in scene.meshes]))
        self._normals = torch.from_numpy(np.concatenate([_corner_normals(mesh) for mesh in scene.meshes]))
        tints = [mesh.tint for mesh in scene.meshes]
        self._tint = None if all(t is None for t in tints) else torch.from_numpy(np.concatenate([_tint(m) for m in scene.meshes]))
        self._texels = torch.from_numpy(np.concatenate([_texels_per_length(mesh) for mesh in scene.meshes]))
        self._object = torch.from_numpy(caster.face_object.astype(np.int64))
        self._face_normals = torch.from_numpy(caster.face_normals)
        self._gloss = torch.tensor([mesh.gloss for mesh in scene.meshes])
        self._shininess = torch.tensor([mesh.shininess for mesh in scene.meshes])
        self._mirror = torch.tensor([mesh.mirror for mesh in scene.meshes])
        self._epsilon = 2e-4 * float(np.linalg.norm(np.ptp(np.median(caster.corners, axis=1), axis=0)).clip(1e-6, 20.0))

    def shade(self, origin: Float, directions: Float, spread: float, dither: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
        """Linear RGB `[N, 3]` of rays.

        Args:
            origin: `[3]`.
            directions: `[N, 3]` of unit length.
            spread: Width of a ray's footprint at distance 1.
            dither: `[N]` offset in [0, 1) of the texture level of each ray.
            rng: Randomness of soft shadows.
        """
        hits = self._caster.cast(origin, directions)
        result = self._sky(directions, spread, dither)
        if hits.hit.any():
            chosen = np.flatnonzero(hits.hit)
            index = torch.from_numpy(chosen)
            result[index] = self._surface(origin, directions[chosen], _pick(hits, chosen), spread, dither[index], rng)
        return result

    def _sky(self, directions: Float, spread: float, dither: torch.Tensor) -> torch.Tensor:
        """What is seen far away along directions `[N, 3]`."""
        if self._around is None:
            up = np.abs(directions[:, 2:3])
            sky = np.asarray(self._light.background, np.float32) * (1 - up) + np.asarray(self._light.zenith, np.float32) * up
            return torch.from_numpy(sky)
        x, y, z = torch.from_numpy(directions).unbind(1)
        turn = torch.stack([torch.atan2(y, x), -torch.asin(z.clamp(-1, 1))], dim=1) / (2 * np.pi)
        lod = float(np.log2(max(spread * _AROUND * self._around.shape[1] / (2 * np.pi), 1e-6)))
        which = torch.full((len(directions),), len(self._gloss), dtype=torch.int64)
        return self._bank.sample(which, turn * _AROUND, lod + dither)

    def _surface(
        self, origin: Float, directions: Float, hits: Hits, spread: float, dither: torch.Tensor, rng: np.random.Generator
    ) -> torch.Tensor:
        """Colours of rays that all hit something, `[N, 3]`."""
        face = torch.from_numpy(hits.face)
        ray = torch.from_numpy(directions)
        distance = torch.from_numpy(hits.distance)
        weights = _weights(hits)
        flat = self._face_normals[face]
        cosine = (flat * ray).sum(1)
        flat = torch.where(cosine[:, None] > 0, -flat, flat)
        normal = (self._normals[face] * weights).sum(1)
        length = normal.norm(dim=1, keepdim=True)
        normal = torch.where(length > 0.1, normal / length.clamp_min(1e-6), flat)
        normal = torch.where(((normal * flat).sum(1) < 0)[:, None], -normal, normal)
        albedo = self._albedo(face, weights, distance * spread / cosine.abs().clamp_min(0.05).sqrt(), dither)
        place = torch.from_numpy(origin) + ray * distance[:, None] + flat * self._epsilon
        return self._lit(albedo, normal, ray, place, self._object[face], rng)

    def _albedo(self, face: torch.Tensor, weights: torch.Tensor, footprint: torch.Tensor, dither: torch.Tensor) -> torch.Tensor:
        uv = (self._uv[face] * weights).sum(1)
        lod = torch.log2((footprint * self._texels[face]).clamp_min(1e-6))
        albedo = self._bank.sample(self._object[face], uv, lod + dither)
        return albedo if self._tint is None else albedo * (self._tint[face] * weights).sum(1)

    def _lit(
        self,
        albedo: torch.Tensor,
        normal: torch.Tensor,
        ray: torch.Tensor,
        place: torch.Tensor,
        number: torch.Tensor,
        rng: np.random.Generator,
    ) -> torch.Tensor:
        light = self._light
        towards = torch.from_numpy(_unit(np.asarray(light.direction, np.float32)))
        lambert = (normal @ towards).clamp_min(0)
        points = place.numpy()
        visible = self._shadow(points, lambert.numpy() > 0, rng)
        open_sky = self._occlusion(points, normal.numpy(), rng)
        upness = (0.5 + 0.5 * normal[:, 2:3]) if light.sky != light.bounce else torch.ones(1)
        ambient = (torch.tensor(light.sky) * upness + torch.tensor(light.bounce) * (1 - upness)) * open_sky[:, None]
        color = torch.tensor(light.color)
        result = albedo * (color * (lambert * visible)[:, None] + ambient)
        if float(self._gloss.max()) > 0:
            half = torch.nn.functional.normalize(towards - ray, dim=1)
            one = bool((self._shininess == self._shininess[0]).all())
            exponent = float(self._shininess[0]) if one else self._shininess[number]
            highlight = self._gloss[number] * visible * (normal * half).sum(1).clamp_min(0) ** exponent
            result = result + color * highlight[:, None]
        if float(self._mirror.max()) > 0:
            result = result + self._reflected(normal, ray, number)
        return result

    def _reflected(self, normal: torch.Tensor, ray: torch.Tensor, number: torch.Tensor) -> torch.Tensor:
        """Light of the surroundings off smooth surfaces, `[N, 3]`; the scene's own objects are not reflected."""
        cosine = -(normal * ray).sum(1)
        away = torch.nn.functional.normalize(ray + 2 * cosine[:, None] * normal, dim=1)
        mirror = self._mirror[number]
        share = torch.where(mirror > 0, mirror + (1 - mirror) * (1 - cosine.clamp(0, 1)) ** 5, 0.0)
        blur = 0.02  # radians: no surface is perfectly smooth
        return share[:, None] * self._sky(away.numpy(), blur, torch.zeros(len(ray)))

    def _shadow(self, points: Float, lit: NDArray[np.bool_], rng: np.random.Generator) -> torch.Tensor:
        """Share of the light's disc that each point sees, `[N]`."""
        light = self._light
        visible = np.ones(len(points), np.float32)
        chosen = np.flatnonzero(lit)
        if light.shadow_samples == 0 or len(chosen) == 0:
            return torch.from_numpy(visible)
        towards = _unit(np.asarray(light.direction, np.float32))
        start = points[chosen]
        blocked = np.zeros(len(chosen), np.float32)
        for _ in range(light.shadow_samples):
            spread = _disc(len(chosen), towards, light.radius, rng) if light.radius > 0 else np.zeros((1, 3), np.float32)
            blocked += self._caster.blocked(start, np.ascontiguousarray(np.broadcast_to(towards + spread, start.shape)))
        visible[chosen] = 1 - blocked / light.shadow_samples
        return torch.from_numpy(visible)

    def _occlusion(self, points: Float, normals: Float, rng: np.random.Generator) -> torch.Tensor:
        """Share of cosine-distributed rays of limited length that meet nothing, `[N]`."""
        light = self._light
        blocked = np.zeros(len(points), np.float32)
        for _ in range(light.occlusion_samples):
            ball = rng.standard_normal(points.shape, dtype=np.float32)
            directions = normals + ball / np.linalg.norm(ball, axis=1, keepdims=True)
            blocked += self._caster.blocked(points, directions, light.occlusion_distance)
        return torch.from_numpy(1 - blocked / max(light.occlusion_samples, 1))


def _pick(hits: Hits, chosen: NDArray[np.intp]) -> Hits:
    return Hits(hits.hit[chosen], hits.distance[chosen], hits.face[chosen], hits.barycentric[chosen])


def _weights(hits: Hits) -> torch.Tensor:
    """Barycentric weights `[N, 3, 1]`."""
    second_third = torch.from_numpy(hits.barycentric)
    return torch.cat([1 - second_third.sum(1, keepdim=True), second_third], dim=1)[..., None]


def _unit(vector: Float) -> Float:
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def _disc(count: int, axis: Float, radius: float, rng: np.random.Generator) -> Float:
    """Offsets `[N, 3]` evenly distributed on a disc at right angles to `axis`."""
    side = _unit(np.cross(axis, (0.0, 1.0, 0.0) if abs(axis[1]) < 0.9 else (1.0, 0.0, 0.0)).astype(np.float32))
    other = np.cross(axis, side)
    angle = rng.random(count, dtype=np.float32) * np.float32(2 * np.pi)
    reach = np.float32(np.tan(radius)) * np.sqrt(rng.random(count, dtype=np.float32))
    return np.asarray((reach * np.cos(angle))[:, None] * side + (reach * np.sin(angle))[:, None] * other, np.float32)


def _corner_normals(mesh: TexturedMesh) -> Float:
    if mesh.normals is not None:
        return mesh.normals
    a, b, c = np.moveaxis(mesh.corners, 1, 0)
    cross = np.cross(b - a, c - a)
    return np.ascontiguousarray(np.repeat(cross[:, None] / np.linalg.norm(cross, axis=1).clip(1e-20)[:, None, None], 3, axis=1))


def _tint(mesh: TexturedMesh) -> Float:
    return np.ones((len(mesh.faces), 3, 3), np.float32) if mesh.tint is None else to_linear(mesh.tint)


def _texels_per_length(mesh: TexturedMesh) -> Float:
    """Texels of the full texture along one scene unit on each face, `[F]`."""
    a, b, c = np.moveaxis(mesh.uv, 1, 0)
    height, width = mesh.texture.shape[:2]
    uv_area = 0.5 * np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
    return np.asarray(np.sqrt(uv_area * width * height / mesh.face_areas().clip(1e-20)), np.float32)
