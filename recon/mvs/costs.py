"""Photometric costs. A `MatchingCost` turns pictures into features to be warped and compares them in the reference view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor

from recon.mvs.box import box_sum


class MatchingCost(Protocol):
    """Compares the reference with warped sources; a learned cost has the same two calls.

    Attributes:
        radius: Rows and columns that `similarity` needs around each pixel; the result is smaller by this on each side.
    """

    radius: int

    def features(self, image_chw: Tensor) -> Tensor:
        """Features `[C', H, W]` of a picture `[3, H, W]` in [0, 1], at the same size."""

    def reference(self, features_chw: Tensor) -> Any:
        """Whatever of the reference's features is the same for all hypotheses, for one band of rows."""

    def similarity(self, reference: Any, warped_schw: Tensor) -> Tensor:
        """Similarity in [-1, 1] of S warped sources with the reference, `[S, H - 2 radius, W - 2 radius]`."""


class Zncc:
    """Zero-mean normalised cross-correlation of grey values over a square window.

    Args:
        radius: Half side of the window.
        noise: Variance added to both windows: about that of rounding to 8 bits, so faint texture still counts and
            none (a black background) correlates with nothing.
    """

    def __init__(self, radius: int, noise: float = 5e-7) -> None:
        self.radius, self.noise = radius, noise

    def features(self, image_chw: Tensor) -> Tensor:
        """Grey values around 0, `[1, H, W]`."""
        weights = torch.tensor([0.299, 0.587, 0.114], device=image_chw.device)[:, None, None]
        return (image_chw * weights).sum(0, keepdim=True) - 0.5

    def reference(self, features_chw: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Grey values, window means and inverse standard deviations."""
        grey = features_chw[0]
        mean, square = self._means(torch.stack([grey, grey * grey]))
        return grey, mean, ((square - mean * mean).clamp_min(0) + self.noise).rsqrt()

    def similarity(self, reference: tuple[Tensor, Tensor, Tensor], warped_schw: Tensor) -> Tensor:
        """ZNCC `[S, H - 2 radius, W - 2 radius]`."""
        grey, mean, inverse_std = reference
        warped = warped_schw[:, 0]
        warped_mean, square, product = self._means(torch.stack([warped, warped * warped, warped * grey]))
        scale = square.addcmul_(warped_mean, warped_mean, value=-1).clamp_min_(0).add_(self.noise).rsqrt_()
        covariance: Tensor = product.addcmul_(warped_mean, mean, value=-1)
        return covariance.mul_(scale).mul_(inverse_std)

    def _means(self, values: Tensor) -> Tensor:
        """Means over the window."""
        return box_sum(values, self.radius).mul_(1.0 / (2 * self.radius + 1) ** 2)


class Census:
    """Soft census: signs of differences to sixteen neighbours, agreement averaged over the window.

    Robust against exposure and shading changes that are monotonous; less precise than ZNCC.

    Args:
        radius: Half side of the averaging window.
        noise: Difference of grey values at which a sign is half certain.
    """

    offsets = tuple((dy, dx) for dy in range(-2, 3) for dx in range(-2, 3) if max(abs(dy), abs(dx)) == 2)

    def __init__(self, radius: int, noise: float = 0.01) -> None:
        self.radius, self.noise = radius, noise

    def features(self, image_chw: Tensor) -> Tensor:
        """Soft signs `[C, H, W]` in [-1, 1], one channel a neighbour."""
        grey = image_chw.mean(0)
        padded = torch.nn.functional.pad(grey[None, None], (2, 2, 2, 2), mode="replicate")[0, 0]
        height, width = grey.shape
        shifted = torch.stack([padded[2 + dy : 2 + dy + height, 2 + dx : 2 + dx + width] for dy, dx in self.offsets])
        difference = shifted - grey
        return difference / (difference.square() + self.noise**2).sqrt()

    def reference(self, features_chw: Tensor) -> Tensor:
        """The features and their window energy."""
        return features_chw

    def similarity(self, reference: Tensor, warped_schw: Tensor) -> Tensor:
        """Mean agreement of signs `[S, H - 2 radius, W - 2 radius]`."""
        agreement = (warped_schw * reference).mean(1)
        return box_sum(agreement, self.radius) / (2 * self.radius + 1) ** 2


def make_cost(name: str, window: int) -> MatchingCost:
    """The cost called `name` ('zncc', 'census') with a window of `window` pixels (rounded up to odd).

    Raises:
        KeyError: There is no such cost.
    """
    kinds: dict[str, Callable[[int], MatchingCost]] = {"zncc": Zncc, "census": Census}
    return kinds[name](window // 2)
