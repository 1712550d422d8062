"""The world frame of a reconstruction: metres and north from GPS where there is some, otherwise upright and of sensible size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.scene import Rigid3, Sim3

_EARTH = 6_378_137.0
_FLATTENING = 1 / 298.257223563
_GPS_NOISE = 5.0
"""Metres that a receiver in a camera is off, roughly; a smaller spread of places says nothing."""
_FEWEST = 3


def upright(poses: Mapping[str, Rigid3], points: NDArray[np.float64]) -> Sim3:
    """`new_from_world`: z is up, the cameras look along +y on the whole, the middle of the points is the origin.

    People hold cameras level: up is the direction most nearly at right angles to every camera's x axis, on the side of the
    cameras' own up (Szeliski, Computer Vision, 2nd ed., 8.2.1). One unit is the median distance from cameras to points.

    Args:
        poses: `cam_from_world` by name; at least one.
        points: `[P, 3]` sparse points.
    """
    rotations = np.array([pose.rotation for pose in poses.values()])
    centers = np.array([pose.center for pose in poses.values()])
    own_up = -rotations[:, 1].mean(axis=0)
    own_up /= max(float(np.linalg.norm(own_up)), 1e-9)
    level = np.einsum("ni,nj->ij", rotations[:, 0], rotations[:, 0]) / len(rotations)
    up = np.linalg.eigh(level + 0.05 * (np.eye(3) - np.outer(own_up, own_up)))[1][:, 0]
    up = up if up @ own_up >= 0 else -up
    rotation = _axes(up, rotations[:, 2].mean(axis=0))
    points, centers = points @ rotation.T, centers @ rotation.T  # medians of coordinates depend on the axes
    middle = np.median(points, axis=0) if len(points) else centers.mean(axis=0)
    distance = np.median(np.linalg.norm(centers - middle, axis=1))
    scale = 1.0 / distance if distance > 1e-12 else 1.0
    return Sim3(rotation, -scale * middle, float(scale))


def _axes(up: NDArray[np.float64], forward: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation whose rows are right, the horizontal part of `forward`, and up."""
    flat = forward - up * (forward @ up)
    if np.linalg.norm(flat) < 0.1:
        axis = np.eye(3)[np.argmin(np.abs(up))]
        flat = axis - up * (axis @ up)
    flat /= np.linalg.norm(flat)
    return np.stack([np.cross(flat, up), flat, up])


def from_gps(poses: Mapping[str, Rigid3], gps: Mapping[str, Mapping[str, Any]]) -> tuple[Sim3, float] | None:
    """`new_from_world` in metres (x east, y north, z up, origin at the median place), and its median residual in metres.

    Robust: the best similarity over triples of cameras by median residual, refined on those that agree with it.

    Args:
        poses: `cam_from_world` by name.
        gps: Name -> lat and lon in degrees, alt in metres or None.

    Returns:
        None when fewer than three cameras have a place, or the places spread too little to tell.
    """
    from recon.metrics.align import umeyama

    names = [name for name in poses if name in gps]
    if len(names) < _FEWEST:
        return None
    centers = np.array([poses[name].center for name in names])
    places = local_places([gps[name] for name in names])
    if np.linalg.norm(places - np.median(places, axis=0), axis=1).max() < 2 * _GPS_NOISE or _straight(centers):
        return None
    best: tuple[float, Sim3] | None = None
    rng = np.random.default_rng(0)
    for _ in range(200):
        chosen = rng.choice(len(names), 3, replace=False)
        if _straight(centers[chosen]) or _straight(places[chosen]):
            continue
        candidate = umeyama(centers[chosen], places[chosen])
        residual = float(np.median(np.linalg.norm(candidate.apply(centers) - places, axis=1)))
        if best is None or residual < best[0]:
            best = residual, candidate
    if best is None:
        return None
    good = np.linalg.norm(best[1].apply(centers) - places, axis=1) <= max(2.5 * best[0], _GPS_NOISE)
    refined = umeyama(centers[good], places[good]) if good.sum() >= _FEWEST and not _straight(centers[good]) else best[1]
    return refined, float(np.median(np.linalg.norm(refined.apply(centers) - places, axis=1)))


def local_places(gps: list[Mapping[str, Any]]) -> NDArray[np.float64]:
    """Metres east, north and up of the median place, `[N, 3]`, on the WGS 84 ellipsoid's tangent plane."""
    lat = np.radians([float(g["lat"]) for g in gps])
    lon = np.radians([float(g["lon"]) for g in gps])
    lon = lon[0] + (lon - lon[0] + np.pi) % (2 * np.pi) - np.pi  # the places may lie on both sides of 180 degrees
    heights = [float(g["alt"]) for g in gps if g.get("alt") is not None]
    usual = float(np.median(heights)) if heights else 0.0
    alt = np.array([usual if g.get("alt") is None else float(g["alt"]) for g in gps])
    lat0, lon0 = np.median(lat), np.median(lon)
    e2 = _FLATTENING * (2 - _FLATTENING)
    curve = 1 - e2 * np.sin(lat0) ** 2
    east = (lon - lon0) * _EARTH / np.sqrt(curve) * np.cos(lat0)
    north = (lat - lat0) * _EARTH * (1 - e2) / curve**1.5
    return np.stack([east, north, alt - usual], axis=1)


def _straight(points: NDArray[np.float64]) -> bool:
    """Whether the points lie on a line, so that they leave a rotation open."""
    values = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return bool(values[1] <= 0.02 * max(values[0], 1e-12))
