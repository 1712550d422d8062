"""Every operator at several sizes: [(name, operator, shape of a signal without the batch)]."""

from __future__ import annotations

import torch
from torch import Tensor

from generative import operators as ops


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def rotation() -> Tensor:
    q, _ = torch.linalg.qr(torch.randn(3, 3, generator=_generator(), dtype=torch.float64))
    return q


ASYMMETRIC = torch.tensor([[0.0, 0.1, 0.4], [0.05, 0.3, 0.1], [0.05, 0.0, 0.0]])
MATRIX = torch.randn(7, 12, generator=_generator(1), dtype=torch.float64)
SINGULAR = torch.cat([MATRIX, MATRIX[:2] + MATRIX[2:4]])

CASES: list[tuple[str, ops.LinearOperator, tuple[int, ...]]] = [
    ("identity", ops.Identity(), (3, 5, 7)),
    ("identity of clouds", ops.Identity(), (11, 3)),
    ("inpainting", ops.Mask(torch.rand(9, 7, generator=_generator()) > 0.4), (3, 9, 7)),
    ("inpainting of clouds", ops.Mask(torch.rand(10, 1, generator=_generator()) > 0.4), (10, 3)),
    ("average pool 4", ops.AveragePool(4), (3, 8, 20)),
    ("average pool 3", ops.AveragePool(3), (1, 9, 6)),
    ("average pool 1", ops.AveragePool(1), (2, 3, 5)),
    ("bicubic 4", ops.bicubic_downsampling(24, 16, 4), (3, 24, 16)),
    ("bicubic 2", ops.bicubic_downsampling(10, 18, 2), (1, 10, 18)),
    ("uniform blur", ops.separable_blur(ops.uniform_kernel(5), ops.uniform_kernel(5), 12, 17), (3, 12, 17)),
    ("anisotropic blur", ops.separable_blur(ops.gaussian_kernel(3.0), ops.gaussian_kernel(0.6), 15, 10), (3, 15, 10)),
    ("Gaussian blur by FFT", ops.FourierBlur(ops.gaussian_kernel_2d(1.2, 1.2), 16, 12), (3, 16, 12)),
    ("turned blur by FFT", ops.FourierBlur(ops.gaussian_kernel_2d(2.0, 0.5, 0.6), 9, 13), (3, 9, 13)),
    ("given kernel", ops.FourierBlur(ASYMMETRIC, 8, 11), (2, 8, 11)),
    ("kernel larger than the picture", ops.FourierBlur(ops.gaussian_kernel_2d(3.0, 1.0), 6, 5), (1, 6, 5)),
    ("mirrored blur", ops.MirroredBlur(ops.gaussian_kernel_2d(1.5, 0.8), 10, 13), (3, 10, 13)),
    ("mirrored uniform blur", ops.MirroredBlur(torch.full((5, 3), 1 / 15), 8, 2), (1, 8, 2)),
    ("colourisation", ops.Grey(), (3, 5, 4)),
    ("colourisation, equal weights", ops.Grey((1 / 3, 1 / 3, 1 / 3)), (3, 2, 6)),
    ("compressed sensing", ops.WalshHadamard(16, 16, 0.25, _generator()), (3, 16, 16)),
    ("compressed sensing, odd size", ops.WalshHadamard(7, 13, 0.5, _generator()), (1, 7, 13)),
    ("wide matrix", ops.DenseOperator(MATRIX, (3, 4)), (3, 4)),
    ("tall matrix", ops.DenseOperator(MATRIX.T, (7,)), (7,)),
    ("singular matrix", ops.DenseOperator(SINGULAR, (4, 3)), (4, 3)),
    ("blur, then reduction", ops.Composition(ops.FourierBlur(ASYMMETRIC, 8, 12), ops.AveragePool(2)), (3, 8, 12)),
    ("grey, then holes", ops.Composition(ops.Grey(), ops.Mask(torch.rand(6, 8, generator=_generator()) > 0.3)), (3, 6, 8)),
    ("points in a view", ops.Composition(ops.PointSubset(torch.arange(0, 9, 2), 9), ops.ViewProjection(rotation())), (9, 3)),
    ("some points", ops.PointSubset(torch.tensor([7, 0, 3]), 8), (8, 3)),
    ("a view", ops.ViewProjection(rotation()), (13, 3)),
]

SVD_CASES = [case for case in CASES if isinstance(case[1], ops.SVDOperator)]


def signals(shape: tuple[int, ...], batch: int, dtype: torch.dtype = torch.float32, seed: int = 3) -> Tensor:
    """Random signals `[batch, *shape]`."""
    return torch.randn(batch, *shape, generator=_generator(seed), dtype=torch.float64).to(dtype)
