"""The head of a safetensors file, looked at before anything is allocated: sizes, types and places of all tensors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import prod
from typing import Any

MAX_HEADER = 8 << 20
MAX_TENSORS = 20000
SIZES = {"BOOL": 1, "U8": 1, "I8": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2, "I32": 4, "F32": 4, "I64": 8, "F64": 8}
"""Bytes of the types that are read."""


@dataclass(frozen=True)
class Header:
    """What a file says of itself, checked against the file.

    Args:
        shapes: Shape of each tensor.
        metadata: Strings that were stored with the tensors.
    """

    shapes: dict[str, tuple[int, ...]]
    metadata: dict[str, str]

    @property
    def values(self) -> int:
        """Numbers in all tensors."""
        return sum(prod(shape) for shape in self.shapes.values())


def read_header(content: bytes) -> Header:
    """Header of a whole file.

    Raises:
        ValueError: The content is no safetensors file, is cut, or its header does not fit it; says how.
    """
    if len(content) < 8:
        raise ValueError(f"it has only {len(content)} bytes")
    size = int.from_bytes(content[:8], "little")
    if size > min(MAX_HEADER, len(content) - 8):
        raise ValueError("it does not begin with a header of this format, or it is cut")
    entries = _parse(content[8 : 8 + size])
    metadata = entries.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise ValueError("its metadata are not strings")
    if len(entries) > MAX_TENSORS:
        raise ValueError(f"it names {len(entries)} tensors, at most {MAX_TENSORS} are read")
    spans = sorted((*_span(name, entry), name) for name, entry in entries.items())
    _check_places(spans, len(content) - 8 - size)
    shapes = {name: tuple(entry["shape"]) for name, entry in entries.items()}
    return Header(shapes, metadata)


def _parse(text: bytes) -> dict[str, Any]:
    try:
        entries = json.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise ValueError("its header is not JSON") from error
    if not isinstance(entries, dict):
        raise ValueError("its header is not a table of tensors")
    return entries


def _span(name: str, entry: Any) -> tuple[int, int]:
    """First byte and end of a tensor, of the size that its shape and type ask for."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"tensor {name!r:.60} is not described as it should be")
    shape, span = entry["shape"], entry["data_offsets"]
    if not isinstance(entry["dtype"], str) or entry["dtype"] not in SIZES:
        raise ValueError(f"tensor {name!r:.60} has the type {entry['dtype']!r:.20}, which is not read")
    if not _counts(shape) or len(shape) > 8 or not _counts(span) or len(span) != 2:
        raise ValueError(f"tensor {name!r:.60} has an impossible shape or place")
    if span[1] - span[0] != prod(shape) * SIZES[entry["dtype"]]:
        raise ValueError(f"tensor {name!r:.60} of shape {shape} has {span[1] - span[0]} bytes")
    return span[0], span[1]


def _counts(value: Any) -> bool:
    """Whether `value` is a list of whole numbers from 0 to 2^40."""
    return isinstance(value, list) and all(type(number) is int and 0 <= number <= 1 << 40 for number in value)


def _check_places(spans: list[tuple[int, int, str]], size: int) -> None:
    """Tensors have to fill the rest of the file, one after the other."""
    end = 0
    for first, last, name in spans:
        if first != end:
            raise ValueError(f"tensor {name!r:.60} does not begin where the one before it ends")
        end = last
    if end != size:
        raise ValueError(f"its header tells of {end} bytes of tensors, the file has {size}")
