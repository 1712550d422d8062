"""One of two processes: checks that gradients become their mean, and that nothing of the group is left at the end."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from recon.learning.config import TrainConfig
from recon.learning.hardware import Hardware


def check() -> None:
    """Fails where the processes share wrongly."""
    network = nn.ParameterList([torch.zeros(2, 3), torch.zeros(4), torch.zeros(1)])
    with Hardware(TrainConfig(steps=1, batch=1, device="cpu")) as hardware:
        network[0].grad = torch.full((2, 3), 1.0 + hardware.rank)
        if hardware.main:
            network[1].grad = torch.arange(4.0)
        hardware.share_gradients(network)
        torch.testing.assert_close(network[0].grad, torch.full((2, 3), 1.5))
        torch.testing.assert_close(network[1].grad, torch.arange(4.0) / 2)
        assert network[2].grad is None, "a parameter that nobody used would be decayed"
        torch.optim.AdamW(network.parameters()).step()
    threads = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
    assert not [name for name in threads if "gloo" in name], threads


if __name__ == "__main__":
    check()
