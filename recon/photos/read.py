"""Any supported picture file to upright 8-bit RGB."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recon.errors import InputError
from recon.photos.formats import opened

_ORIENTATION = 0x0112
_TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
MASK_ASPECT_TOLERANCE = 0.02


def read_image(path: Path | str) -> NDArray[np.uint8]:
    """Reads a photograph: the only way any stage reads one.

    EXIF orientation is applied, 16-bit and float samples are scaled to 8 bits, CMYK, grey and palette become RGB, and
    transparent pixels are laid over black. Of an animation the first frame is taken.

    Returns:
        `[H, W, 3]` uint8 RGB.

    Raises:
        InputError: Missing, damaged, truncated, too large or not a picture.
    """
    with opened(Path(path)) as image:
        return np.array(upright_rgb(image))


def read_mask(path: Path | str, width: int, height: int) -> NDArray[np.bool_]:
    """Reads a mask for a photo of `width` x `height` pixels (upright): bright = use, dark = leave out.

    A mask of another size but the same shape is resized (nearest neighbour).

    Returns:
        `[H, W]` bool, True = use.

    Raises:
        InputError: It cannot be read, or its aspect ratio differs from the photo's by more than 2 %.
    """
    path = Path(path)
    with opened(path) as image:
        picture = upright_rgb(image)
    ratio = (picture.width * height) / (picture.height * width)
    if abs(ratio - 1) > MASK_ASPECT_TOLERANCE and abs(1 / ratio - 1) > MASK_ASPECT_TOLERANCE:
        raise InputError(
            f"Mask '{path.name}' does not fit its photo.",
            f"The mask is {picture.width} x {picture.height} pixels, the photo {width} x {height}.",
            "Make the mask in the photo's own shape (white = use).",
        )
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.NEAREST)
    brightest: NDArray[np.uint8] = np.array(picture).max(axis=2)
    return np.asarray(brightest > (0 if brightest.max(initial=0) == 1 else 127))


def read_thumbnail(path: Path, size: int) -> Image.Image:
    """A small upright RGB picture whose longer side is at most `size`; JPEG is decoded at a fraction of its size.

    Raises:
        InputError: As `read_image`.
    """
    with opened(path) as image:
        image.draft("RGB", (2 * size, 2 * size))
        small = upright_rgb(image)
    small.thumbnail((size, size), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return small


def upright_rgb(image: Image.Image) -> Image.Image:
    """Decodes, converts to 8-bit RGB and turns a picture as its EXIF says."""
    image.load()
    orientation = image.getexif().get(_ORIENTATION, 1)  # TIFF is turned by `load`, HEIF by its decoder: both then say 1
    rgb = _to_rgb(image)
    return rgb.transpose(_TRANSPOSES[orientation]) if orientation in _TRANSPOSES else rgb


def _to_rgb(image: Image.Image) -> Image.Image:
    """8-bit RGB of any mode."""
    if image.mode == "RGB":
        return image
    if image.mode == "F" or image.mode.startswith("I"):
        return Image.fromarray(_grey_to_8bit(np.asarray(image))).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, (0, 0, 0, 255)), rgba).convert("RGB")
    return image.convert("RGB")


def _grey_to_8bit(samples: NDArray) -> NDArray[np.uint8]:
    """Grey samples of 16 or 32 bits (full scale 65535) or float (full scale 1, or 255, or 65535) to 8 bits."""
    values = np.nan_to_num(samples.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    top = float(values.max(initial=0.0))
    full = 65535.0 if samples.dtype.kind != "f" or top > 255 else 255.0 if top > 1 else 1.0
    scaled: NDArray[np.uint8] = np.rint(np.clip(values / full, 0, 1) * 255).astype(np.uint8)
    return scaled
