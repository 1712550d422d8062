"""Linear measurements `y = A x` of images `[B, C, H, W]` and clouds `[B, N, 3]`, with adjoint, pseudo-inverse and, where it exists, SVD."""

from generative.operators.average_pool import AveragePool
from generative.operators.base import LinearOperator, SVDOperator
from generative.operators.bicubic import bicubic_downsampling
from generative.operators.cloud import PointSubset, ViewProjection
from generative.operators.composition import Composition
from generative.operators.dense import DenseOperator
from generative.operators.fourier_blur import FourierBlur
from generative.operators.grey import Grey
from generative.operators.hadamard import WalshHadamard
from generative.operators.kernels import gaussian_kernel, gaussian_kernel_2d, uniform_kernel
from generative.operators.mask import Identity, Mask
from generative.operators.mirrored_blur import MirroredBlur, symmetric
from generative.operators.separable import SeparableOperator, separable_blur

OPERATORS: tuple[type[LinearOperator], ...] = (
    Identity,
    Mask,
    AveragePool,
    SeparableOperator,
    FourierBlur,
    MirroredBlur,
    Grey,
    WalshHadamard,
    DenseOperator,
    Composition,
    PointSubset,
    ViewProjection,
)
"""Every operator there is."""

__all__ = [
    "OPERATORS",
    "AveragePool",
    "Composition",
    "DenseOperator",
    "FourierBlur",
    "Grey",
    "Identity",
    "LinearOperator",
    "Mask",
    "MirroredBlur",
    "PointSubset",
    "SVDOperator",
    "SeparableOperator",
    "ViewProjection",
    "WalshHadamard",
    "bicubic_downsampling",
    "gaussian_kernel",
    "gaussian_kernel_2d",
    "separable_blur",
    "symmetric",
    "uniform_kernel",
]
