"""A real camera with lens distortion, as calibrated: what exists before undistortion."""

from __future__ import annotations

from dataclasses import dataclass

from recon.errors import ShapeError
from recon.scene.camera import Camera

LENS_MODELS: dict[str, tuple[str, ...]] = {
    "SIMPLE_PINHOLE": ("f", "cx", "cy"),
    "PINHOLE": ("fx", "fy", "cx", "cy"),
    "SIMPLE_RADIAL": ("f", "cx", "cy", "k1"),
    "RADIAL": ("f", "cx", "cy", "k1", "k2"),
    "OPENCV": ("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2"),
    "FULL_OPENCV": ("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6"),
    "SIMPLE_RADIAL_FISHEYE": ("f", "cx", "cy", "k1"),
    "RADIAL_FISHEYE": ("f", "cx", "cy", "k1", "k2"),
    "OPENCV_FISHEYE": ("fx", "fy", "cx", "cy", "k1", "k2", "k3", "k4"),
}
"""Parameter names of the models that are understood (COLMAP's names and order)."""


@dataclass(frozen=True)
class LensCamera:
    """Intrinsics with distortion. Pixel (0, 0) is the centre of the top-left pixel.

    Args:
        model: One of `LENS_MODELS`.
        width: Picture width in pixels.
        height: Picture height in pixels.
        params: Values in the order of `LENS_MODELS[model]`; focal lengths and principal point in pixels.

    Raises:
        ShapeError: Unknown model or wrong number of parameters.
    """

    model: str
    width: int
    height: int
    params: tuple[float, ...]

    def __post_init__(self) -> None:
        names = LENS_MODELS.get(self.model)
        if names is None:
            raise ShapeError(f"camera model must be one of {', '.join(LENS_MODELS)}, got {self.model}")
        if len(names) != len(self.params):
            raise ShapeError(f"{self.model} takes {len(names)} parameters ({', '.join(names)}), got {len(self.params)}")
        object.__setattr__(self, "params", tuple(float(value) for value in self.params))

    @property
    def named(self) -> dict[str, float]:
        """Parameters by name."""
        return dict(zip(LENS_MODELS[self.model], self.params, strict=True))

    @property
    def focal(self) -> float:
        """Mean focal length in pixels."""
        named = self.named
        return named["f"] if "f" in named else (named["fx"] + named["fy"]) / 2

    @property
    def is_pinhole(self) -> bool:
        """True when nothing is distorted."""
        return not any(value for name, value in self.named.items() if name[0] in "kp")

    def pinhole(self) -> Camera:
        """Focal lengths and principal point without the distortion."""
        named = self.named
        fx, fy = (named["f"], named["f"]) if "f" in named else (named["fx"], named["fy"])
        return Camera(self.width, self.height, fx, fy, named["cx"], named["cy"])

    def scaled(self, width: int, height: int) -> LensCamera:
        """The same camera for a picture resampled to `width` x `height`."""
        pinhole = self.pinhole().scaled(width, height)
        new = {"f": (pinhole.fx + pinhole.fy) / 2, "fx": pinhole.fx, "fy": pinhole.fy, "cx": pinhole.cx, "cy": pinhole.cy}
        return LensCamera(self.model, width, height, tuple(new.get(name, value) for name, value in self.named.items()))
