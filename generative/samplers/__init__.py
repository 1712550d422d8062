"""Samplers: one pure function a method, over any signal `[B, ...]` (images `[B, C, H, W]`, clouds `[B, N, 3]`).

A sampler knows a denoiser, the levels to visit and, for restoration, a measurement operator, each by its protocol only
(`samplers.protocols`). Randomness comes from the generator handed in. `on_step` sees the current estimate of the clean signal after every
step; an exception from it ends the sampling.
"""

from generative.samplers.cold import sample_cold_naive, sample_cold_tacos
from generative.samplers.ddim import invert_ddim, sample_ddim
from generative.samplers.ddnm import sample_ddnm
from generative.samplers.ddnm_plus import sample_ddnm_plus
from generative.samplers.ddpm import sample_ddpm
from generative.samplers.ddrm import sample_ddrm
from generative.samplers.denoiser import Denoiser, guided
from generative.samplers.dial import Dial
from generative.samplers.dpm_solver import sample_dpm_solver
from generative.samplers.protocols import Denoise, Prediction, ResidualPrediction
from generative.samplers.rddm import sample_rddm
from generative.samplers.residual_denoiser import ResidualDenoiser, generation_as_restoration
from generative.samplers.sdedit import sample_sdedit_ve, sample_sdedit_vp

__all__ = [
    "Denoise",
    "Denoiser",
    "Dial",
    "Prediction",
    "ResidualDenoiser",
    "ResidualPrediction",
    "generation_as_restoration",
    "guided",
    "invert_ddim",
    "sample_cold_naive",
    "sample_cold_tacos",
    "sample_ddim",
    "sample_ddnm",
    "sample_ddnm_plus",
    "sample_ddpm",
    "sample_ddrm",
    "sample_dpm_solver",
    "sample_rddm",
    "sample_sdedit_ve",
    "sample_sdedit_vp",
]
