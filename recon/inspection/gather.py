"""The pictures of the report's page, made from what the stages left. What cannot be read is named and left out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from recon.errors import PhotolithError
from recon.inspection.figures import Figure, ViewRow, figure_of
from recon.inspection.html import png_uri
from recon.inspection.maps import LAYERS, depth_span, draw_map
from recon.inspection.matches import draw_matches
from recon.inspection.matrix import DARK, LIGHT, draw_matrix, matrix_legend
from recon.inspection.model_part import ModelPart, gather_model
from recon.inspection.pairs import Pair, PairTable, load_pairs, read_points
from recon.pipeline.stage import Artifact
from recon.scene import DepthMap

THUMBNAIL = 112
PAIR_WIDTH = 620
VIEW_WIDTH = 300
VIEWS = 4
LINES = 150


@dataclass
class Gathered:
    """What the page shows besides `report.json`.

    Args:
        thumbnails: Photo -> small picture.
        pairs: All pairs; None before they were compared.
        matrix: Picture of the match matrix on light and on dark ground; empty before photos were compared.
        matches: The best and the worst verified pair.
        views: Depth of some views.
        model: The model, what is known of its parts, how it compares with photos.
        problems: What could not be shown, in sentences.
    """

    thumbnails: dict[str, Figure] = field(default_factory=dict)
    pairs: PairTable | None = None
    matrix: tuple[Figure, ...] = ()
    matches: list[Figure] = field(default_factory=list)
    views: list[ViewRow] = field(default_factory=list)
    model: ModelPart = field(default_factory=ModelPart)
    problems: list[str] = field(default_factory=list)


def gather(
    artifacts: Mapping[str, Artifact], photos: Mapping[str, Path], seconds: float = math.inf, held_out: Sequence[str] = ()
) -> Gathered:
    """Makes the pictures.

    Args:
        artifacts: Stage -> its result, of the stages that are finished.
        photos: Photo id -> file.
        held_out: Photos that were not used for the texture.
        seconds: No picture is begun after this time.
    """
    found, end = Gathered(), time.monotonic() + seconds

    def hurry() -> None:
        if time.monotonic() > end:
            raise TimeoutError("the run was stopped and had to end soon")

    @contextmanager
    def tried(what: str) -> Iterator[None]:
        try:
            yield
        except (PhotolithError, OSError, ValueError, KeyError) as error:
            found.problems.append(f"{what} cannot be shown: {error}")

    if "photos" in artifacts:
        with tried("The thumbnails"):
            _thumbnails(artifacts["photos"], photos, found, hurry)
    if "features" in artifacts and "matches" in artifacts:
        with tried("The matches"):
            found.pairs = load_pairs(artifacts["features"], artifacts["matches"])
            found.matrix = _matrix(found.pairs)
    if found.pairs is not None:
        for title, pair in _shown_pairs(found.pairs):
            with tried(f"The pair {pair.a} and {pair.b}"):
                hurry()
                found.matches.append(_pair(title, pair, found.pairs, photos))
    if "undistort" in artifacts and "depth" in artifacts:
        with tried("The depth maps"):
            _views(artifacts, found, tried, hurry)
    if "undistort" in artifacts:
        with tried("The model"):
            gather_model(artifacts, held_out, found.model, tried, hurry)
    return found


def _thumbnails(artifact: Artifact, photos: Mapping[str, Path], found: Gathered, hurry: Callable[[], None]) -> None:
    from recon.photos import read_thumbnail

    for name in photos:
        hurry()
        path = artifact.items.get(name)
        if path is not None:
            try:
                found.thumbnails[name] = figure_of(np.asarray(read_thumbnail(path, THUMBNAIL)), name)
            except (PhotolithError, OSError) as error:
                found.problems.append(f"{name} has no thumbnail: {error}")


def _matrix(table: PairTable) -> tuple[Figure, ...]:
    counts = table.counts()
    text = "Row and column numbers are those of the photos in the table."
    styles = (LIGHT, DARK) if len(counts) else ()
    return tuple(
        figure_of(draw_matrix(counts, style=style), "Match matrix", text, matrix_legend(counts, style), png_uri) for style in styles
    )


def _shown_pairs(table: PairTable) -> list[tuple[str, Pair]]:
    """The verified pairs with most and with fewest matches."""
    verified = sorted((pair for pair in table.pairs if pair.verified), key=lambda pair: pair.inliers)
    if not verified:
        return []
    best = [("Best pair", verified[-1])]
    return [*best, ("Weakest verified pair", verified[0])] if len(verified) > 1 else best


def _pair(title: str, pair: Pair, table: PairTable, photos: Mapping[str, Path]) -> Figure:
    from recon.photos import read_thumbnail

    points = read_points(table.files(pair.a, pair.b))
    left, right = (np.asarray(read_thumbnail(photos[name], PAIR_WIDTH)) for name in (pair.a, pair.b))
    image = draw_matches((left, right), points.ends(points.inliers), points.sizes, most=LINES)
    shown = f", {LINES} of them drawn" if pair.inliers > LINES else ""
    text = f"{pair.a} and {pair.b}: {pair.inliers:,} verified of {pair.raw:,} matches ({pair.kind}){shown}."
    return figure_of(image, title, text)


def _views(artifacts: Mapping[str, Artifact], found: Gathered, tried: Callable[[str], Any], hurry: Callable[[], None]) -> None:
    """A row for some of the views, spread over all."""
    undistorted, raw = artifacts["undistort"], artifacts["depth"]
    consistent = artifacts["cloud"].items if "cloud" in artifacts else {}
    names = [name for name in undistorted.items if name in raw.items]
    chosen = sorted({round(place) for place in np.linspace(0, len(names) - 1, min(VIEWS, len(names)))}) if names else []
    for name in (names[i] for i in chosen):
        with tried(f"The depth of {name}"):
            hurry()
            found.views.append(_view(name, undistorted.items[name], raw.items[name], consistent.get(name)))


def _view(name: str, picture: Path, raw: Path, consistent: Path | None) -> ViewRow:
    from recon.io.depth_npz import read_depth
    from recon.photos import read_thumbnail

    maps = {"raw": _reduced(read_depth(raw))}
    if consistent is not None:
        maps["consistent"] = _reduced(read_depth(consistent))
    best = maps.get("consistent", maps["raw"])
    span = depth_span(best) or depth_span(maps["raw"])
    figures = [figure_of(np.asarray(read_thumbnail(picture, VIEW_WIDTH)), "Photo", name)]
    for kind, depth_map in maps.items():
        drawn = draw_map(depth_map, "depth", span)
        figures.append(figure_of(drawn.image, f"Depth, {kind}", drawn.text, drawn.legend))
    for layer in ("normals", "confidence", "views"):
        drawn = draw_map(best, layer, span)
        if drawn.legend is not None:
            figures.append(figure_of(drawn.image, LAYERS[layer], drawn.text, drawn.legend))
    return ViewRow(name, tuple(figures))


def _reduced(depth_map: DepthMap) -> DepthMap:
    """Every k-th pixel, so that the picture is about as wide as it is shown."""
    step = max(1, max(depth_map.depth.shape) // VIEW_WIDTH)

    def some(values: Any) -> Any:
        return None if values is None else np.ascontiguousarray(values[step // 2 :: step, step // 2 :: step])

    return DepthMap(some(depth_map.depth), some(depth_map.confidence), some(depth_map.normal), some(depth_map.num_views), depth_map.origin)
