"""Opening picture files: which formats, how large, and one kind of error for everything that can be wrong with a file."""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from recon.errors import InputError

FORMATS = ("JPEG", "MPO", "PNG", "TIFF", "WEBP", "HEIF", "AVIF", "BMP")
"""Formats read, by Pillow's names; the file's content decides, not its suffix."""
MAX_PIXELS = 300_000_000
"""Larger pictures are refused before anything is allocated (decompression bombs, scanned posters)."""

_DAMAGED = (
    *(OSError, EOFError, SyntaxError, RuntimeError, struct.error, zlib.error),
    *(ValueError, TypeError, LookupError, ArithmeticError, AttributeError),
)
"""What decoders raise at damaged files."""
_limit_lock = threading.Lock()


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """The picture file as a Pillow image whose pixels are not decoded yet.

    Errors of the decoder in the block become `InputError` too, so that a truncated file is named wherever it is noticed.

    Raises:
        InputError: The file is gone, not a picture of a known format, damaged, or larger than `MAX_PIXELS`.
    """
    path = Path(path)
    try:
        with _open(path) as image:
            if image.width * image.height > MAX_PIXELS:
                raise _too_large(path, f"It is {image.width} x {image.height} pixels")
            yield image
    except (*_DAMAGED, Image.DecompressionBombError, MemoryError) as error:
        raise _explain(path, error) from error


def _open(path: Path) -> Image.Image:
    """Opens without Pillow's own, smaller limit (it is below what today's phones take); ours is checked by the caller."""
    formats = _formats()
    with _limit_lock:
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(path, formats=formats)
        finally:
            Image.MAX_IMAGE_PIXELS = before


@cache
def _formats() -> tuple[str, ...]:
    """`FORMATS` as far as this Pillow has them; teaches it HEIC, once a process."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _explain(path: Path, error: BaseException) -> InputError:
    """A decoder's or the system's error in the words of the application."""
    what = f"'{path.name}' cannot be read."
    if isinstance(error, FileNotFoundError):
        return InputError(what, f"There is no file '{path}' any more.", "Put it back or remove the photo.")
    if isinstance(error, PermissionError):
        return InputError(what, "Its permissions forbid it.", "Change its permissions or remove the photo.")
    if isinstance(error, UnidentifiedImageError):
        why = "It is empty." if path.stat().st_size == 0 else "Its content is not a picture in a format Photolith reads."
        return InputError(what, why, "Use JPEG, PNG, TIFF, WebP or HEIC.")
    if isinstance(error, Image.DecompressionBombError):
        return _too_large(path, "It has too many pixels")
    if isinstance(error, MemoryError):
        return InputError(what, "There is not enough memory for it.", "Use a smaller copy.")
    text = str(error).strip().rstrip(".")
    return InputError(what, f"The file is damaged or incomplete ({text}).", "Copy it again from the camera or leave it out.")


def _too_large(path: Path, what: str) -> InputError:
    return InputError(f"'{path.name}' is too large.", f"{what}; at most {MAX_PIXELS // 10**6} million are read.", "Use a smaller copy.")
