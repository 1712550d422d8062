"""bfloat16: taken where it is fast, close to float32, and nothing outside the network sees it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from generative.networks.residual_unet import ResidualUNet, ResidualUNetArchitecture
from generative.networks.unet2d import unet2d, unet_settings
from generative.priors.load import load_prior
from generative.priors.precision import takes_bf16
from generative.priors.prior import ColdPrior, DiffusionPrior, ResidualPrior
from generative.schedules import linear, power
from recon.errors import SettingsError
from recon.pipeline import machine


def pairs_of_outputs() -> dict[str, tuple[Tensor, Tensor]]:
    """What comes out of each kind of prior, in float32 and with bfloat16."""
    torch.manual_seed(0)
    unet, residual = unet2d(unet_settings(16, 8)).eval(), ResidualUNet(ResidualUNetArchitecture((16, 24), 1)).eval()
    for parameter in residual.parameters():  # heads begin at 0
        torch.nn.init.normal_(parameter, std=0.1)
    x, schedule = torch.randn(2, 3, 16, 16), power(100, path_independent=True)
    with torch.no_grad():
        noise = [DiffusionPrior(unet, linear(), "eps", 16, bf16).denoiser()(x, linear().level(500)).eps for bf16 in (False, True)]
        restored = [ResidualPrior(residual, bf16).denoiser()(x, x, schedule.level(100)).residual for bf16 in (False, True)]
        cold = [ColdPrior(residual, bf16).restorer()(x, 0.5) for bf16 in (False, True)]
    return {"diffusion": (noise[0], noise[1]), "residual": (restored[0], restored[1]), "cold": (cold[0], cold[1])}


def test_networks_in_bfloat16_say_nearly_the_same_in_float32() -> None:
    for exact, coarse in pairs_of_outputs().values():
        assert coarse.dtype == torch.float32
        error = float((coarse - exact).square().mean().sqrt() / exact.square().mean().sqrt())
        assert 1e-5 < error < 0.03, "0 would mean that bfloat16 was not used"


def test_auto_goes_by_what_the_machine_multiplies(monkeypatch: pytest.MonkeyPatch) -> None:
    for able in ({"avx512_bf16": True}, {"amx_bf16": True}, {"avx2": True}, {}):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda able=able: able, raising=False)
        fast = "avx512_bf16" in able or "amx_bf16" in able
        assert machine.multiplies_bfloat16("cpu") == fast == takes_bf16("auto", "cpu") == load_prior("photo-rddm").bf16  # type: ignore[union-attr]
        assert (takes_bf16("fp32", "cpu"), takes_bf16("bf16", "cpu")) == (False, True)
    assert not machine.multiplies_bfloat16("mps")


def test_a_precision_that_there_is_not_is_refused() -> None:
    with pytest.raises(SettingsError, match="no precision"):
        load_prior("photo-rddm", precision="fp8")
