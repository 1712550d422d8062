"""What each sampler does to a Gaussian when the denoiser is ideal: mean and covariance by the method's own recursion.

Written from the equations as matrices, without the samplers' code, so that the two can be compared.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from generative.operators import LinearOperator, SVDOperator
from tests.generative.exact import GaussianData, Law, standard

F64 = torch.float64


def eye(data: GaussianData) -> Tensor:
    return torch.eye(len(data.law.mean), dtype=F64)


def ddpm_law(data: GaussianData, steps, variance: str = "posterior") -> Law:
    law, identity = standard(len(data.law.mean)), eye(data)
    for t, s in steps:
        K, k = data.posterior_gain(t.signal, t.noise)
        beta = 1 - t.alpha_bar / s.alpha_bar
        of_x0 = math.sqrt(s.alpha_bar) * beta / (1 - t.alpha_bar)
        of_x = math.sqrt(1 - beta) * (1 - s.alpha_bar) / (1 - t.alpha_bar)
        small = beta * (1 - s.alpha_bar) / (1 - t.alpha_bar)
        added = small if variance == "posterior" else beta * (s.alpha_bar < 1)
        law = law.after(of_x0 * K + of_x * identity, of_x0 * k, added * identity)
    return law


def ddim_law(data: GaussianData, steps, eta: float, *, sigma_hat: bool = False, start: Law | None = None) -> Law:
    law = standard(len(data.law.mean)) if start is None else start
    for t, s in steps:
        sigma2 = (1.0 if sigma_hat else eta**2) * (1 - s.alpha_bar) / (1 - t.alpha_bar) * (1 - t.alpha_bar / s.alpha_bar)
        added = (1 - t.alpha_bar / s.alpha_bar) * (s.alpha_bar < 1) if sigma_hat else sigma2
        law = _after_x0_and_eps(law, data, t, s.signal, math.sqrt(max(1 - s.alpha_bar - sigma2, 0)), added)
    return law


def _after_x0_and_eps(law: Law, data: GaussianData, t, of_x0: float, of_eps: float, added: float, correct=None) -> Law:
    """`of_x0 x̂0 + of_eps ε + noise`; `correct` maps (K, k) of x̂0 to corrected ones."""
    K, k = data.posterior_gain(t.signal, t.noise)
    if correct is not None:
        K, k = correct(K, k)
    E, e = data.noise_gain(t.signal, t.noise)
    return law.after(of_x0 * K + of_eps * E, of_x0 * k + of_eps * e, added * eye(data))


def dpm_solver_law(data: GaussianData, steps) -> Law:
    """All is deterministic: x and x̂0 are carried as affine functions (M, m) of x_T."""
    n = len(data.law.mean)
    M, m = torch.eye(n, dtype=F64), torch.zeros(n, dtype=F64)
    levels = [*(t for t, _ in steps), steps[-1][1]]
    log_snr = [math.log(level.signal / level.noise) if level.noise > 0 else math.inf for level in levels]
    before = None
    for i, (t, s) in enumerate(steps):
        K, k = data.posterior_gain(t.signal, t.noise)
        now = K @ M, K @ m + k
        D = now
        if before is not None and s.noise > 0:
            r = (log_snr[i] - log_snr[i - 1]) / (log_snr[i + 1] - log_snr[i])
            D = tuple((1 + 1 / (2 * r)) * a - 1 / (2 * r) * b for a, b in zip(now, before, strict=True))
        decay = math.exp(log_snr[i] - log_snr[i + 1])  # e^-h
        M = s.noise / t.noise * M + s.signal * (1 - decay) * D[0]
        m = s.noise / t.noise * m + s.signal * (1 - decay) * D[1]
        before = now
    return standard(n).after(M, m, torch.zeros(n, n, dtype=F64))


def sdedit_vp_law(data: GaussianData, guide: Tensor, steps, eta: float, keep: Tensor | None = None) -> Law:
    t0 = steps[0][0]
    law = Law(t0.signal * guide, t0.noise**2 * eye(data))
    for step in steps:
        law = ddim_law(data, [step], eta, start=law)
        law = _put_back(law, step[1].signal * guide, step[1].noise, keep)
    return law


def sdedit_ve_law(data: GaussianData, guide: Tensor, steps, keep: Tensor | None = None) -> Law:
    law = Law(guide, steps[0][0].sigma ** 2 * eye(data))
    for t, s in steps:
        E, e = data.noise_gain(t.signal, t.noise)
        difference = t.sigma**2 - s.sigma**2
        factor = -difference / t.sigma
        law = law.after(eye(data) + factor * t.signal * E, factor * e, difference * eye(data))
        law = _put_back(law, guide, s.sigma, keep)
    return law


def _put_back(law: Law, mean: Tensor, std: float, keep: Tensor | None) -> Law:
    if keep is None:
        return law
    kept = torch.diag(keep.double())
    return law.after(torch.eye(len(mean), dtype=F64) - kept, kept @ mean, std**2 * kept)


@dataclass(frozen=True)
class Measured:
    """A measurement of one signal as matrices: A `[m, n]`, A⁺ `[n, m]`, y `[m]`, and the SVD's Vᵀ `[n, n]`, d `[n]`."""

    operator: LinearOperator
    shape: tuple[int, ...]
    y: Tensor

    @property
    def n(self) -> int:
        return math.prod(self.shape)

    @property
    def A(self) -> Tensor:
        return self.operator.A(torch.eye(self.n, dtype=F64).reshape(-1, *self.shape)).flatten(1).T

    @property
    def A_pinv(self) -> Tensor:
        return torch.linalg.pinv(self.A, rtol=1e-7)

    @property
    def Vt(self) -> Tensor:
        assert isinstance(self.operator, SVDOperator)
        return self.operator.Vt(torch.eye(self.n, dtype=F64).reshape(-1, *self.shape)).flatten(1).T

    @property
    def d(self) -> Tensor:
        assert isinstance(self.operator, SVDOperator)
        shape = self.operator.Vt(torch.zeros(1, *self.shape, dtype=F64)).shape[1:]
        return self.operator.singular_values.expand(shape).flatten()


def ddnm_law(data: GaussianData, steps, measured: Measured, eta: float, marginal: bool = False) -> Law:
    law, P = standard(measured.n), measured.A_pinv @ measured.A
    rest = eye(data) - P
    for t, s in steps:
        if s.alpha_bar < t.alpha_bar:
            ratio = s.alpha_bar / t.alpha_bar
            law = law.after(math.sqrt(ratio) * eye(data), torch.zeros(measured.n, dtype=F64), (1 - ratio) * eye(data))
            continue
        sigma2 = eta**2 * (1 - s.alpha_bar)
        if not marginal:
            sigma2 *= (1 - t.alpha_bar / s.alpha_bar) / (1 - t.alpha_bar)
        correct = lambda K, k: (rest @ K, rest @ k + measured.A_pinv @ measured.y)  # noqa: E731
        law = _after_x0_and_eps(law, data, t, s.signal, math.sqrt(max(1 - s.alpha_bar - sigma2, 0)), sigma2, correct)
    return law


def ddnm_plus_law(data: GaussianData, steps, measured: Measured, sigma_y: float, eta: float) -> Law:
    law, Vt, d = standard(measured.n), measured.Vt, measured.d
    y_bar = Vt @ measured.A_pinv @ measured.y
    for t, s in steps:
        if s.alpha_bar < t.alpha_bar:
            ratio = s.alpha_bar / t.alpha_bar
            law = law.after(math.sqrt(ratio) * eye(data), torch.zeros(measured.n, dtype=F64), (1 - ratio) * eye(data))
            continue
        a, sigma = s.signal, s.noise
        weight, variance, of_eps = (torch.zeros(measured.n, dtype=F64) for _ in range(3))
        for i in range(measured.n):
            if d[i] == 0:
                of_eps[i], variance[i] = math.sqrt(1 - eta**2) * sigma, eta**2 * sigma**2
            elif sigma >= a * sigma_y / d[i]:
                weight[i], variance[i] = 1, sigma**2 - a**2 * sigma_y**2 / d[i] ** 2
            else:
                weight[i], variance[i] = d[i] * sigma * math.sqrt(1 - eta**2) / (a * sigma_y), eta**2 * sigma**2
        K, k = data.posterior_gain(t.signal, t.noise)
        E, e = data.noise_gain(t.signal, t.noise)
        x0 = torch.diag(1 - weight) @ Vt @ K, torch.diag(1 - weight) @ Vt @ k + weight * y_bar
        M = Vt.T @ (a * x0[0] + torch.diag(of_eps) @ Vt @ E)
        b = Vt.T @ (a * x0[1] + of_eps * (Vt @ e))
        law = law.after(M, b, Vt.T @ torch.diag(variance) @ Vt)
    return law


def ddrm_law(data: GaussianData, steps, measured: Measured, sigma_y: float, eta: float, eta_b: float) -> Law:
    """In the spectrum and the variance-exploding scale."""
    Vt, d, n = measured.Vt, measured.d, measured.n
    y_bar = Vt @ measured.A_pinv @ measured.y
    sigma_T = steps[0][0].sigma
    tau = [float(sigma_y / value) if value > 0 else math.inf for value in d]
    seen = [value <= sigma_T for value in tau]
    mean = torch.stack([y_bar[i] if seen[i] else torch.zeros((), dtype=F64) for i in range(n)])
    law = Law(mean, torch.diag(torch.tensor([sigma_T**2 - tau[i] ** 2 if seen[i] else sigma_T**2 for i in range(n)], dtype=F64)))
    for t, s in steps:
        K, k = data.posterior_gain(t.signal, t.noise)
        K, k = Vt @ (t.signal * K) @ Vt.T, Vt @ k
        of_x0, of_x, of_y, variance = (torch.zeros(n, dtype=F64) for _ in range(4))
        for i in range(n):
            root = math.sqrt(1 - eta**2) * s.sigma
            if not seen[i]:
                of_x0[i], of_x[i], variance[i] = 1 - root / t.sigma, root / t.sigma, (eta * s.sigma) ** 2
            elif s.sigma < tau[i]:
                of_x0[i], of_y[i], variance[i] = 1 - root / tau[i], root / tau[i], (eta * s.sigma) ** 2
            else:
                of_x0[i], of_y[i], variance[i] = 1 - eta_b, eta_b, s.sigma**2 - (eta_b * tau[i]) ** 2
        law = law.after(torch.diag(of_x0) @ K + torch.diag(of_x), of_x0 * k + of_y * y_bar, torch.diag(variance))
    return law.after(Vt.T, torch.zeros(n, dtype=F64), torch.zeros(n, n, dtype=F64))


def rddm_law(data: GaussianData, steps, degraded: Tensor, eta: float) -> Law:
    law = Law(degraded, steps[0][0].beta_bar ** 2 * eye(data))
    for t, s in steps:
        K, k = data.posterior_gain(1 - t.alpha_bar, t.beta_bar)
        E, e = data.noise_gain(1 - t.alpha_bar, t.beta_bar)
        k, e = k - t.alpha_bar * K @ degraded, e - t.alpha_bar * E @ degraded
        residual = -K, degraded - k
        sigma2 = eta * (t.beta_bar**2 - s.beta_bar**2) * s.beta_bar**2 / t.beta_bar**2
        less_residual, less_noise = t.alpha_bar - s.alpha_bar, t.beta_bar - math.sqrt(s.beta_bar**2 - sigma2)
        M = eye(data) - less_residual * residual[0] - less_noise * E
        law = law.after(M, -less_residual * residual[1] - less_noise * e, sigma2 * eye(data))
    return law
