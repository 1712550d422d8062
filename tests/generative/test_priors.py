"""Priors: training, saving, loading; whatever is in a folder, it is refused or it works."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from generative.networks.unet2d import as_function, folded_settings, unet2d
from generative.priors.diffusers_folder import read_folder, write_folder
from generative.priors.load import load_prior
from generative.priors.prior import DiffusionPrior, ResidualPrior
from generative.samplers import sample_ddim
from generative.schedules import cosine, linear, pairs, trailing
from generative.training import prior_task, rddm_task
from recon.errors import WeightsError

SETTINGS = folded_settings(16, 8)


@pytest.fixture(scope="module")
def prior() -> DiffusionPrior:
    torch.manual_seed(0)
    return DiffusionPrior(unet2d(SETTINGS).eval(), cosine(50), "v", 16)


def test_a_folder_says_the_same_when_it_is_read_again_and_diffusers_reads_it_too(prior: DiffusionPrior, tmp_path: Path) -> None:
    from diffusers import DDPMPipeline

    write_folder(prior, tmp_path)
    again = read_folder(tmp_path)
    assert (again.predicts, again.size) == ("v", 16)
    assert torch.allclose(again.schedule.alpha_bar, prior.schedule.alpha_bar, atol=1e-12)
    x, steps = torch.randn(1, 3, 16, 16), prior.schedule.steps(pairs(trailing(50, 3)))
    assert torch.equal(sample_ddim(again.denoiser(), x, steps), sample_ddim(prior.denoiser(), x, steps))
    theirs = DDPMPipeline.from_pretrained(str(tmp_path), local_files_only=True)
    folded, time = torch.randn(1, 12, 8, 8), torch.full((1,), 7.0)
    assert torch.allclose(theirs.unet(folded, time).sample, again.network(folded, time).sample, atol=1e-5)
    assert theirs.scheduler.config.prediction_type == "v_prediction"


def test_plain_pictures_and_folded_ones_are_told_apart_by_the_channels(tmp_path: Path) -> None:
    for channels, side in ((3, 8), (12, 16), (27, 24)):
        network = unet2d({**SETTINGS, "in_channels": channels, "out_channels": channels}).eval()
        write_folder(DiffusionPrior(network, linear(), "eps", side), tmp_path)
        again = read_folder(tmp_path)
        x = torch.randn(1, 3, side, side)
        assert again.size == side
        assert again.denoiser()(x, linear().level(500)).x0.shape == x.shape
    plain, time = unet2d({**SETTINGS, "in_channels": 3, "out_channels": 3}).eval(), torch.full((1,), 7.0)
    assert torch.equal(as_function(plain)(x, time), plain(x, time).sample)


def test_schedules_of_other_folders_are_understood(prior: DiffusionPrior, tmp_path: Path) -> None:
    from diffusers import DDPMScheduler

    write_folder(prior, tmp_path)
    for kind in ("linear", "scaled_linear", "squaredcos_cap_v2"):
        scheduler = DDPMScheduler(200, beta_schedule=kind, prediction_type="sample")
        (tmp_path / "scheduler" / "scheduler_config.json").write_text(json.dumps({**scheduler.config, "trained_betas": None}))
        again = read_folder(tmp_path)
        assert torch.allclose(again.schedule.alpha_bar[1:], scheduler.alphas_cumprod.double(), rtol=2e-3, atol=1e-6)
        assert again.predicts == "x0"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("unet/config.json", "{"),
        ("unet/config.json", "[]"),
        ("unet/config.json", json.dumps({"_class_name": "UNet2DConditionModel"})),
        ("unet/config.json", json.dumps({**SETTINGS, "num_class_embeds": 10})),
        ("unet/config.json", json.dumps({**SETTINGS, "in_channels": 4, "out_channels": 4})),
        ("unet/config.json", json.dumps({**SETTINGS, "out_channels": 6})),
        ("unet/config.json", json.dumps({**SETTINGS, "down_block_types": ["Nothing"] * 4})),
        ("unet/config.json", json.dumps({**SETTINGS, "block_out_channels": [16, 16, 32, 64]})),
        ("unet/diffusion_pytorch_model.safetensors", "nothing"),
        ("scheduler/scheduler_config.json", json.dumps({"beta_schedule": "sigmoid"})),
        ("scheduler/scheduler_config.json", json.dumps({"prediction_type": "flow"})),
        ("scheduler/scheduler_config.json", json.dumps({"num_train_timesteps": 10**12})),
    ],
)
def test_a_folder_that_is_no_prior_is_refused_in_words(prior: DiffusionPrior, tmp_path: Path, name: str, content: str) -> None:
    write_folder(prior, tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(WeightsError):
        load_prior(str(tmp_path))


def test_what_the_trainings_write_loads_as_a_prior(tmp_path: Path) -> None:
    for training, kind in ((prior_task, DiffusionPrior), (rddm_task, ResidualPrior)):
        run = tmp_path / training.__name__
        assert training.main(["--tiny", "--out", str(run), "--device", "cpu"]) == 0
        assert isinstance(load_prior(str(run / "best.safetensors")), kind)
    assert torch.equal(load_prior(str(tmp_path / prior_task.__name__ / "best.safetensors")).schedule.alpha_bar, linear().alpha_bar)


def test_networks_for_other_things_are_no_priors(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no weights named"):
        load_prior("nothing-of-the-kind")
    with pytest.raises(WeightsError, match="network for"):
        load_prior("features")
    with pytest.raises(WeightsError):
        load_prior(str(tmp_path))
