"""Restoring photographs: every task by every method that can do it, at sizes that fit nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from generative.networks.gan import Gan, GanArchitecture
from generative.networks.residual_unet import ResidualUNet, ResidualUNetArchitecture
from generative.networks.unet2d import unet2d, unet_settings
from generative.operators import MirroredBlur, gaussian_kernel_2d
from generative.priors.load import load_prior
from generative.priors.prior import ColdPrior, DiffusionPrior, GanPrior, Prior, ResidualPrior
from generative.samplers import Denoiser
from generative.schedules import linear
from generative.tasks import sparse
from generative.tasks.estimate import blur_width, enlargement, noise_level
from generative.tasks.problem import GREY_LEVEL, TASKS, Problem, make_problem
from generative.tasks.provenance import in_words, origins
from generative.tasks.recipe import BEST, METHODS, OPTIONS, PRIORS, Recipe
from generative.tasks.restore import KINDS, restore
from generative.training.pictures import Crops
from recon.errors import SettingsError
from recon.learning.shelf import shipped_names
from recon.scene.origin import Origin


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
    diffusion = DiffusionPrior(unet2d(unet_settings(16, 8)).eval(), linear(), "eps", 16)
    gan = GanPrior(Gan(GanArchitecture(("a", "b"), latent=8, width=8)).eval())
    return {"photo-prior": diffusion, "photo-rddm": ResidualPrior(residual), "photo-cold": ColdPrior(cold), "pictures-gan": gan}


ABLE = [(method, task) for method, tasks in METHODS.items() for task in tasks]


@pytest.mark.parametrize(("method", "task"), ABLE, ids=[" ".join(pair) for pair in ABLE])
def test_every_method_does_what_it_says_it_can(method: str, task: str, priors) -> None:
    steps: list[int] = []
    last = 2 if method != "gan-inversion" else 3  # one for each class, and one
    options = {"steps": None if method == "classical" else 2, "t0": 0.3 if method == "sdedit" else None}
    recipe = Recipe(method, **options, samples=1 if method in OPTIONS["samples"] else None, memory=1 << 26)
    prior = priors[PRIORS[method]] if method in PRIORS else None
    posed = problem(task)
    result = restore(posed, prior, recipe, lambda done, total, x0: steps.append(done)).picture
    assert result.shape == ((1, 3, 90, 76) if task == "sr" else (1, 3, 45, 38))
    assert result.isfinite().all()
    assert float(result.abs().max()) <= 1
    if method == "classical" and task != "denoise":
        last = 30
    assert steps == list(range(1, last + 1))
    assert origins(posed, method).shape == result.shape[-2:]
    if task == "inpaint":
        assert torch.equal(result[..., known()], picture()[..., known()])
        assert not torch.equal(result[..., ~known()], torch.zeros_like(result[..., ~known()]))


CHANGES = {"steps": 5, "eta": 0.3, "t0": 0.7, "travel": (2, 2), "samples": 2}


@pytest.mark.parametrize(("option", "method"), [(option, method) for option, methods in OPTIONS.items() for method in methods])
def test_every_option_changes_the_result_of_every_method_that_says_it_knows_it(option: str, method: str, priors, monkeypatch) -> None:
    monkeypatch.setattr(ResidualUNet, "method", "res+noise")
    posed, prior = problem(METHODS[method][-1]), priors[PRIORS[method]]
    if method == "rddm":
        prior = ResidualPrior(priors["photo-cold"].network)  # whose heads say something
    options = {} if option == "steps" else {"steps": 2}
    plain, changed = (restore(posed, prior, Recipe(method, **(options | change))) for change in ({"steps": 2}, {option: CHANGES[option]}))
    assert not torch.equal(plain.picture, changed.picture)


def test_options_of_other_methods_are_refused() -> None:
    for option, methods in OPTIONS.items():
        for method in set(METHODS) - set(methods):
            with pytest.raises(SettingsError, match=f"has no '{option}'.*{methods[0]}"):
                Recipe(method, **{option: CHANGES[option]}).check(METHODS[method][0])


@pytest.mark.parametrize("task", ["sr", "colorize", "cs"])
def test_ddnm_agrees_with_what_was_measured_over_the_whole_picture_and_says_so(task: str, priors) -> None:
    recipe = Recipe("ddnm", steps=3, travel=(2, 2))
    misfit = restore(problem(task), priors["photo-prior"], recipe).misfit
    assert misfit is not None
    assert misfit < 1e-4
    assert restore(problem("denoise"), priors["photo-rddm"], Recipe("rddm")).misfit is None


def test_the_misfit_of_a_picture_that_does_not_fit_is_large() -> None:
    posed = problem("cs")
    assert posed.misfit(picture()) < 1e-5
    assert posed.misfit(picture() + 0.1) > 0.1


def test_the_same_seed_gives_the_same_picture_whatever_the_memory(priors) -> None:
    def run(seed: int, memory: int) -> Tensor:
        return restore(problem("sr"), priors["photo-prior"], Recipe("ddrm", steps=2, seed=seed, memory=memory)).picture

    assert torch.allclose(run(0, 1 << 20), run(0, 1 << 30), atol=1e-4)
    assert not torch.allclose(run(0, 1 << 30), run(1, 1 << 30), atol=1e-2)


def test_an_untrained_residual_network_changes_nothing(priors) -> None:
    posed = problem("denoise")
    assert torch.allclose(restore(posed, priors["photo-rddm"], Recipe("rddm", steps=3)).picture, posed.y, atol=0.5)
    quiet = ResidualPrior(priors["photo-rddm"].network)
    torch.nn.init.constant_(quiet.network.balance, 0.6)  # the residual head is believed
    assert torch.allclose(restore(posed, quiet, Recipe("rddm", steps=3)).picture, posed.y, atol=1e-5)
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
    assert error(restore(make_problem(noisy, "denoise"), None, Recipe("classical")).picture) < 0.5 * error(noisy)
    posed = make_problem(clean, "inpaint", known=known(64, 64))
    assert error(restore(posed, None, Recipe("classical")).picture) < 0.1 * error(posed.y)
    for kernel in (gaussian_kernel_2d(1.5, 1.5), gaussian_kernel_2d(1.8, 1.2, 0.5)):
        blurred = MirroredBlur(gaussian_kernel_2d(1.5, 1.5), 64, 64, cutoff=0).A(clean)
        if kernel.shape != gaussian_kernel_2d(1.5, 1.5).shape:  # not symmetric: blurred together with what lies beyond the border
            blurred = F.conv2d(F.pad(clean, (kernel.shape[0] // 2,) * 4, mode="reflect"), kernel.float().expand(3, 1, -1, -1), groups=3)
        blurred = blurred + GREY_LEVEL * torch.randn(blurred.shape, generator=generator)
        restored = restore(make_problem(blurred, "deblur", kernel=kernel, sigma=1), None, Recipe("classical")).picture
        assert error(restored) < 0.8 * error(blurred)


def test_noise_that_a_file_clips_leaves_white_white_and_black_black() -> None:
    clean = torch.cat([torch.full((1, 3, 64, 32), value) for value in (-1.0, 0.96)], 3)
    noisy = (clean + 0.4 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))).clamp(-1, 1)
    assert float(noisy[..., :32].mean()) > -0.85
    found = restore(make_problem(noisy, "denoise", sigma=0.4 / GREY_LEVEL), None, Recipe("classical")).picture
    assert float(found[..., :28].mean()) == pytest.approx(-1, abs=0.02)
    assert float(found[..., 36:].mean()) == pytest.approx(0.96, abs=0.02)


def test_classical_denoising_tells_of_its_bands_and_can_be_stopped(monkeypatch) -> None:
    monkeypatch.setattr(sparse, "BAND", 1 << 9)
    told: list[tuple[int, int]] = []
    restore(problem("denoise"), None, Recipe("classical"), on_part=lambda done, total: told.append((done, total)))
    first = told[: len(told) // 2]
    done, totals = zip(*first, strict=True)
    assert told == first * 2
    assert len(set(totals)) == 1
    assert len(done) > 2
    assert list(done) == sorted(set(done))
    assert done[-1] == totals[0]

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(problem("denoise"), None, Recipe("classical"), on_part=stop)


def test_the_mean_of_eight_ways_to_lay_a_picture_does_not_ask_how_it_lay() -> None:
    torch.manual_seed(0)
    network = ResidualUNet(ResidualUNetArchitecture((16, 24), 1, noise=1e-6, levels=20)).eval()
    torch.nn.init.normal_(network.head[-1].weight, std=0.05)
    prior, sizes = ResidualPrior(network), set()

    def lay(x: Tensor) -> Tensor:
        return x.flip(-1).transpose(-1, -2).contiguous()

    def restored(x: Tensor, samples: int) -> Tensor:
        posed = make_problem(x, "denoise", sigma=30)
        return restore(posed, prior, Recipe("rddm", samples=samples), lambda done, total, x0: sizes.add(tuple(x0.shape[-2:]))).picture

    x = picture(40, 32)
    assert torch.allclose(lay(restored(x, 8)), restored(lay(x), 8), atol=1e-3)
    assert not torch.allclose(lay(restored(x, 1)), restored(lay(x), 1), atol=0.03)
    assert sizes == {(40, 32), (32, 40)}


def test_what_a_method_cannot_do_names_those_that_can() -> None:
    with pytest.raises(SettingsError, match=r"cannot do 'colorize'.*ddnm, ddnm\+, ddrm"):
        Recipe("classical").check("colorize")
    with pytest.raises(SettingsError, match="no method 'magic'"):
        Recipe("magic").check("denoise")
    with pytest.raises(SettingsError, match="knows of no noise"):
        restore(make_problem(picture(), "sr", sigma=3), None, Recipe("ddnm"))


def test_rddm_takes_few_steps_unless_told_otherwise() -> None:
    assert [Recipe("rddm").step_count, Recipe("ddrm").step_count, Recipe("rddm", steps=7).step_count] == [1, 20, 7]


def test_a_prior_of_the_wrong_kind_is_refused(priors) -> None:
    for method, wrong in (("rddm", "photo-prior"), ("ddrm", "photo-rddm"), ("cold", "photo-rddm")):
        with pytest.raises(SettingsError, match=f"takes a {PRIORS[method]}"):
            restore(problem("sr"), priors[wrong], Recipe(method))


WRONG = [
    {"task": "inpaint"},
    {"task": "deblur"},
    {"task": "sr", "scale": 1},
    {"task": "sr", "scale": None},
    {"task": "cs", "ratio": 0.0},
    {"task": "denoise", "sigma": -1.0},
    {"task": "draw"},
]


@pytest.mark.parametrize("options", WRONG)
def test_what_is_missing_is_asked_for(options) -> None:
    with pytest.raises(SettingsError):
        make_problem(picture(), **options)
    with pytest.raises(SettingsError):
        make_problem(picture(), "inpaint", known=torch.ones(3, 3, dtype=torch.bool))


def test_all_tasks_are_stated_and_the_best_method_of_each_can_do_it() -> None:
    assert {task for tasks in METHODS.values() for task in tasks} == set(TASKS) == set(BEST)
    for task, method in BEST.items():
        Recipe(method).check(task)


@pytest.mark.parametrize("factor", [2, 3, 4, 6])
@pytest.mark.parametrize("kind", ["nearest", "bilinear", "bicubic"])
def test_by_how_much_a_picture_was_enlarged_is_seen_and_undone(factor: int, kind: str) -> None:
    small = natural(torch.Generator().manual_seed(2), 60, 70)[None].clamp(-1, 1)
    assert enlargement(F.interpolate(small, scale_factor=4, mode="bicubic")[0, :, :60, :60]) == 1  # too little to tell
    large = F.interpolate(small, scale_factor=factor, mode=kind)
    assert enlargement(large[0]) == factor
    posed = make_problem(large, "sr", scale=None)
    assert f"enlarged {factor} times" in posed.assumed[0]
    assert posed.y.shape == small.shape
    assert posed.degraded.shape == large.shape
    if kind == "nearest":
        assert torch.allclose(posed.y, small, atol=1e-6)


def test_a_picture_as_it_was_taken_does_not_look_enlarged() -> None:
    assert enlargement(natural(torch.Generator().manual_seed(2))) == 1


def test_only_what_was_seen_counts_as_measured() -> None:
    found = {task: origins(problem(task), "ddrm") for task in TASKS}
    assert (found["inpaint"] == np.where(known().numpy(), Origin.MEASURED, Origin.GENERATED)).all()
    for task in ("denoise", "deblur"):
        assert (found[task] == Origin.MOVED).all()
    for task in ("sr", "colorize", "cs"):
        assert (found[task] == Origin.GENERATED).all()
    assert (origins(problem("denoise"), "sdedit") == Origin.GENERATED).all()
    assert in_words(np.array([[0, 0, 0, 2]])) == "75 % of the pixels measured, 25 % generated"


def test_an_inversion_finds_class_and_picture_that_its_generator_made(priors) -> None:
    gan = priors["pictures-gan"]
    torch.manual_seed(1)
    for told in gan.network.generator.stages:
        for embedding in told.told:
            torch.nn.init.normal_(embedding.weight, std=0.7)
    with torch.no_grad():
        made = gan.network.generator(torch.randn(1, 8) * 0.5, torch.tensor([1]))
    result = restore(make_problem(made, "cs", ratio=0.5), gan, Recipe("gan-inversion", steps=120)).picture
    assert float((result - made).square().mean()) < 0.1 * float(made.var())


def test_priors_that_are_shipped_are_of_the_kind_that_their_methods_take() -> None:
    there = {method: name for method, name in PRIORS.items() if name in shipped_names()}
    assert there
    for method, name in there.items():
        assert isinstance(load_prior(name), KINDS.get(method, DiffusionPrior))


def test_an_inversion_of_a_large_photo_is_refused_in_words(priors) -> None:
    with pytest.raises(SettingsError, match=r"32 x 32 pixels.*ddrm or ddnm\+"):
        restore(make_problem(torch.zeros(1, 3, 300, 300), "denoise"), priors["pictures-gan"], Recipe("gan-inversion"))


def test_work_can_be_ended_between_patches_and_tells_how_far_it_is(priors, monkeypatch) -> None:
    seen: list[tuple[int, int]] = []

    class Enough(Exception):
        pass

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        if done >= 3:
            raise Enough

    monkeypatch.setattr("generative.tasks.restore.RESIDUAL_TILE", 16)
    monkeypatch.setattr("generative.tasks.restore.RESIDUAL_OVERLAP", 4)
    with pytest.raises(Enough):
        restore(problem("denoise"), priors["photo-rddm"], Recipe("rddm", memory=1), on_part=stop)
    assert seen == [(1, 12), (2, 12), (3, 12)]


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
        assert torch.allclose(restore(posed, priors["photo-cold"], Recipe("cold", steps=4)).picture, wanted, atol=0.02), task


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
        assert torch.allclose(restore(posed, priors["photo-prior"], Recipe(method, steps=4)).picture, clean, atol=1e-3)
        assert seen[0] == pytest.approx(0.2, rel=0.05)
