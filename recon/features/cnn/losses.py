"""What the features are trained for: found again, at the same place to a fraction of a pixel, and matched.

Descriptors: negative log likelihood of the dual softmax at known correspondences (Sun et al., LoFTR, CVPR 2021; Tyszkiewicz et
al., DISK, NeurIPS 2020). Keypoints: reprojection distance of sub-pixel positions (Zhao et al., ALIKE, 2022); the score learns the
probability that a keypoint is found again and matched, from whether it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from recon.features.cnn.keypoints import Keypoints
from recon.features.cnn.sampling import sample

TEMPERATURE = 0.05
_FAR = 1e6


@dataclass(frozen=True, eq=False)
class Warp:
    """Where the pixels of one batch of pictures are in another.

    Args:
        target: `[B, 2, H, W]` x, y in the other picture, NaN where they are not seen there.
    """

    target: Tensor

    def __call__(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Points `[B, N, 2]` in the other picture, and which of them `[B, N]` are seen there; no gradient through the map."""
        moved = sample(self.target, points)
        seen = torch.isfinite(moved).all(-1)
        return torch.where(seen[..., None], moved, -_FAR), seen

    def jacobian_moved(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """As a call, with gradients to the points through the local derivative of the map."""
        still = points.detach()
        moved, seen = self(still)
        columns = []
        for axis in range(2):
            step = torch.zeros(2, dtype=points.dtype, device=points.device)
            step[axis] = 1.0
            (ahead, there), (behind, here) = self(still + step), self(still - step)
            seen = seen & there & here
            columns.append((ahead - behind) / 2)
        delta = points - still
        moved = moved + columns[0] * delta[..., :1] + columns[1] * delta[..., 1:]
        return moved, seen


def matching_likelihood(first: Tensor, second: Tensor, pairs: Tensor, exclude: Tensor | None = None) -> Tensor:
    """Negative log of the dual softmax at true pairs, mean over them.

    Args:
        first: `[B, N, D]` unit descriptors.
        second: `[B, M, D]` unit descriptors.
        pairs: `[B, N, M]` bool, the true pairs.
        exclude: `[B, N, M]` bool, pairs that are neither right nor wrong.

    Returns:
        Scalar; 0 without pairs.
    """
    similarity = first @ second.transpose(1, 2) / TEMPERATURE
    if exclude is not None:
        similarity = similarity.masked_fill(exclude & ~pairs, -1e4)
    log = similarity.log_softmax(2) + similarity.log_softmax(1)
    count = pairs.sum()
    return -(log * pairs).sum() / count.clamp(min=1)


def mutual_pairs(distance: Tensor, limit: float) -> Tensor:
    """Pairs `[B, N, M]` that are each other's nearest and closer than `limit`."""
    rows = F.one_hot(distance.argmin(2), distance.shape[2]).bool()
    columns = F.one_hot(distance.argmin(1), distance.shape[1]).bool().transpose(1, 2)
    return rows & columns & (distance < limit)


def pair_distances(moved: Tensor, seen: Tensor, others: Keypoints) -> Tensor:
    """Distances `[B, N, M]` of moved points to the other picture's keypoints; very far where either is not there."""
    distance = torch.cdist(moved, others.points)
    return distance.masked_fill(~(seen[:, :, None] & others.valid[:, None]), _FAR)


def nearness(distance: Tensor) -> Tensor:
    """Cost of distances in pixels: as they are when small, 1 at most, since keypoints that far apart show different points."""
    return distance / (1 + distance)


def success_loss(logits: Tensor, success: Tensor, counted: Tensor) -> Tensor:
    """Cross entropy of the score with whether the keypoint was found again and matched, mean over the keypoints that count."""
    loss = F.binary_cross_entropy_with_logits(logits, success.to(logits.dtype), reduction="none")
    return (loss * counted).sum() / counted.sum().clamp(min=1)


def peak_loss(score: Tensor, target: Tensor) -> Tensor:
    """Focal loss of a score map `[B, 1, H, W]` (logits) against bumps of height 1 at known keypoints; Law and Deng, CornerNet, 2018."""
    peak = target > 0.99
    p = score.sigmoid()
    hit = -F.logsigmoid(score) * (1 - p) ** 2
    miss = -F.logsigmoid(-score) * p**2 * (1 - target) ** 4
    return torch.where(peak, hit, miss).sum() / peak.sum().clamp(min=1)
