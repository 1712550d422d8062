"""Unconditional checkpoints in the format of diffusers: a folder with `unet/` and `scheduler/`, or a bare U-Net."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from generative.networks.unet2d import patch_side, unet2d
from generative.priors.prior import DiffusionPrior
from generative.schedules import NoiseSchedule, cosine, from_betas
from recon.errors import WeightsError
from recon.learning.weights import load_into, read_tensors, write_tensors

WEIGHTS = "diffusion_pytorch_model.safetensors"
MAX_BYTES = 2 << 30
MAX_JSON = 1 << 20
MAX_TIMESTEPS = 100_000
_PREDICTS = {"epsilon": "eps", "sample": "x0", "v_prediction": "v"}
_REMEDY = "Give a folder of diffusers with an unconditional image U-Net (UNet2DModel) and safetensors weights."


def read_folder(folder: Path) -> DiffusionPrior:
    """Loads the prior in a folder; nothing is fetched and no code of the folder is run.

    Raises:
        WeightsError: A part is missing, or it is another kind of model.
    """
    part = folder / "unet" if (folder / "unet").is_dir() else folder
    settings = _json(part / "config.json")
    if settings.get("_class_name", "UNet2DModel") != "UNet2DModel" or settings.get("class_embed_type") or settings.get("num_class_embeds"):
        raise _unusable(folder, f"It holds a {settings.get('_class_name', 'conditional U-Net')}.")
    settings = {name: value for name, value in settings.items() if not name.startswith("_")}
    try:
        network, size = unet2d(settings), patch_side(settings)
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        raise _unusable(folder, f"Its settings make no network: {error}.") from error
    load_into(network, read_tensors(part / WEIGHTS, MAX_BYTES)[0])
    schedule, predicts = _scheduler(folder)
    return DiffusionPrior(network.eval(), schedule, predicts, size)


def write_folder(prior: DiffusionPrior, folder: Path) -> None:
    """Writes a prior so that diffusers and `read_folder` can load it; there one of folded pixels makes pictures of 12 channels."""
    config: Any = prior.network.config
    settings = {name: value for name, value in dict(config).items() if not name.startswith("_")}
    for name in ("unet", "scheduler"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    write_tensors(prior.network.state_dict(), folder / "unet" / WEIGHTS, {"format": "pt"})
    _write(folder / "unet" / "config.json", {"_class_name": "UNet2DModel", **settings})
    betas = (1 - prior.schedule.alpha_bar[1:] / prior.schedule.alpha_bar[:-1]).tolist()
    names = {ours: theirs for theirs, ours in _PREDICTS.items()}
    scheduler = {
        "_class_name": "DDPMScheduler",
        "num_train_timesteps": len(betas),
        "trained_betas": betas,
        "prediction_type": names[prior.predicts],
    }
    _write(folder / "scheduler" / "scheduler_config.json", scheduler)
    parts = {"unet": ["diffusers", "UNet2DModel"], "scheduler": ["diffusers", "DDPMScheduler"]}
    _write(folder / "model_index.json", {"_class_name": "DDPMPipeline", **parts})


def _scheduler(folder: Path) -> tuple[NoiseSchedule, Any]:
    """Schedule and parameterisation; those of DDPM where the folder says nothing."""
    found = [path for path in (folder / "scheduler" / "scheduler_config.json", folder / "scheduler_config.json") if path.is_file()]
    values = _json(found[0]) if found else {}
    try:
        T, kind = int(values.get("num_train_timesteps", 1000)), values.get("beta_schedule", "linear")
        first, last = float(values.get("beta_start", 1e-4)), float(values.get("beta_end", 0.02))
        if not 1 <= T <= MAX_TIMESTEPS:
            raise ValueError(f"{T} levels of noise")
        if values.get("trained_betas"):
            schedule = from_betas(torch.tensor(values["trained_betas"], dtype=torch.float64))
        elif kind == "linear":
            schedule = from_betas(torch.linspace(first, last, T, dtype=torch.float64))
        elif kind == "scaled_linear":
            schedule = from_betas(torch.linspace(first**0.5, last**0.5, T, dtype=torch.float64) ** 2)
        elif kind == "squaredcos_cap_v2":
            schedule = cosine(T)
        else:
            raise ValueError(f"a schedule '{kind}'")
        return schedule, _PREDICTS[values.get("prediction_type", "epsilon")]
    except (ValueError, TypeError, KeyError) as error:
        raise _unusable(folder, f"Its scheduler is not understood: {error}.") from error


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_JSON:
            raise ValueError("it is too large")
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise ValueError("it is no object")
        return values
    except (OSError, ValueError, RecursionError) as error:
        raise _unusable(path.parent, f"'{path.name}' cannot be read: {error}.") from error


def _write(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _unusable(folder: Path, why: str) -> WeightsError:
    return WeightsError(f"'{folder}' is no prior that can be used.", why, _REMEDY)
