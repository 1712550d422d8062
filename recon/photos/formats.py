"""Opening picture files: which formats, how large, and one kind of error for everything that can be wrong with a file."""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from PIL import Image

from recon.errors import InputError

FORMATS = ("JPEG", "MPO", "PNG", "TIFF", "WEBP", "HEIF", "AVIF", "BMP")
"""Formats read, by Pillow's names; the file's content decides, not its suffix."""
MAX_PIXELS = 300_000_000
"""Larger pictures are refused before anything is allocated (decompression bombs, scanned posters)."""

_DAMAGED = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OverflowError, struct.error, zlib.error)
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
    except FileNotFoundError as error:
        raise InputError(
            f"'{path.name}' is not there any more.", f"There is no file '{path}'.", "Put it back or remove the photo."
        ) from error
    except PermissionError as error:
        raise InputError(
            f"'{path.name}' cannot be opened.", "Its permissions forbid it.", "Change its permissions or remove the photo."
        ) from error
    except Image.UnidentifiedImageError as error:
        why = "It is empty." if path.stat().st_size == 0 else "Its content is not a picture in a format Photolith reads."
        raise InputError(f"'{path.name}' cannot be read.", why, "Use JPEG, PNG, TIFF, WebP or HEIC.") from error
    except Image.DecompressionBombError as error:
        raise _too_large(path, "It has too many pixels") from error
    except MemoryError as error:
        raise InputError(f"'{path.name}' cannot be read.", "There is not enough memory for it.", "Use a smaller copy.") from error
    except _DAMAGED as error:
        text = str(error).strip().rstrip(".")
        raise InputError(
            f"'{path.name}' cannot be read.",
            f"The file is damaged or incomplete ({text}).",
            "Copy it again from the camera or leave it out.",
        ) from error


def _open(path: Path) -> Image.Image:
    """Opens without Pillow's own, smaller limit (it is below what today's phones take); ours is checked by the caller."""
    _register_heif()
    with _limit_lock:
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(path, formats=FORMATS)
        finally:
            Image.MAX_IMAGE_PIXELS = before


@cache
def _register_heif() -> None:
    """Teaches Pillow HEIC, once a process."""
    import pillow_heif

    pillow_heif.register_heif_opener()


def _too_large(path: Path, what: str) -> InputError:
    return InputError(f"'{path.name}' is too large.", f"{what}; at most {MAX_PIXELS // 10**6} million are read.", "Use a smaller copy.")
