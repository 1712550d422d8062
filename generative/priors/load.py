"""A prior by its name: a shipped one, a weights file, or a folder in the format of diffusers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from generative.networks.cloud_gan import CloudGan, CloudGanArchitecture
from generative.networks.gan import Gan, GanArchitecture
from generative.networks.residual_unet import ResidualUNet, ResidualUNetArchitecture
from generative.networks.unet2d import patch_side, unet2d
from generative.priors.diffusers_folder import read_folder
from generative.priors.precision import takes_bf16
from generative.priors.prior import CloudGanPrior, ColdPrior, DiffusionPrior, GanPrior, Prior, ResidualPrior
from generative.schedules import linear
from recon.errors import WeightsError
from recon.learning.shelf import shipped
from recon.learning.weights import load_into, load_weights

_REMEDY = "Give a photo-prior, photo-rddm, photo-cold, pictures-gan or clouds-gan."


def load_prior(name: str, device: str | torch.device = "cpu", precision: str = "auto") -> Prior:
    """Loads a prior, ready to be used.

    Args:
        name: Name of a shipped model, path of a .safetensors file with its card, or a folder of diffusers.
        device: Where it goes.
        precision: Of its network's products, where it restores photographs: 'fp32', 'bf16', or 'auto', which is bf16 where that is fast.

    Raises:
        SettingsError: There is no such precision.
        WeightsError: There is none, it is damaged, or it is a network for something else.
    """
    path = Path(name)
    if path.is_dir():
        prior: Prior = read_folder(path)
    else:
        prior = _from_weights(path if path.suffix == ".safetensors" else shipped(name))
    prior.network.to(device).eval().requires_grad_(False)
    return prior if isinstance(prior, GanPrior | CloudGanPrior) else replace(prior, bf16=takes_bf16(precision, device))


def _from_weights(path: Path) -> Prior:
    """A prior of our own training."""
    tensors, card = load_weights(path)
    try:
        if card.task in ("photo-rddm", "photo-cold"):
            network = ResidualUNet(ResidualUNetArchitecture(**{**card.architecture, "widths": tuple(card.architecture["widths"])}))
            load_into(network, tensors)
            return ResidualPrior(network) if card.task == "photo-rddm" else ColdPrior(network)
        if card.task == "photo-prior":
            unet = unet2d(card.architecture)
            load_into(unet, tensors)
            return DiffusionPrior(unet, linear(), "eps", patch_side(card.architecture))
        if card.task == "pictures-gan":
            gan = Gan(GanArchitecture(**{**card.architecture, "classes": tuple(card.architecture["classes"])}))
            load_into(gan, tensors)
            return GanPrior(gan)
        if card.task == "clouds-gan":
            clouds = CloudGan(CloudGanArchitecture(**{**card.architecture, "classes": tuple(card.architecture["classes"])}))
            load_into(clouds, tensors)
            return CloudGanPrior(clouds)
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        raise WeightsError(f"The prior '{path}' cannot be used.", f"Its card describes no network: {error}.", "Train it again.") from error
    raise WeightsError(f"'{path}' is no prior.", f"It is a network for '{card.task}'.", _REMEDY)
