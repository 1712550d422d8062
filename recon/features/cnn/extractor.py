"""The learned features as an extractor of the pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from recon.errors import ShapeError
from recon.features.cnn.groups import TURNS
from recon.features.cnn.keypoints import RADIUS, refine, sharpness
from recon.features.cnn.network import DIVISOR, Architecture, FeatureNetwork
from recon.features.cnn.tiles import TILE, Tile, tiles
from recon.features.extractor import Features
from recon.features.reduce import contrast, inside_mask, reduced, shared_out
from recon.learning.card import ModelCard
from recon.learning.weights import load_into, load_weights

NAME = "features"
"""Of the shipped weights."""
_BORDER = 4
_SHARP = 0.3
"""Curvature of the score, in logits a square pixel, from which on a keypoint is placed as well as any."""
_FAINTEST = 1.5
"""Standard deviation of the surroundings, in grey levels of 255, below which there is only the noise of the camera."""
_EXTENT = 4.0
"""Scale told for a keypoint, in pixels of the picture that the network saw."""
Piece = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


@lru_cache(maxsize=2)
def load_network(path: Path, device: str) -> tuple[FeatureNetwork, ModelCard]:
    """The network of a weights file, ready for use.

    Raises:
        WeightsError: The file is missing or damaged, or holds another network.
    """
    tensors, card = load_weights(path)
    network = FeatureNetwork(Architecture.from_json(card.architecture))
    load_into(network, tensors)
    return network.folded().to(device), card


@dataclass(frozen=True)
class CnnExtractor:
    """Keypoints and descriptors by `FeatureNetwork`.

    Args:
        weights: File of weights.
        max_features: At most so many, shared out over the parts of the picture.
        max_size: Longer pictures are reduced first, pixels.
        least_score: Weakest score that counts, a probability.
        half: Part of the keypoints that is looked for at half the resolution, for large changes of scale.
        device: Where torch works.
        tile: Largest side of the pieces that large pictures are cut into, pixels.
    """

    weights: Path
    max_features: int = 8192
    max_size: int = 2000
    least_score: float = 0.02
    half: float = 0.0
    device: str = "cpu"
    tile: int = TILE

    def extract(self, image: NDArray[np.uint8], mask: NDArray[np.bool_] | None = None) -> Features:
        """Features of an RGB picture `[H, W, 3]`, strongest first, only where `mask` `[H, W]` is True.

        Raises:
            ShapeError: Not an RGB uint8 picture, or a mask of another size.
            WeightsError: The weights cannot be used.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise ShapeError(f"image must be uint8 [H, W, 3], got {image.dtype} {list(image.shape)}")
        if mask is not None and mask.shape != image.shape[:2]:
            raise ShapeError(f"mask must have shape {list(image.shape[:2])}, got {list(mask.shape)}")
        height, width = image.shape[:2]
        network, _ = load_network(self.weights, self.device)
        grey = reduced(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), self.max_size)
        coarse = round(self.max_features * self.half) if min(grey.shape) >= 2 * DIVISOR else 0
        parts = [self._at_scale(network, grey, (width, height), mask, self.max_features - coarse)]
        if coarse:
            smaller = reduced(grey, max(grey.shape) // 2)
            parts.append(self._at_scale(network, smaller, (width, height), mask, coarse))
        keypoints, descriptors, strength = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        order = np.argsort(-strength, kind="stable")
        return Features(keypoints[order], descriptors[order], (width, height), TURNS)

    def _at_scale(
        self, network: FeatureNetwork, grey: NDArray[np.uint8], size: tuple[int, int], mask: NDArray[np.bool_] | None, limit: int
    ) -> Piece:
        """Keypoints in pixels of the full picture, descriptors and scores of one reduction of it."""
        height, width = grey.shape
        factor = np.array([size[0] / width, size[1] / height])
        pieces = [self._piece(network, grey, tile, factor, mask, limit) for tile in tiles(width, height, self.tile)]
        points, descriptors, strength = (np.concatenate(arrays) for arrays in zip(*pieces, strict=True))
        if len(pieces) > 1:
            chosen = shared_out(points, strength, limit, (height, width))
            points, descriptors, strength = points[chosen], descriptors[chosen], strength[chosen]
        keypoints = np.zeros((len(points), 4), np.float32)
        keypoints[:, :2] = (points.astype(np.float64) + 0.5) * factor - 0.5
        keypoints[:, 2] = _EXTENT * factor.mean()
        return keypoints, descriptors, strength

    def _piece(
        self,
        network: FeatureNetwork,
        grey: NDArray[np.uint8],
        tile: Tile,
        factor: NDArray[np.float64],
        mask: NDArray[np.bool_] | None,
        limit: int,
    ) -> Piece:
        """Points in pixels of `grey`, descriptors and scores in the core of a piece."""
        height, width = grey.shape
        crop = torch.from_numpy(np.ascontiguousarray(grey[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width]))
        padding = (0, -tile.width % DIVISOR, 0, -tile.height % DIVISOR)
        with torch.inference_mode():
            picture = F.pad(crop.to(self.device)[None, None].float() / 255, padding, mode="replicate")
            maps = network(picture)
            pixels, strength = self._candidates(maps.score[0, 0], tile, (height, width))
            clear = contrast(crop.numpy())[pixels[:, 1], pixels[:, 0]] >= _FAINTEST
            pixels, strength = pixels[clear], strength[clear]
            curvature = sharpness(maps.score, torch.from_numpy(pixels).to(self.device)[None])[0].cpu().numpy()
            strength = strength * (curvature / _SHARP).clip(0.01, 1)
            if mask is not None:
                keep = inside_mask((pixels + np.array([tile.x, tile.y]) + 0.5) * factor - 0.5, mask)
                pixels, strength = pixels[keep], strength[keep]
            chosen = shared_out(pixels, strength, limit, (tile.height, tile.width))
            points, _ = refine(maps.score, torch.from_numpy(pixels[chosen]).to(self.device)[None])
            descriptors = network.describe(maps, points)[0]
        placed = points[0].cpu().numpy() + np.array([tile.x, tile.y], np.float32)
        return np.asarray(placed, np.float32), np.asarray(descriptors.cpu().numpy(), np.float32), strength[chosen]

    def _candidates(self, score: torch.Tensor, tile: Tile, shape: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Local maxima `[N, 2]` (x, y in the piece) in its core and away from the picture's edge, and their probabilities."""
        logits = score.cpu().numpy()
        best = cv2.dilate(logits, np.ones((2 * RADIUS + 1, 2 * RADIUS + 1), np.uint8))  # many times faster than a pooling layer
        y, x = np.nonzero((logits == best) & (logits > np.log(self.least_score / (1 - self.least_score))))
        strength = 1 / (1 + np.exp(-logits[y, x]))
        pixels = np.stack([x, y], 1)
        height, width = shape
        left, top, right, bottom = tile.core
        low = np.maximum([left, top], _BORDER) - [tile.x, tile.y]
        high = np.minimum([right, bottom], [width - _BORDER, height - _BORDER]) - [tile.x, tile.y]
        keep = ((pixels >= low) & (pixels < high)).all(axis=1)
        return np.asarray(pixels[keep], np.int64), np.asarray(strength[keep], np.float32)
