"""The training of the features: examples, loss and validation."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recon.features.cnn.data import Example, homography_example
from recon.features.cnn.geometry import Strength, random_crop, random_homography, warped
from recon.features.cnn.keypoints import Keypoints, detect
from recon.features.cnn.losses import Warp, matching_likelihood, mutual_pairs, nearness, pair_distances, peak_loss, success_loss
from recon.features.cnn.measure import draw_matches, mean_figures, pair_figures
from recon.features.cnn.network import Architecture, FeatureNetwork, Maps
from recon.features.cnn.photometry import disturbed
from recon.features.cnn.photos import DrawnPictures, PhotoFiles, Pictures
from recon.features.extractor import Features
from recon.learning.task import collate, exact

TERMS = "photographs of ImageNet and BSDS500 (research use) and of Unsplash (Unsplash licence)"
_UNCLEAR = 3.0
"""Pixels within which a keypoint is no wrong match of another."""
_ATTRACT = 3.0
"""Pixels within which two keypoints are drawn together."""
_VALIDATION_SIZE = 320
_VALIDATION_KEYPOINTS = 512


@dataclass(frozen=True)
class Weights:
    """How much each part of the loss counts.

    Args:
        reprojection: Distance between keypoints of the same point.
        success: Cross entropy of the score.
        peaks: Classical keypoints, at the start.
        peaks_later: The same, from step `settle` on.
        settle: Step at which the classical keypoints have become less important.
        found: Pixels within which a keypoint counts as found again.
    """

    reprojection: float = 5.0
    success: float = 1.0
    peaks: float = 0.5
    peaks_later: float = 0.05
    settle: int = 1500
    found: float = 1.0


class FeaturesTask:
    """See `recon.learning.task.TrainingTask`.

    Args:
        photos: Folder of photographs, or None: drawn pictures.
        view_sets: Folder of view sets with depth, or None.
        size: Width of a training picture, a multiple of 32.
        keypoints: So many of each picture are trained with.
        share: Part of the examples that comes from view sets.
        architecture: Of the network.
    """

    name = "features"

    def __init__(
        self,
        photos: Path | None,
        view_sets: Path | None = None,
        *,
        size: int = 224,
        keypoints: int = 192,
        share: float = 0.5,
        architecture: Architecture = Architecture(),
        weights: Weights = Weights(),
        validation_pairs: int = 40,
    ) -> None:
        self._photos, self._view_sets = photos, view_sets
        self._size, self._keypoints, self._share = size, keypoints, share
        self._architecture, self._weights, self._pairs = architecture, weights, validation_pairs

    @cached_property
    def _train_pictures(self) -> Pictures:
        return DrawnPictures() if self._photos is None else PhotoFiles(self._photos, "train")

    @cached_property
    def _sets(self) -> Any:
        """View sets for training, or None."""
        if self._view_sets is None or self._share <= 0:
            return None
        from recon.learning.view_sets import ViewSets

        return ViewSets(self._view_sets, "train")

    def network(self) -> nn.Module:
        """A fresh one."""
        return FeatureNetwork(self._architecture)

    def architecture(self) -> dict[str, Any]:
        """For the card."""
        return asdict(self._architecture)

    def data(self) -> dict[str, Any]:
        """For the card."""
        sets = {} if self._sets is None else {"view_sets": len(self._sets), "view_set_share": self._share}
        pictures = {"drawn pictures": 1} if self._photos is None else {"photographs": len(self._train_pictures), "terms": TERMS}
        return {
            **pictures,
            "pairs": "homographies and changes of light made as the training goes",
            **sets,
            "crop_px": self._size,
            "keypoints": self._keypoints,
            "loss": asdict(self._weights),
        }

    def example(self, rng: np.random.Generator) -> Example:
        """Two pictures with the maps between them, see `recon.features.cnn.data.pack`."""
        if self._sets is not None and rng.random() < self._share:
            from recon.features.cnn.view_pairs import view_example

            return view_example(self._sets[int(rng.integers(len(self._sets)))], rng, self._size)
        return homography_example(self._train_pictures.draw(rng), rng, self._size, Strength())

    def collate(self, examples: list[Any]) -> Any:
        """A batch."""
        return collate(examples)

    def loss(self, network: nn.Module, batch: Any, step: int) -> tuple[Tensor, dict[str, float | Tensor]]:
        """See the module `losses` for the parts."""
        images = batch["images"]
        count = len(images)
        grey = images.transpose(0, 1).reshape(2 * count, 1, *images.shape[2:]).float() / 255  # all first pictures, then all second ones
        maps: Maps = network(grey)
        score = maps.score.float()
        warp = Warp(batch["maps"].transpose(0, 1).flatten(0, 1))
        target = batch["targets"].transpose(0, 1).reshape(score.shape)
        with exact(score.device):
            points = detect(score, self._keypoints)
            spread = _spread_points(count, self._size, score.device, step)
            first_again, there = Warp(warp.target[:count])(spread)
            asked = torch.cat([points.points.detach(), torch.cat([spread, _on_picture(first_again, self._size)])], 1)
            descriptors = network.describe(maps, asked).float()  # type: ignore[operator]
            parts = self._keypoint_parts(points, descriptors[:, : self._keypoints], warp, count)
            apart = torch.cdist(first_again, first_again) < 4
            own = torch.eye(spread.shape[1], dtype=torch.bool, device=score.device) & there[:, :, None]
            rest = descriptors[:, self._keypoints :]
            parts["anywhere"] = matching_likelihood(rest[:count], rest[count:], own, apart)
            parts["peaks"] = peak_loss(score, target)
        w = self._weights
        late = min(step / w.settle, 1.0)
        total = parts["keypoints"] + parts["anywhere"] + w.reprojection * parts["reprojection"] + w.success * parts["success"]
        total = total + (w.peaks + (w.peaks_later - w.peaks) * late) * parts["peaks"]
        return total, {name: value.detach() for name, value in parts.items()}

    def _keypoint_parts(self, points: Keypoints, descriptors: Tensor, warp: Warp, count: int) -> dict[str, Tensor]:
        """Parts of the loss at detected keypoints; the first `count` pictures belong to the others in their order."""
        moved, seen = warp.jacobian_moved(points.points)
        seen = seen & points.valid
        other = Keypoints(*(x.roll(count, 0) for x in (points.points, points.logits, points.valid)))
        distance = pair_distances(moved, seen, other)
        there, back = distance[:count], distance[count:].transpose(1, 2)
        first, second = descriptors[:count], descriptors[count:]
        with torch.no_grad():
            least = torch.minimum(there, back)
            near = mutual_pairs(least, _ATTRACT) & (torch.maximum(there, back) < 2 * _ATTRACT)
            pairs = near & (least < self._weights.found)
            similarity = first @ second.transpose(1, 2)
            similarity = similarity.masked_fill(~(points.valid[:count, :, None] & points.valid[count:, None]), -2.0)
            right = mutual_pairs(1 - similarity, 10.0) & (least < self._weights.found)
            success = torch.cat([right.any(2), right.any(1)])
            again = torch.cat([(near & (least < 1)).any(2), (near & (least < 1)).any(1)])
        return {
            "keypoints": matching_likelihood(first, second, pairs, least < _UNCLEAR),
            "reprojection": (nearness((there + back) / 2) * near).sum() / near.sum().clamp(min=1),
            "success": success_loss(points.logits, success, seen),
            "matched": (success & seen).sum() / seen.sum().clamp(min=1),
            "found": (again & seen).sum() / seen.sum().clamp(min=1),
        }

    def validate(self, network: nn.Module, folder: Path, step: int) -> dict[str, float]:
        """Matches of pictures under homographies, from photos that are never trained on; draws the first few."""
        plain = network.folded()  # type: ignore[operator]
        rows = []
        for i, (pictures, matrix) in enumerate(self.validation_pairs()):
            features = [features_of(plain, picture, _VALIDATION_KEYPOINTS) for picture in pictures]
            figures, matches, errors = pair_figures(features[0], features[1], matrix)
            rows.append(figures)
            if i < 4:
                cv2.imwrite(str(folder / f"{step:06d}_{i}.jpg"), draw_matches(pictures, features, matches, errors))
        figures = mean_figures(rows)
        return {"score": (figures["score@1"] + figures["score@3"]) / 2, **figures}

    def validation_pairs(self) -> Any:
        """Pairs of grey pictures uint8 and the homography from the first to the second; always the same."""
        held: Pictures = DrawnPictures(seed=1) if self._photos is None else PhotoFiles(self._photos, "validation")
        for i in range(self._pairs):
            rng = np.random.default_rng([7, i])
            grey = held[i % len(held)]
            first = random_crop(rng, grey.shape[0], grey.shape[1], _VALIDATION_SIZE)
            change = random_homography(rng, _VALIDATION_SIZE, Strength().part(rng.uniform(0.2, 0.8)))
            pictures = [disturbed(warped(grey, matrix, _VALIDATION_SIZE), rng) for matrix in (first, first @ change)]
            yield pictures, np.linalg.inv(change)


def features_of(network: Any, grey: NDArray[np.uint8], count: int) -> Features:
    """Features of a small grey picture with sides that are multiples of 32, straight from the network."""
    device = next(network.parameters()).device
    with torch.inference_mode():
        maps = network(torch.from_numpy(grey).to(device)[None, None].float() / 255)
        points = detect(maps.score, count)
        keep = points.valid[0]
        found = points.points[:, keep]
        descriptors = network.describe(maps, found)[0].cpu().numpy()
    table = np.zeros((len(descriptors), 4), np.float32)
    table[:, :2], table[:, 2] = found[0].cpu().numpy(), 1.0
    return Features(table, descriptors, (grey.shape[1], grey.shape[0]))


def _spread_points(count: int, size: int, device: torch.device, step: int, cells: int = 14) -> Tensor:
    """Points `[B, cells^2, 2]` all over a picture, one in every cell of a grid; which ones depends on the step alone."""
    generator = torch.Generator().manual_seed(step)
    cell = size / cells
    place = torch.arange(cells) * cell
    corners = torch.stack(torch.meshgrid(place, place, indexing="xy"), -1).reshape(1, -1, 2)
    points = corners + torch.rand(count, cells * cells, 2, generator=generator) * cell
    return points.clamp(0, size - 1).to(device)


def _on_picture(points: Tensor, size: int) -> Tensor:
    return points.clamp(0, size - 1)
