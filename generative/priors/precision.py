"""The arithmetic of a prior's network: bfloat16 where that is fast. Samplers and operators always compute in float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from recon.errors import SettingsError
from recon.pipeline.machine import multiplies_bfloat16

PRECISIONS = ("auto", "fp32", "bf16")


def takes_bf16(precision: str, device: str | torch.device) -> bool:
    """Whether a network on `device` shall compute in bfloat16; 'auto': where that is fast.

    Raises:
        SettingsError: There is no such precision.
    """
    if precision not in PRECISIONS:
        raise SettingsError(f"There is no precision '{precision:.40}'.", f"There are: {', '.join(PRECISIONS)}.", "Choose one of them.")
    return precision == "bf16" or (precision == "auto" and multiplies_bfloat16(torch.device(device).type))


def in_bf16(network: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a network, its products in bfloat16, its results (a tensor or several) in float32."""

    def compute(*given: Any) -> Any:
        with torch.autocast(given[0].device.type, torch.bfloat16):
            found = network(*given)
        return tuple(part.float() for part in found) if isinstance(found, tuple) else found.float()

    return compute
