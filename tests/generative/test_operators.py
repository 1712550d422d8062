"""Laws that every operator keeps, at every size, batch and in float32."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from generative import operators as ops
from tests.generative.operator_cases import CASES, SVD_CASES, signals

DTYPES = [(torch.float32, 2e-5), (torch.float64, 1e-9)]
every_case = pytest.mark.parametrize(("operator", "shape"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
every_svd = pytest.mark.parametrize(("operator", "shape"), [case[1:] for case in SVD_CASES], ids=[case[0] for case in SVD_CASES])
precisions = pytest.mark.parametrize(("dtype", "tolerance"), DTYPES, ids=["float32", "float64"])
batches = pytest.mark.parametrize("batch", [1, 3])


def close(a: Tensor, b: Tensor, tolerance: float) -> bool:
    """Equal relative to the largest value of `b`."""
    return a.shape == b.shape and a.dtype == b.dtype and bool((a - b).abs().max() <= tolerance * b.abs().max().clamp(min=1))


def test_every_operator_is_held_to_the_laws() -> None:
    assert {type(operator) for _, operator, _ in CASES} == set(ops.OPERATORS)


@every_case
@precisions
@batches
def test_a_pseudo_inverse_explains_what_was_measured(operator, shape, dtype, tolerance, batch) -> None:
    y = operator.A(signals(shape, batch, dtype))
    assert close(operator.A(operator.A_pinv(y)), y, tolerance)  # A A⁺ A = A


@every_case
@precisions
def test_a_pseudo_inverse_is_its_own_reflexive_inverse(operator, shape, dtype, tolerance) -> None:
    image = operator.A(signals(shape, 2, dtype))
    y = image + signals(tuple(image.shape[1:]), 2, dtype, seed=7)  # out of the range of A
    x = operator.A_pinv(y)
    assert close(operator.A_pinv(operator.A(x)), x, 100 * tolerance)  # A⁺ A A⁺ = A⁺; s of a hundredth magnifies rounding


@every_case
def test_both_projections_are_symmetric(operator, shape) -> None:
    x, other = signals(shape, 2, torch.float64), signals(shape, 2, torch.float64, seed=8)
    assert torch.allclose((operator.A_pinv(operator.A(x)) * other).sum(), (x * operator.A_pinv(operator.A(other))).sum(), atol=1e-7)
    y, z = operator.A(x) + 1, operator.A(other) - 2
    assert torch.allclose((operator.A(operator.A_pinv(y)) * z).sum(), (y * operator.A(operator.A_pinv(z))).sum(), atol=1e-7)


@every_case
@batches
def test_the_adjoint_is_the_adjoint(operator, shape, batch) -> None:
    x = signals(shape, batch, torch.float64)
    y = operator.A(signals(shape, batch, torch.float64, seed=9)) + 0.5
    assert torch.allclose((operator.A(x) * y).sum(), (x * operator.A_adjoint(y)).sum(), atol=1e-9)


@every_case
def test_signals_of_a_batch_do_not_see_each_other(operator, shape) -> None:
    x = signals(shape, 3, torch.float64)
    assert torch.allclose(operator.A(x)[1:2], operator.A(x[1:2]), atol=1e-12)
    y = operator.A(x)
    assert torch.allclose(operator.A_pinv(y)[1:2], operator.A_pinv(y[1:2]), atol=1e-8)


@every_svd
@precisions
def test_the_bases_of_the_svd_are_orthonormal(operator, shape, dtype, tolerance) -> None:
    x, other = signals(shape, 2, dtype), signals(shape, 2, dtype, seed=4)
    spectrum = operator.Vt(x)
    assert spectrum.numel() == x.numel()
    assert close(operator.V(spectrum), x, tolerance)
    assert close(operator.Vt(operator.V(spectrum)), spectrum, tolerance)
    assert abs(float((spectrum * operator.Vt(other)).sum() - (x * other).sum())) < tolerance * x.numel()
    measured = torch.where(operator.singular_values > 0, spectrum, torch.zeros((), dtype=dtype))
    there_and_back = operator.Ut(operator.U(measured))
    assert close(torch.where(operator.singular_values > 0, there_and_back, torch.zeros((), dtype=dtype)), measured, tolerance)


@every_svd
def test_the_svd_is_that_of_the_matrix(operator, shape) -> None:
    n = torch.Size(shape).numel()
    matrix = operator.A(torch.eye(n, dtype=torch.float64).reshape(n, *shape)).flatten(1).T
    spectrum_shape = operator.Vt(signals(shape, 1)).shape[1:]
    claimed = operator.singular_values.expand(spectrum_shape).flatten().sort(descending=True).values
    found = torch.linalg.svdvals(matrix)
    assert torch.allclose(found, claimed[: len(found)], atol=1e-9)
    assert torch.allclose(claimed[len(found) :], torch.zeros(()).double())
    y = operator.A(signals(shape, 2, torch.float64)) + 1
    reference = (y.flatten(1) @ torch.linalg.pinv(matrix, rtol=1e-7).T).reshape(2, *shape)
    assert torch.allclose(operator.A_pinv(y), reference, atol=1e-7)


def test_average_pool_is_the_average() -> None:
    x = signals((3, 8, 12), 2)
    assert torch.allclose(ops.AveragePool(4).A(x), torch.nn.functional.avg_pool2d(x, 4), atol=1e-6)


def test_grey_is_the_weighted_sum_for_every_picture_of_a_batch() -> None:
    x = signals((3, 4, 5), 4)
    assert torch.allclose(ops.Grey().A(x), (x * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True), atol=1e-6)


def test_blur_by_fft_is_a_cyclic_convolution_with_the_kernel_as_given() -> None:
    kernel = torch.tensor([[0.0, 0.1, 0.4], [0.05, 0.3, 0.1], [0.05, 0.0, 0.0]])
    x = signals((1, 6, 7), 1, torch.float64)
    expected = torch.zeros_like(x)
    for i, j in itertools.product(range(3), range(3)):
        expected += kernel[i, j] * torch.roll(x, (i - 1, j - 1), (2, 3))
    assert torch.allclose(ops.FourierBlur(kernel, 6, 7, cutoff=0).A(x), expected, atol=1e-9)


def test_separable_blur_mirrors_the_border() -> None:
    rows, columns = torch.tensor([0.2, 0.5, 0.3]).double(), torch.tensor([0.1, 0.6, 0.3]).double()
    x = signals((1, 5, 6), 1, torch.float64)
    padded = torch.cat([x[..., :1], x, x[..., -1:]], -1)
    padded = torch.cat([padded[..., :1, :], padded, padded[..., -1:, :]], -2)
    kernel = torch.outer(rows.flip(0), columns.flip(0))[None, None]
    expected = torch.nn.functional.conv2d(padded, kernel)
    assert torch.allclose(ops.separable_blur(rows, columns, 5, 6, cutoff=0).A(x), expected, atol=1e-12)


def test_separable_and_fourier_blur_agree_away_from_the_border() -> None:
    x = signals((1, 40, 40), 1, torch.float64)
    k = ops.gaussian_kernel(1.0)
    a = ops.separable_blur(k, k, 40, 40, cutoff=0).A(x)
    b = ops.FourierBlur(torch.outer(k, k), 40, 40, cutoff=0).A(x)
    assert torch.allclose(a[..., 5:-5, 5:-5], b[..., 5:-5, 5:-5], atol=1e-10)


def test_mirrored_blur_is_separable_blur_without_a_matrix() -> None:
    rows, columns = ops.gaussian_kernel(1.4), ops.uniform_kernel(7)
    x = signals((2, 11, 16), 1, torch.float64)
    expected = ops.separable_blur(rows, columns, 11, 16, cutoff=0).A(x)
    assert torch.allclose(ops.MirroredBlur(torch.outer(rows, columns), 11, 16, cutoff=0).A(x), expected, atol=1e-12)
    with pytest.raises(ValueError, match="symmetric"):
        ops.MirroredBlur(ops.gaussian_kernel_2d(2.0, 0.5, 0.6), 9, 9)


def test_bicubic_keeps_a_ramp_and_its_place() -> None:
    ramp = torch.arange(48, dtype=torch.float64).expand(1, 1, 48, 48)
    reduced = ops.bicubic_downsampling(48, 48, 4, cutoff=0).A(ramp)
    assert torch.allclose(reduced[0, 0, 3, 3:-3], 4 * torch.arange(3, 9).double() + 1.5, atol=1e-9)


def test_a_pseudo_inverse_of_a_composition_is_not_the_product_of_pseudo_inverses() -> None:
    blur, pool = ops.FourierBlur(ops.gaussian_kernel_2d(1.0, 1.0), 8, 8), ops.AveragePool(2)
    y = pool.A(signals((1, 8, 8), 1, torch.float64))
    product = blur.A_pinv(pool.A_pinv(y))
    exact = ops.Composition(blur, pool).A_pinv(y)
    assert float(exact.norm()) < float(product.norm())
    assert torch.allclose(pool.A(blur.A(exact)), y, atol=1e-6)


def test_a_composition_that_cannot_be_inverted_in_time_says_so() -> None:
    part = ops.FourierBlur(ops.gaussian_kernel_2d(1.0, 1.0), 16, 16)
    with pytest.raises(ArithmeticError, match="after 2 steps"):
        ops.Composition(part, ops.AveragePool(2), max_iterations=2).A_pinv(signals((1, 8, 8), 1))


def test_compressed_sensing_measures_the_part_it_was_asked_for() -> None:
    operator = ops.WalshHadamard(12, 10, 0.25, torch.Generator().manual_seed(0))
    assert operator.A(signals((3, 12, 10), 2)).shape == (2, 3, 30)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.AveragePool(4).A(torch.zeros(1, 1, 6, 8)),
        lambda: ops.bicubic_downsampling(10, 8, 4),
        lambda: ops.DenseOperator(torch.zeros(2, 5), (2, 2)),
        lambda: ops.SeparableOperator(torch.ones(4, 2), torch.ones(2, 2)),
        lambda: ops.PointSubset(torch.tensor([1, 1]), 4),
        lambda: ops.PointSubset(torch.tensor([4]), 4),
        lambda: ops.ViewProjection(torch.ones(3, 3)),
        lambda: ops.FourierBlur(torch.ones(3), 4, 4),
        lambda: ops.WalshHadamard(4, 4, 0.0, torch.Generator()),
    ],
)
def test_what_cannot_be_is_refused(make) -> None:
    with pytest.raises(ValueError):
        make()
