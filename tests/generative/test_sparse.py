"""Restoration by sparse cosine coefficients."""

from __future__ import annotations

import pytest
import torch

from generative.operators import AveragePool, Mask, MirroredBlur, WalshHadamard, gaussian_kernel_2d
from generative.samplers.protocols import ignore
from generative.tasks import sparse
from tests.generative.operator_cases import signals

SHAPES = [(3, 40, 33), (3, 8, 9), (3, 5, 3), (3, 1, 20)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("step", [1, 2, 4])
def test_without_noise_nothing_is_taken_off_at_any_size(shape, step: int) -> None:
    x = signals(shape, 1, torch.float64)
    assert torch.allclose(sparse.threshold(x, 0.0, step), x, atol=1e-9)
    assert torch.allclose(sparse.wiener(x, x, 1e-7, step), x, atol=1e-5)


def test_bands_change_nothing(monkeypatch) -> None:
    x = signals((3, 60, 50), 1, torch.float64)
    whole = sparse.threshold(x, 0.8, 2, (1, 0))
    monkeypatch.setattr(sparse, "BAND", 1)
    assert torch.allclose(sparse.threshold(x, 0.8, 2, (1, 0)), whole, atol=1e-9)


def test_white_noise_goes_and_a_ramp_stays() -> None:
    ramp = torch.linspace(-1, 1, 64).expand(1, 3, 64, 64).double()
    noisy = ramp + 0.2 * signals((3, 64, 64), 1, torch.float64)
    first = sparse.threshold(noisy, 0.2, 1)
    second = sparse.wiener(noisy, first, 0.2, 1)
    errors = [float((x - ramp).square().mean().sqrt()) for x in (noisy, first, second)]
    assert errors[1] < 0.25 * errors[0]
    assert errors[2] < 1.1 * errors[1]


@pytest.mark.parametrize(
    "operator",
    [
        Mask(torch.rand(32, 32, generator=torch.Generator().manual_seed(1)) > 0.5),
        AveragePool(2),
        WalshHadamard(32, 32, 0.4, torch.Generator().manual_seed(1)),
    ],
)
def test_without_noise_the_result_agrees_with_the_measurement(operator) -> None:
    x = signals((3, 32, 32), 1, torch.float64)
    y = operator.A(x)
    found = sparse.sparsest(operator, y, 0.0, operator.A_pinv(y), 4, (0.5, 0.1), ignore)
    assert float((operator.A(found) - y).abs().max()) < 1e-6


def test_a_sparse_picture_is_found_again_from_half_of_its_coefficients_and_from_blur_and_noise() -> None:
    rows, columns = torch.meshgrid(torch.arange(48.0), torch.arange(48.0), indexing="ij")
    x = (0.5 * torch.cos(rows / 7) * torch.sin(columns / 5) + 0.3 * (columns > 20)).expand(1, 3, 48, 48).double()
    sensed = WalshHadamard(48, 48, 0.5, torch.Generator().manual_seed(0))
    found = sparse.sparsest(sensed, sensed.A(x), 0.0, sensed.A_pinv(sensed.A(x)), 30, (0.5, 0.02), ignore)
    assert float((found - x).square().mean().sqrt()) < 0.1 * float((sensed.A_pinv(sensed.A(x)) - x).square().mean().sqrt())
    blur = MirroredBlur(gaussian_kernel_2d(1.5, 1.5), 48, 48)
    y = blur.A(x) + 0.02 * signals((3, 48, 48), 1, torch.float64)
    found = sparse.sparsest(blur, y, 0.02, y, 30, (0.5, 0.08), ignore)
    assert float((found - x).square().mean()) < 0.7 * float((y - x).square().mean())
