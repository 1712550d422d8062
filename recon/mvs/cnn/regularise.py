"""Regularisers: from similarities of hypotheses to a probability each, with the reference's context."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, pad, relu

from recon.mvs.cnn.features import quiet
from recon.mvs.cnn.volume import Scale

# Planes convolved at a time where no gradient is wanted, to save memory; a multiple of every stride.
_AT_ONCE = 16
# Similarity differences of this inverse size are a factor e in probability before training.
_SWEEP_SHARPNESS = 15.0


def smoothed(similarity: Tensor) -> Tensor:
    """Mean over 3 x 3 pixels, `[B, N, H, W]`."""
    return avg_pool2d(pad(similarity, (1, 1, 1, 1), mode="replicate"), 3, 1)


@dataclass(frozen=True)
class Wishes:
    """What a regulariser says beside the logits.

    Args:
        logits: `[B, N, H, W]`.
        hidden: `[B, W, H, W]` features for the heads.
    """

    logits: Tensor
    hidden: Tensor


class PlaneConvolution(nn.Module):
    """A 3 x 3 x 3 convolution of a stack of planes, as a planar one with three answers: for the plane before, itself, the plane after.

    The same numbers as a 3D convolution, several times faster on a CPU.

    Args:
        channels: In.
        out: Out.
        stride: 1 or 2, along all three axes.
    """

    def __init__(self, channels: int, out: int, stride: int = 1) -> None:
        super().__init__()
        self.layer = nn.Conv2d(channels, 3 * out, 3, stride=stride, padding=1, bias=False)
        self.bias = nn.Parameter(torch.zeros(out))
        with torch.no_grad():
            self.layer.weight.mul_(3**-0.5)
        self.out, self.stride = out, stride

    def forward(self, x: Tensor) -> Tensor:
        """`[B, N, C, H, W]` -> `[B, N / stride, out, H / stride, W / stride]`; N is a multiple of the stride."""
        count, step = x.shape[1], self.stride
        if torch.is_grad_enabled() or count <= _AT_ONCE:
            return self._convolved(x)
        parts = []
        for first in range(0, count, _AT_ONCE):
            last = min(count, first + _AT_ONCE)
            lead = step if first else 0  # a plane more on either side, or two to keep the stride's places
            part = self._convolved(x[:, first - lead : last + step])
            parts.append(part[:, lead // step : lead // step + (last - first) // step])
        return torch.cat(parts, 1)

    def _convolved(self, x: Tensor) -> Tensor:
        """All planes at once."""
        b, n = x.shape[:2]
        y = self.layer(x.flatten(0, 1))
        y = y.view(b, n, 3, self.out, *y.shape[2:])
        step = self.stride
        middle = y[:, ::step, 1] + self.bias[:, None, None]
        after = y[:, 1::step, 2]
        before = y[:, step - 1 : n - 1 : step, 0]
        after = pad(after, (0,) * 7 + (middle.shape[1] - after.shape[1],))
        before = pad(before, (0,) * 6 + (middle.shape[1] - before.shape[1], 0))
        total: Tensor = middle + after + before
        return total


class SweepRegulariser(nn.Module):
    """3D U-Net over the full sweep of planes.

    Args:
        groups: Channels of the volume less one.
        context: Channels of the context.
        width: Channels at full resolution; twice and four times as many below.
    """

    def __init__(self, groups: int, context: int, width: int = 8) -> None:
        super().__init__()
        a, b, c = width, 2 * width, 4 * width
        self.enter = PlaneConvolution(groups + 1, a)
        self.context = nn.Conv2d(context, a, 3, padding=1)
        self.down1, self.body1 = PlaneConvolution(a, b, 2), PlaneConvolution(b, b)
        self.down2, self.body2 = PlaneConvolution(b, c, 2), PlaneConvolution(c, c)
        self.down3, self.body3 = PlaneConvolution(c, c, 2), PlaneConvolution(c, c)
        self.up3, self.up2, self.up1 = nn.Conv2d(c, c, 1), nn.Conv2d(c, b, 1), nn.Conv2d(b, a, 1)
        self.join1, self.join0 = PlaneConvolution(b, b), PlaneConvolution(a, a)
        self.leave = PlaneConvolution(a, 1)
        nn.init.normal_(self.leave.layer.weight, std=1e-3)
        self.hidden = nn.Conv2d(context + 3, 3 * width, 3, padding=1)
        self.sharpness = Scale(_SWEEP_SHARPNESS)

    def forward(self, volume: Tensor, context: Tensor) -> Wishes:
        """Logits from the volume `[B, G + 1, N, H, W]`, N a multiple of 8, and the context `[B, C, H, W]`."""
        agreeing = volume[:, -1]
        x = relu(self.enter(volume.transpose(1, 2)) + self.context(context)[:, None])
        y = relu(self.down1(x))
        z = relu(self.down2(y))
        low = relu(self.down3(z))
        low = relu(low + self.body3(low))
        z = relu(z + self.body2(z + _twice(self.up3, low, z)))
        y = relu(self.body1(y) + _twice(self.up2, z, y))
        y = relu(y + self.join1(y))
        x = relu(x + self.join0(x + _twice(self.up1, y, x)))
        logits = self.sharpness() * smoothed(agreeing) + self.leave(x)[:, :, 0]
        share = logits.detach().softmax(1)
        facts = torch.stack([share.amax(1), share.square().sum(1), agreeing.detach().amax(1)], 1)
        return Wishes(logits, relu(self.hidden(torch.cat([context, facts], 1))))


def _twice(layer: nn.Module, x: Tensor, like: Tensor) -> Tensor:
    """`[B, N, C, H, W]` through `layer` and to the size of `like`."""
    b, n = x.shape[:2]
    planes = interpolate(layer(x.flatten(0, 1)), like.shape[3:], mode="bilinear", align_corners=False)
    stack: Tensor = planes.unflatten(0, (b, n))
    return stack.repeat_interleave(2, 1)


class StepRegulariser(nn.Module):
    """2D U-Net over few hypotheses around a field; they are channels.

    Args:
        count: Hypotheses N.
        groups: Groups G of the volume.
        context: Channels of the context and whatever else is known of the pixel.
        width: Channels at full resolution.
        below: Channels at half resolution (and at a quarter, when `deep`).
        deep: Two halvings instead of one.
        sharpness: Factor of the similarities before training.
    """

    def __init__(self, count: int, groups: int, context: int, width: int, below: int, deep: bool, sharpness: float) -> None:
        super().__init__()
        self.enter = nn.Conv2d(count * (groups + 1) + context, width, 3, padding=1)
        self.down, self.body = nn.Conv2d(width, below, 3, stride=2, padding=1), nn.Conv2d(below, below, 3, padding=1)
        self.deep = nn.ModuleList()
        if deep:
            self.deep.extend([nn.Conv2d(below, below, 3, stride=2, padding=1), nn.Conv2d(below, below, 3, padding=1)])
        self.up = nn.Conv2d(below, width, 1)
        self.join = nn.Conv2d(width, width, 3, padding=1)
        self.leave = quiet(nn.Conv2d(width, count, 3, padding=1))
        self.sharpness = Scale(sharpness)

    def forward(self, volume: Tensor, context: Tensor) -> Wishes:
        """Logits from the volume `[B, G + 1, N, H, W]` and the context `[B, C, H, W]`."""
        x = relu(self.enter(torch.cat([volume.flatten(1, 2), context], 1)))
        y = relu(self.down(x))
        if self.deep:
            z = relu(self.deep[0](y))
            z = relu(z + self.deep[1](z))
            y = y + interpolate(z, y.shape[2:], mode="bilinear", align_corners=False)
        y = relu(y + self.body(y))
        x = x + interpolate(self.up(y), x.shape[2:], mode="bilinear", align_corners=False)
        x = relu(x + self.join(x))
        return Wishes(self.sharpness() * smoothed(volume[:, -1]) + self.leave(x), x)


class Upsampler(nn.Module):
    """Convex combinations of 3 x 3 coarse pixels for every fine pixel (Teed and Deng 2020, RAFT); bilinear before training.

    Args:
        hidden: Channels of the hidden features.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(hidden, 36, 1)
        near, far, none = 0.75, 0.25, 0.01
        line = torch.tensor([[far, near, none], [none, near, far]])
        weights = torch.einsum("ai,bj->abij", line, line).reshape(4, 9)
        nn.init.normal_(self.layer.weight, std=1e-3)
        with torch.no_grad():
            assert self.layer.bias is not None
            self.layer.bias.copy_(weights.t().reshape(-1).log())

    def forward(self, field: Tensor, hidden: Tensor) -> Tensor:
        """The field `[B, H, W]` at twice the size."""
        b, h, w = field.shape
        weights: Tensor = self.layer(hidden).view(b, 9, 2, 2, h, w).softmax(1)
        around = neighbours(field)[:, :, None, None]
        return (weights * around).sum(1).permute(0, 3, 1, 4, 2).reshape(b, 2 * h, 2 * w)


class Refinement(nn.Module):
    """Every pixel becomes a mean of 3 x 3 pixels (two apart) of its own surface; almost itself before training.

    Args:
        hidden: Channels of the hidden features.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.layer = quiet(nn.Conv2d(hidden, 9, 3, padding=1))
        with torch.no_grad():
            assert self.layer.bias is not None
            self.layer.bias[4] = 3.0

    def forward(self, field: Tensor, hidden: Tensor) -> Tensor:
        """The field `[B, H, W]`, refined."""
        weights: Tensor = self.layer(hidden).softmax(1)
        return (weights * neighbours(field, 2)).sum(1)


def neighbours(field: Tensor, reach: int = 1) -> Tensor:
    """The field at the 3 x 3 pixels around each pixel, `reach` apart, border continued, `[B, 9, H, W]`."""
    _, h, w = field.shape
    padded = pad(field[:, None], (reach,) * 4, mode="replicate")[:, 0]
    return torch.stack([padded[:, y : y + h, x : x + w] for y in (0, reach, 2 * reach) for x in (0, reach, 2 * reach)], 1)
