"""A small classifier of 32x32 pictures, whose features say how far made pictures are from real ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn

FEATURES = 64
EPOCHS, BATCH, RATE = 5, 128, 3e-3


class Classifier(nn.Module):
    """Five convolutions to 64 features, then the classes.

    Args:
        classes: How many.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        widths, strides = (3, 32, 64, 64, 128, 128), (1, 2, 1, 2, 2)
        self.body = nn.Sequential(
            *(
                nn.Sequential(nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU())
                for a, b, stride in zip(widths, widths[1:], strides, strict=False)
            )
        )
        self.features = nn.Linear(widths[-1], FEATURES)
        self.classes = nn.Linear(FEATURES, classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """`[B, 3, 32, 32]` in [-1, 1] to features `[B, 64]` and logits `[B, classes]`."""
        features = self.features(self.body(x).mean((2, 3)))
        return features, self.classes(features.relu())


def trained(pictures: Tensor, labels: Tensor, classes: int) -> Classifier:
    """A classifier of these pictures `[N, 3, 32, 32]` and labels `[N]`; the same one every time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Classifier(classes).train()
        optimiser = torch.optim.AdamW(network.parameters(), weight_decay=0.05)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, EPOCHS * (len(pictures) // BATCH))
        for epoch in range(EPOCHS):
            for batch in torch.randperm(len(pictures))[: len(pictures) // BATCH * BATCH].split(BATCH):
                x = pictures[batch]
                x = torch.where((torch.rand(BATCH) < 0.5)[:, None, None, None], x.flip(-1), x)
                with torch.autocast("cpu", torch.bfloat16):
                    loss = nn.functional.cross_entropy(network(x)[1], labels[batch])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
            print(f"classifier: epoch {epoch + 1} of {EPOCHS}, loss {loss.item():.3f}", flush=True)
    return network.eval()


@torch.no_grad()
def features(network: Classifier, pictures: Tensor) -> Tensor:
    """`[N, 64]` float64 of pictures `[N, 3, 32, 32]`."""
    return torch.cat([network(part)[0] for part in pictures.split(256)]).double()


@torch.no_grad()
def accuracy(network: Classifier, pictures: Tensor, labels: Tensor) -> float:
    """Part of the pictures that are put into their class."""
    return float(torch.cat([network(part)[1].argmax(1) for part in pictures.split(256)]).eq(labels).double().mean())
