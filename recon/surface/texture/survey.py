"""What each photograph sees of the mesh: visible vertices with their colours, and the best views of every face."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.scene import TriMesh, View
from recon.surface.coloring import sample
from recon.surface.visibility import make_occluder, see

Picture = Callable[[str], NDArray[np.uint8]]
Mask = Callable[[str], "NDArray[np.bool_] | None"]
CANDIDATES = 6
"""Views kept for each face."""
_BLUR = 1.0
_DETAIL = 4.0
_FLOOR = 0.02


@dataclass(frozen=True, eq=False)
class Survey:
    """Mesh and photographs, in numbers.

    Args:
        views: `[N]` views with pictures.
        scores: `[N, V]` float32 how well a view sees a vertex: pixels a scene unit there times the cosine to the normal; 0 = not at all.
        colors: `[N, V, 3]` uint8 colour of the vertex in the view, slightly blurred; 0 where it is not seen.
        candidates: `[F, K]` int32 numbers of the views that see a face best, -1 = none.
        quality: `[F, K]` float32 how well: photo pixels on the face times the local sharpness; 0 = no candidate.
    """

    views: tuple[View, ...]
    scores: NDArray[np.float32]
    colors: NDArray[np.uint8]
    candidates: NDArray[np.int32]
    quality: NDArray[np.float32]

    @property
    def visible(self) -> NDArray[np.bool_]:
        """Whether a view sees a vertex `[N, V]`."""
        return self.scores > 0

    def without(self, faces: NDArray[np.int32], wrong: NDArray[np.bool_]) -> Survey:
        """The same, without views at vertices `wrong` `[N, V]`; a face `[F, 3]` that would lose all its candidates keeps them."""
        bad = wrong[self.candidates[:, :, None], faces[:, None]].any(axis=2) & (self.candidates >= 0)
        bad &= ((self.candidates >= 0) & ~bad).any(axis=1, keepdims=True)
        candidates, quality = np.where(bad, -1, self.candidates), np.where(bad, 0, self.quality)
        return replace(
            self, scores=np.where(wrong, 0, self.scores), candidates=candidates.astype(np.int32), quality=quality.astype(np.float32)
        )


def survey(
    mesh: TriMesh,
    normals: NDArray[np.float32],
    views: Sequence[View],
    picture: Picture,
    mask: Mask,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Survey:
    """Looks at the mesh from every view.

    Args:
        mesh: Triangles.
        normals: `[V, 3]` unit vertex normals.
        views: Views whose cameras have the size of their pictures.
        picture: View name -> uint8 RGB `[H, W, 3]`.
        mask: View name -> pixels that belong to the model `[H, W]`, or None = all.
        progress: Called with (views done, all); may raise to stop.
    """
    n, vertices, faces = len(views), len(mesh.vertices), len(mesh.faces)
    scores, colors = np.zeros((n, vertices), np.float32), np.zeros((n, vertices, 3), np.uint8)
    candidates = np.full((faces, CANDIDATES), -1, np.int32)
    quality = np.zeros((faces, CANDIDATES), np.float32)
    occluder = make_occluder(mesh)
    for number, view in enumerate(views):
        progress(number, n)
        sighting = see(mesh, normals, view, occluder)
        inside = inside_mask(mask(view.name), sighting.pixels)
        index, pixels = sighting.index[inside], sighting.pixels[inside]
        image = picture(view.name)
        scores[number, index] = sighting.score[inside]
        colors[number, index] = sample(np.asarray(cv2.GaussianBlur(image, (0, 0), _BLUR)), view, pixels)
        at = np.full((vertices, 2), np.nan, np.float32)
        at[index] = pixels
        seen, value = face_quality(at, mesh.faces, sharpness(image))
        slot = quality[seen].argmin(axis=1)
        better = value > quality[seen, slot]
        quality[seen[better], slot[better]] = value[better]
        candidates[seen[better], slot[better]] = number
    progress(n, n)
    return Survey(tuple(views), scores, colors, candidates, quality)


def inside_mask(mask: NDArray[np.bool_] | None, pixels: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether pixels `[S, 2]` lie in the mask, at least one pixel from its border; pixels outside the picture count as its border."""
    if mask is None:
        return np.ones(len(pixels), bool)
    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE) > 0
    x, y = np.round(pixels).astype(np.int64).T
    return np.asarray(inner[np.clip(y, 0, len(inner) - 1), np.clip(x, 0, inner.shape[1] - 1)])


def sharpness(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Local mean of the gradient of brightness `[H, W]`, in [0, 1] a pixel, above a floor that stands for plain places.

    The integral of the gradient over a face (Gal et al. 2010, "Seamless montage for texturing models") prefers photos that are
    near, frontal and in focus; here it is the face's area in pixels times this.
    """
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    gradient = cv2.magnitude(cv2.Sobel(gray, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(gray, cv2.CV_32F, 0, 1, scale=1 / 8))
    return np.asarray(cv2.GaussianBlur(gradient, (0, 0), _DETAIL) + _FLOOR, np.float32)


def face_quality(
    pixels: NDArray[np.float32], faces: NDArray[np.int32], detail: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Faces seen whole and from the front, and their quality.

    Args:
        pixels: `[V, 2]` where each vertex is seen; NaN = it is not.
        faces: `[F, 3]`.
        detail: `[H, W]` from `sharpness`.

    Returns:
        Numbers of the faces `[S]` and quality `[S]`.
    """
    a, b, c = (pixels[faces[:, k]] for k in range(3))
    with np.errstate(invalid="ignore"):
        area = 0.5 * ((c - a)[:, 0] * (b - a)[:, 1] - (c - a)[:, 1] * (b - a)[:, 0])
        seen = np.flatnonzero(area > 0)  # counter-clockwise in the world is clockwise with y down; NaN is not greater
    x, y = np.round((a + b + c)[seen] / 3).astype(np.int64).T
    height, width = detail.shape
    value = area[seen] * detail[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
    return seen, value.astype(np.float32)
