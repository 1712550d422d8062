"""Depth maps as pictures: depth, normals, confidence and the number of agreeing views, each with its legend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.inspection.colors import UNKNOWN, Colors, depth_ramp, normal_colors, trust_ramp
from recon.inspection.legend import Legend, apart, round_values
from recon.scene import DepthMap

Span = tuple[float, float]

LAYERS = {"depth": "Depth", "normals": "Normals", "confidence": "Confidence", "views": "Views"}
"""What can be shown of a depth map."""
_NEAR = 0.13
"""Closest ticks on a bar."""


@dataclass(frozen=True, eq=False)
class MapPicture:
    """A picture of a depth map.

    Args:
        image: `[H, W, 3]` uint8 RGB.
        legend: What its colours stand for; None when there is nothing to see.
        text: One sentence with the figures.
    """

    image: Colors
    legend: Legend | None
    text: str


def depth_span(depth_map: DepthMap) -> Span | None:
    """Nearest and farthest depth without the outermost hundredths; None when no depth is known."""
    known = depth_map.depth[depth_map.depth > 0]
    if not known.size:
        return None
    near, far = (float(v) for v in np.percentile(known, (1, 99)))
    return near, far


def draw_map(depth_map: DepthMap, layer: str = "depth", span: Span | None = None, unit: str = "scene units") -> MapPicture:
    """Draws one layer of a depth map; pixels of which nothing is known are dark.

    Args:
        depth_map: The map.
        layer: One of `LAYERS`.
        span: Range of depths, so that two maps of a view have the same colours; by default the map's own.
        unit: Of the scene.
    """
    known = depth_map.depth > 0
    span = span or depth_span(depth_map)
    if not known.any() or span is None:
        return _nothing(depth_map, "No depth was found in this photo.")
    share = f"{100 * known.mean():.0f} % of the pixels"
    if layer == "depth":
        return _depth(depth_map.depth, known, span, unit, share)
    if layer == "normals":
        if depth_map.normal is None:
            return _nothing(depth_map, "This depth map has no normals.")
        known = known & (depth_map.normal != 0).any(-1)
        return MapPicture(
            _laid(normal_colors(depth_map.normal), known), normal_legend(), f"Normals of {100 * known.mean():.0f} % of the pixels."
        )
    if layer == "confidence":
        if depth_map.confidence is None:
            return _nothing(depth_map, "This depth map has no confidence.")
        middle = float(np.median(depth_map.confidence[known]))
        return MapPicture(_laid(trust_ramp(depth_map.confidence), known), confidence_legend(), f"Median confidence {middle:.2f}, {share}.")
    if depth_map.num_views is None:
        return _nothing(depth_map, "Only consistent depth knows how many views agree.")
    return _views(depth_map.num_views, known, share)


def _depth(depth: NDArray[np.float32], known: NDArray[np.bool_], span: Span, unit: str, share: str) -> MapPicture:
    near, far = span
    width = max(1 / near - 1 / far, 1e-12)
    nearness = np.where(known, 1 / np.maximum(depth, 1e-9), 1 / far)
    image = _laid(depth_ramp((nearness - 1 / far) / width), known)
    return MapPicture(image, depth_legend(span, unit), f"Depth {near:.3g} to {far:.3g} {unit}, {share}.")


def _views(views: NDArray[np.uint8], known: NDArray[np.bool_], share: str) -> MapPicture:
    top = max(int(views[known].max(initial=1)), 2)
    image = _laid(trust_ramp((views.astype(np.float32) - 1) / (top - 1)), known)
    bar = trust_ramp(np.linspace(0, 1, top))
    ticks = [((value - 0.5) / top, f"{value:.0f}") for value in round_values(1, top, 8) if value == int(value)]
    return MapPicture(
        image, Legend("Views that agree", bar, apart(ticks, 0.06)), f"{views[known].mean():.1f} views agree on the mean, {share}."
    )


def _laid(colors: Colors, known: NDArray[np.bool_]) -> Colors:
    """The colours where something is known."""
    return np.asarray(np.where(known[..., None], colors, np.array(UNKNOWN, np.uint8)), np.uint8)


def _nothing(depth_map: DepthMap, text: str) -> MapPicture:
    return MapPicture(np.full((*depth_map.depth.shape, 3), UNKNOWN, np.uint8), None, text)


def depth_legend(span: Span, unit: str = "scene units") -> Legend:
    """Near left, far right, in even steps of nearness: so is the precision of depth."""
    near, far = span
    width = 1 / near - 1 / far
    places = [(value, (1 / near - 1 / value) / width if width > 0 else 0.5) for value in round_values(near, far, 9) if value > 0]
    ticks = [(place, f"{value:.4g}") for value, place in places] or [(0.5, f"{near:.3g}")]
    return Legend(f"Depth, {unit}", depth_ramp(np.linspace(1, 0, 256)), apart(ticks, _NEAR), ((UNKNOWN, "unknown"),))


def confidence_legend() -> Legend:
    """0 to 1."""
    ticks = tuple((value, f"{value:g}") for value in (0.0, 0.25, 0.5, 0.75, 1.0))
    return Legend("Confidence", trust_ramp(np.linspace(0, 1, 256)), ticks, ((UNKNOWN, "unknown"),))


def normal_legend() -> Legend:
    """The colours of surfaces that face some directions."""
    ways = {
        "towards the camera": (0, 0, -1),
        "right": (0.8, 0, -0.6),
        "left": (-0.8, 0, -0.6),
        "up": (0, -0.8, -0.6),
        "down": (0, 0.8, -0.6),
    }
    colors = normal_colors(np.array(list(ways.values()), float)).tolist()
    return Legend.of_colors("Surface faces", *(((r, g, b), name) for (r, g, b), name in zip(colors, ways, strict=True)))


def value_at(depth_map: DepthMap, x: float, y: float, unit: str = "") -> str:
    """What is known at a place of the map, x and y from 0 to 1 over it; '' outside."""
    height, width = depth_map.depth.shape
    if not (0 <= x < 1 and 0 <= y < 1):
        return ""
    row, column = int(y * height), int(x * width)
    depth = float(depth_map.depth[row, column])
    if depth <= 0:
        return "nothing known here"
    parts = [f"depth {depth:.4g} {unit}".strip()]
    if depth_map.normal is not None:
        parts.append("normal " + " ".join(f"{v:+.2f}" for v in depth_map.normal[row, column]))
    if depth_map.confidence is not None:
        parts.append(f"confidence {depth_map.confidence[row, column]:.2f}")
    if depth_map.num_views is not None:
        parts.append(f"{depth_map.num_views[row, column]} views")
    return ", ".join(parts)
