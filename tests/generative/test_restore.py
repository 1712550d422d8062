"""Restoring photographs: every task by every method that can do it, at sizes that fit nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from generative.networks.residual_unet import ResidualUNet, ResidualUNetArchitecture
from generative.networks.unet2d import unet2d
from generative.operators import AveragePool, Grey, MirroredBlur, gaussian_kernel_2d
from generative.priors.prior import ColdPrior, DiffusionPrior, Prior, ResidualPrior
from generative.samplers import Denoiser
from generative.schedules import linear
from generative.tasks.estimate import blur_width, noise_level
from generative.tasks.problem import GREY_LEVEL, TASKS, Problem, make_problem
from generative.tasks.restore import METHODS, PRIORS, Recipe, restore
from generative.training.photo_prior import _TINY_UNET
from generative.training.pictures import Crops
from recon.errors import SettingsError


def picture(height: int = 45, width: int = 38) -> Tensor:
    """A drawn photograph `[1, 3, H, W]`."""
    return Crops(None, "train", 64).draw(np.random.default_rng(3))[None, :, :height, :width]


def known(height: int = 45, width: int = 38) -> Tensor:
    mask = torch.rand(height, width, generator=torch.Generator().manual_seed(0)) > 0.3
    mask[10:18, 12:20] = False
    return mask


def problem(task: str) -> Problem:
    x = picture()
    return make_problem(x, task, known=known(), scale=2, kernel=gaussian_kernel_2d(1.0, 1.0), sigma=30 if task == "denoise" else None)


@pytest.fixture(scope="module")
def priors() -> dict[str, Prior]:
    torch.manual_seed(0)
    residual = ResidualUNet(ResidualUNetArchitecture((16, 24), 1, levels=20)).eval()
    cold = ResidualUNet(residual.architecture).eval()
    torch.nn.init.normal_(cold.head[-1].weight, std=0.1)
    diffusion = DiffusionPrior(unet2d(_TINY_UNET).eval(), linear(), "eps", 16)
    return {"photo-prior": diffusion, "photo-rddm": ResidualPrior(residual), "photo-cold": ColdPrior(cold)}


ABLE = [(method, task) for method, tasks in METHODS.items() for task in tasks]


@pytest.mark.parametrize(("method", "task"), ABLE, ids=[" ".join(pair) for pair in ABLE])
def test_every_method_does_what_it_says_it_can(method: str, task: str, priors) -> None:
    steps: list[int] = []
    recipe = Recipe(method, steps=2, t0=0.3, memory=1 << 26)
    prior = priors[PRIORS[method]] if method in PRIORS else None
    posed = problem(task)
    result = restore(posed, prior, recipe, lambda done, total, x0: steps.append(done))
    assert result.shape == ((1, 3, 90, 76) if task == "sr" else (1, 3, 45, 38))
    assert result.isfinite().all()
    assert float(result.abs().max()) <= 1
    assert steps == ([] if method == "classical" else [1, 2])
    if task == "inpaint":
        assert torch.equal(result[..., known()], picture()[..., known()])
        assert not torch.equal(result[..., ~known()], torch.zeros_like(result[..., ~known()]))


@pytest.mark.parametrize(("task", "operator"), [("sr", AveragePool(2)), ("colorize", Grey())])
def test_ddnm_agrees_with_what_was_measured_over_the_whole_picture(task: str, operator, priors, monkeypatch) -> None:
    monkeypatch.setattr(Problem, "finished", lambda self, x: x)  # without the cut to the range of a picture
    posed = problem(task)
    result = restore(posed, priors["photo-prior"], Recipe("ddnm", steps=3, travel=(2, 2)))
    assert float((operator.A(result) - posed.y).abs().max()) < 1e-4


def test_the_same_seed_gives_the_same_picture_whatever_the_memory(priors) -> None:
    def run(seed: int, memory: int) -> Tensor:
        return restore(problem("sr"), priors["photo-prior"], Recipe("ddrm", steps=2, seed=seed, memory=memory))

    assert torch.allclose(run(0, 1 << 20), run(0, 1 << 30), atol=1e-4)
    assert not torch.allclose(run(0, 1 << 30), run(1, 1 << 30), atol=1e-2)


def test_an_untrained_residual_network_changes_nothing(priors) -> None:
    posed = problem("denoise")
    assert torch.allclose(restore(posed, priors["photo-rddm"], Recipe("rddm", steps=3)), posed.y, atol=0.5)
    quiet = ResidualPrior(priors["photo-rddm"].network)
    torch.nn.init.constant_(quiet.network.balance, 0.6)  # the residual head is believed
    assert torch.allclose(restore(posed, quiet, Recipe("rddm", steps=3)), posed.y, atol=1e-5)
    torch.nn.init.constant_(quiet.network.balance, 0.5)


@pytest.mark.parametrize("sigma", [5, 15, 40])
def test_noise_is_estimated_within_a_tenth_on_smooth_pictures(sigma: int) -> None:
    x = torch.linspace(-0.5, 0.5, 200).expand(3, 150, 200)
    noisy = x + sigma * GREY_LEVEL * torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    assert noise_level(noisy) / GREY_LEVEL == pytest.approx(sigma, rel=0.1)
    posed = make_problem(noisy[None], "denoise")
    assert "of 255 grey levels" in posed.assumed[0]
    assert make_problem(noisy[None], "denoise", sigma=3).sigma_y == pytest.approx(3 * GREY_LEVEL)


def natural(generator: torch.Generator, height: int = 200, width: int = 300) -> Tensor:
    """A picture with a power spectrum of 1/f²."""
    f = torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.fftfreq(width)).clamp(min=1 / width)
    x = torch.fft.ifft2(torch.fft.fft2(torch.randn(3, height, width, generator=generator)) / f).real
    return (x / x.std() * 0.3).float()


@pytest.mark.parametrize("width", [1.0, 2.0, 4.0])
def test_the_width_of_a_blur_is_estimated_within_an_eighth_also_in_noise(width: float) -> None:
    generator = torch.Generator().manual_seed(7)
    blurred = MirroredBlur(gaussian_kernel_2d(width, width), 200, 300, cutoff=0).A(natural(generator)[None])
    noisy = blurred + 2 * GREY_LEVEL * torch.randn(blurred.shape, generator=generator)
    assert blur_width(noisy[0], noise_level(noisy)) == pytest.approx(width, rel=0.125)
    posed = make_problem(noisy, "deblur")
    assert posed.assumed[-1].startswith("Gaussian blur of")
    assert posed.strength == pytest.approx(width / 4, rel=0.125)


def test_a_sharp_picture_is_not_deblurred_by_guessing() -> None:
    x = natural(torch.Generator().manual_seed(8))
    assert blur_width(x, 1e-3) < 0.3
    with pytest.raises(SettingsError, match="looks sharp"):
        make_problem(x[None], "deblur")


def test_classical_methods_restore() -> None:
    clean = picture(64, 64)

    def error(x: Tensor) -> float:
        return float((x - clean).square().mean())

    generator = torch.Generator().manual_seed(1)
    noisy = clean + 20 * GREY_LEVEL * torch.randn(clean.shape, generator=generator)
    assert error(restore(make_problem(noisy, "denoise"), None, Recipe("classical"))) < 0.5 * error(noisy)
    posed = make_problem(clean, "inpaint", known=known(64, 64))
    assert error(restore(posed, None, Recipe("classical"))) < 0.1 * error(posed.y)
    for kernel in (gaussian_kernel_2d(1.5, 1.5), gaussian_kernel_2d(1.8, 1.2, 0.5)):
        blurred = MirroredBlur(gaussian_kernel_2d(1.5, 1.5), 64, 64, cutoff=0).A(clean)
        if kernel.shape != gaussian_kernel_2d(1.5, 1.5).shape:  # not symmetric: blurred together with what lies beyond the border
            blurred = F.conv2d(F.pad(clean, (kernel.shape[0] // 2,) * 4, mode="reflect"), kernel.float().expand(3, 1, -1, -1), groups=3)
        blurred = blurred + GREY_LEVEL * torch.randn(blurred.shape, generator=generator)
        restored = restore(make_problem(blurred, "deblur", kernel=kernel, sigma=1), None, Recipe("classical"))
        assert error(restored) < 0.8 * error(blurred)


def test_what_a_method_cannot_do_names_those_that_can() -> None:
    with pytest.raises(SettingsError, match=r"cannot do 'colorize'.*ddnm, ddnm\+, ddrm"):
        Recipe("classical").check("colorize")
    with pytest.raises(SettingsError, match="no method 'magic'"):
        Recipe("magic").check("denoise")
    with pytest.raises(SettingsError, match="travel in time"):
        Recipe("ddrm", travel=(2, 2)).check("sr")


def test_rddm_takes_few_steps_unless_told_otherwise() -> None:
    assert [Recipe("rddm").step_count, Recipe("ddrm").step_count, Recipe("rddm", steps=7).step_count] == [1, 20, 7]


def test_a_prior_of_the_wrong_kind_is_refused(priors) -> None:
    for method, wrong in (("rddm", "photo-prior"), ("ddrm", "photo-rddm"), ("cold", "photo-rddm")):
        with pytest.raises(SettingsError, match=f"takes a {PRIORS[method]}"):
            restore(problem("sr"), priors[wrong], Recipe(method))


@pytest.mark.parametrize(
    "options", [{"task": "inpaint"}, {"task": "deblur"}, {"task": "sr", "scale": 1}, {"task": "cs"}, {"task": "denoise", "sigma": -1.0}]
)
def test_what_is_missing_is_asked_for(options) -> None:
    with pytest.raises(SettingsError):
        make_problem(picture(), **options)
    with pytest.raises(SettingsError):
        make_problem(picture(), "inpaint", known=torch.ones(3, 3, dtype=torch.bool))


def test_all_tasks_are_stated() -> None:
    assert {task for tasks in METHODS.values() for task in tasks} == set(TASKS)


def test_cold_diffusion_with_a_perfect_restorer_is_exact_and_one_that_does_nothing_changes_nothing(priors, monkeypatch) -> None:
    for task in ("inpaint", "sr", "deblur"):
        posed = problem(task)
        assert posed.degrade is not None
        wanted = picture() if task != "sr" else F.interpolate(picture(), scale_factor=2, mode="nearest")
        monkeypatch.setattr(ResidualUNet, "restored", lambda self, x, s, wanted=wanted: wanted)
        monkeypatch.setattr("generative.tasks.restore.RESIDUAL_TILE", 128)
        monkeypatch.setattr("generative.tasks.tiling.Tiles.blend", lambda self, function, x: function(x))
        if task == "deblur":
            posed = make_problem(posed.degrade(wanted, 1.0), task, kernel=gaussian_kernel_2d(1.0, 1.0), sigma=0)
        assert torch.allclose(restore(posed, priors["photo-cold"], Recipe("cold", steps=4)), wanted, atol=0.02), task


def test_cold_diffusion_refuses_a_blur_that_is_not_gaussian(priors) -> None:
    kernel = torch.zeros(5, 5)
    kernel[2, 2:] = 1 / 3
    with pytest.raises(SettingsError, match="cannot undo this blur"):
        restore(make_problem(picture(), "deblur", kernel=kernel, sigma=1), priors["photo-cold"], Recipe("cold"))


def test_denoising_by_ddim_begins_at_the_level_of_the_noise_and_an_ideal_network_brings_the_picture_back(priors, monkeypatch) -> None:
    clean, seen = picture(), []
    noisy = clean + 0.2 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(4))

    def ideal(self) -> Denoiser:
        def eps(x: Tensor, time: Tensor) -> Tensor:
            level = linear().level(round(float(time[0])) + 1)
            seen.append(level.sigma)
            return (x - level.signal * clean) / level.noise

        return Denoiser(eps)

    monkeypatch.setattr(DiffusionPrior, "denoiser", ideal)
    monkeypatch.setattr("generative.tasks.tiling.Tiles.blend", lambda self, function, x: function(x))
    for method in ("ddim", "ddpm"):
        seen.clear()
        posed = make_problem(noisy, "denoise", sigma=0.2 / GREY_LEVEL)
        assert torch.allclose(restore(posed, priors["photo-prior"], Recipe(method, steps=4)), clean, atol=1e-3)
        assert seen[0] == pytest.approx(0.2, rel=0.05)
