"""HTML in which text can never become markup."""

from __future__ import annotations

import base64
import html
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_VOID = {"img", "meta", "link", "br", "hr", "col"}


class Html(str):
    """A string that is markup already."""

    __slots__ = ()


def text(value: Any) -> Html:
    """Any value as text: escaped, without control characters; bytes of a file name that are no text are shown as such."""
    if isinstance(value, Html):
        return value
    clean = str(value).encode("utf-8", "backslashreplace").decode("utf-8")
    return Html(html.escape(_CONTROL.sub("\ufffd", clean)))


def el(tag: str, /, *children: Any, **attributes: Any) -> Html:
    """An element. Children that are not `Html` are escaped; so is every attribute.

    Args:
        tag: 'td', 'p', ..
        children: Text or elements; None is left out.
        attributes: 'cls' stands for 'class', '_' for '-'; None and False are left out, True stands without a value.
    """
    parts = []
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        label = "class" if key == "cls" else key.replace("_", "-")
        parts.append(f" {label}" if value is True else f' {label}="{text(value)}"')
    opening = f"<{tag}{''.join(parts)}>"
    if tag in _VOID:
        return Html(opening)
    return Html(f"{opening}{''.join(text(child) for child in children if child is not None)}</{tag}>")


def name_of(value: str, cls: str = "name") -> Html:
    """A name that somebody else has given: it keeps its own direction of writing and cannot turn what stands beside it."""
    return el("bdi", value, cls=cls)


def jpeg_uri(image: NDArray[np.uint8], quality: int = 82) -> Html:
    """An RGB picture as a data URI."""
    return _uri(image, ".jpg", "image/jpeg", "IMWRITE_JPEG_QUALITY", quality)


def png_uri(image: NDArray[np.uint8]) -> Html:
    """An RGB picture as a data URI without loss."""
    return _uri(image, ".png", "image/png", "IMWRITE_PNG_COMPRESSION", 9)


def _uri(image: NDArray[np.uint8], suffix: str, kind: str, option: str, value: int) -> Html:
    import cv2

    done, data = cv2.imencode(suffix, np.ascontiguousarray(image[..., ::-1]), [getattr(cv2, option), value])
    if not done:
        raise ValueError(f"a picture of {image.shape[1]} x {image.shape[0]} pixels could not be encoded")
    return Html(f"data:{kind};base64,{base64.b64encode(data.tobytes()).decode('ascii')}")
