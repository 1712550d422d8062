"""Losses of diffusion networks."""

from __future__ import annotations

import torch
from torch import Tensor

from generative.networks.balance import believed


def auto_loss(residual_error: Tensor, noise_error: Tensor, balance: Tensor) -> Tensor:
    """RDDM's `L_auto = λ ‖res‖² + (1-λ) ‖noise‖²` with learnable λ (Liu et al. 2024, section 3.4).

    λ begins at 0.5 and moves to the objective that is easier. Once it has gone far enough, that one is trained alone; λ then has no
    gradient any more and stays.

    Args:
        residual_error: Mean square error of the residual head, a scalar.
        noise_error: Mean square error of the noise head, a scalar.
        balance: λ, a parameter.
    """
    winner = believed(float(balance.detach()))
    if winner == "res+noise":
        share = balance.clamp(0, 1)
        return share * residual_error + (1 - share) * noise_error
    return residual_error if winner == "res" else noise_error


def min_snr_weight(alpha_bar: Tensor, gamma: float = 5.0) -> Tensor:
    """Weight of the squared error of ε at a level: `min(SNR, γ) / SNR` with `SNR = ā/(1-ā)` (Hang et al. 2023, section 3.4)."""
    snr = alpha_bar / (1 - alpha_bar)
    return torch.clamp(snr, max=gamma) / snr
