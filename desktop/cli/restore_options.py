"""What the options of `photolith photos restore` mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from recon.errors import InputError, SettingsError

if TYPE_CHECKING:
    from torch import Tensor

    from generative.samplers import Dial

BELONGS = {"mask": "inpaint", "scale": "sr", "kernel": "deblur", "ratio": "cs"}
"""Option -> the task that it is about."""


def check_task(task: str, given: dict[str, object]) -> None:
    """Whether the options given are those of the task.

    Raises:
        SettingsError: One is of another.
    """
    for option, about in BELONGS.items():
        if given[option] is not None and task != about:
            raise SettingsError(f"--{option} means nothing for '{task:.40}'.", f"It is an option of '{about}'.", "Leave it out.")


def scale_of(text: str | None) -> int | None:
    """A number, None for 'auto', 4 when left out."""
    if text is None:
        return 4
    if text != "auto" and not (text.isascii() and text.isdigit() and len(text) < 4):
        raise SettingsError(f"'{text:.40}' is no scale.", "", "Give a whole number from 2 to 16, or auto.")
    return None if text == "auto" else int(text)


def travel_of(text: str | None) -> tuple[int, int] | None:
    """Length and repeats."""
    if text is None:
        return None
    parts = text.split(",")
    if len(parts) != 2 or not all(part.strip().isdigit() and 1 <= int(part) <= 1000 for part in parts):
        raise SettingsError(f"'{text:.40}' is no time travel.", "", "Give LENGTH,REPEATS, for example 5,3.")
    return int(parts[0]), int(parts[1])


def dial_of(text: str | None) -> Dial | None:
    """SDEdit's t0: one number, or two between which it lies."""
    if text is None:
        return None
    from generative.samplers import Dial

    try:
        bounds = [float(part) for part in text.split(",")]
        faithful, realistic = bounds * 2 if len(bounds) == 1 else bounds
        return Dial(faithful, realistic)
    except ValueError as error:
        raise SettingsError(f"'{text:.40}' is no t0.", "", "Give a number from 0 to 1, or LOW,HIGH, for example 0.3,0.6.") from error


def next_dials(dial: Dial) -> str:
    """What to ask for after a look at the result; '' where t0 was given exactly."""
    if dial.faithful == dial.realistic:
        return ""
    nearer, further = (f"--t0 {d.faithful:g},{d.realistic:g}" for d in (dial.more_faithful(), dial.more_realistic()))
    return f"t0 {dial.t0:g}; strays too far: {nearer}; still shows the photo's faults: {further}"


def sigma_of(text: str) -> float | None:
    """Grey levels, None for 'auto'."""
    if text == "auto":
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 255:
        raise SettingsError(f"'{text:.40}' is no level of noise.", "", "Give a number from 0 to 255, or auto.")
    return value


def kernel_of(text: str | None) -> Tensor | None:
    """A blur kernel `[h, w]`, or None: estimated."""
    if text in (None, "auto"):
        return None
    from generative.operators import gaussian_kernel_2d

    kind, _, width = text.partition(":")
    if kind == "gaussian":
        try:
            sigma = float(width)
        except ValueError:
            sigma = 0.0
        if not 0.2 <= sigma <= 50:
            raise SettingsError(f"'{text:.40}' is no blur.", "", "Give gaussian:WIDTH with a width from 0.2 to 50 pixels.")
        return gaussian_kernel_2d(sigma, sigma)
    return _picture(Path(text))


def _picture(path: Path) -> Tensor:
    """The brightness of a picture as a kernel of sum 1."""
    import torch

    from recon.photos import read_image

    values = torch.from_numpy(read_image(path)).double().mean(-1)
    if max(values.shape) > 512 or float(values.sum()) == 0:
        raise InputError(f"'{path.name}' is no blur kernel.", "It is black, or too large.", "Give a picture of a blurred point.")
    return values / values.sum()
