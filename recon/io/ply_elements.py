"""The PLY container: header and elements as numpy columns, ASCII and binary of both byte orders.

Format: Greg Turk, "The PLY Polygon File Format" (1994). Every count is held against the file's size before memory
is reserved for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError

Column = NDArray[Any]
Ragged = tuple[NDArray[np.int64], Column]
"""Lists of one property: length of each `[N]`, and all values one after another."""

_TYPES = {
    **dict.fromkeys(("char", "int8"), "i1"),
    **dict.fromkeys(("uchar", "uint8"), "u1"),
    **dict.fromkeys(("short", "int16"), "i2"),
    **dict.fromkeys(("ushort", "uint16"), "u2"),
    **dict.fromkeys(("int", "int32"), "i4"),
    **dict.fromkeys(("uint", "uint32"), "u4"),
    **dict.fromkeys(("float", "float32"), "f4"),
    **dict.fromkeys(("double", "float64"), "f8"),
}
_ORDERS = {"ascii": "=", "binary_little_endian": "<", "binary_big_endian": ">"}
_HEADER_LIMIT = 1 << 16
_LIST_LIMIT = 1 << 16
_WORD_LIMIT = 48


@dataclass(frozen=True)
class Property:
    """One property: value type, and the type of the length when it is a list."""

    name: str
    kind: str
    length_kind: str | None = None


@dataclass(frozen=True)
class Element:
    """One element, e.g. 'vertex', and how many rows it has."""

    name: str
    count: int
    properties: tuple[Property, ...]


def read_elements(path: Path) -> dict[str, dict[str, Column | Ragged]]:
    """Element -> property -> column `[N]` (lists as `Ragged`).

    Raises:
        InputError: Not a PLY file, a damaged header, or counts that the file cannot hold.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(
            f"'{path}' could not be read.", f"The system says: {error.strerror}.", "Check the path and its permissions."
        ) from error
    encoding, elements, start = _header(data, path)
    if encoding == "ascii":
        return _read_ascii(data[start:], elements, path)
    result: dict[str, dict[str, Column | Ragged]] = {}
    for element in elements:
        result[element.name], start = _read_binary(data, start, element, _ORDERS[encoding], path)
    return result


def damaged(path: Path, why: str) -> InputError:
    """The error for a file that is not what it says it is."""
    return InputError(f"'{Path(path).name}' is not a usable PLY file.", why, "Export it again from the program that made it.")


def _header(data: bytes, path: Path) -> tuple[str, list[Element], int]:
    """Encoding, elements and where the body starts."""
    end = data.find(b"end_header", 0, _HEADER_LIMIT)
    if data[:3] != b"ply" or end < 0:
        raise damaged(path, "It does not start with a PLY header.")
    start = data.find(b"\n", end)
    if start < 0:
        start = len(data) - 1
    lines = data[:end].decode("latin-1").split("\n")
    encoding = ""
    elements: list[Element] = []
    for words in (line.split() for line in lines[1:]):
        try:
            if words[:1] == ["format"]:
                encoding = words[1]
            elif words[:1] == ["element"]:
                elements.append(Element(words[1], _count(words[2]), ()))
            elif words[:1] == ["property"]:
                last = elements[-1]
                elements[-1] = Element(last.name, last.count, (*last.properties, _property(words)))
        except (IndexError, KeyError, ValueError) as error:
            raise damaged(path, f"Its header has the line '{' '.join(words)[:80]}'.") from error
    if encoding not in _ORDERS:
        raise damaged(path, f"Its encoding is '{encoding[:40]}'.")
    for element in elements:
        names = [p.name.lstrip("#") for p in element.properties]
        if len(set(names)) < len(names):
            raise damaged(path, f"Its element '{element.name[:40]}' names a property twice.")
    return encoding, elements, start + 1


def _count(word: str) -> int:
    count = int(word)
    if count < 0:
        raise ValueError(word)
    return count


def _property(words: list[str]) -> Property:
    if words[1] == "list":
        if _TYPES[words[2]][0] == "f":
            raise ValueError(words[2])
        return Property(words[4], _TYPES[words[3]], _TYPES[words[2]])
    return Property(words[2], _TYPES[words[1]])


def _read_binary(data: bytes, start: int, element: Element, order: str, path: Path) -> tuple[dict[str, Column | Ragged], int]:
    """Columns of one element and where the next one starts."""
    smallest = sum(np.dtype(p.length_kind or p.kind).itemsize for p in element.properties)
    if element.count * smallest > len(data) - start:
        raise damaged(path, f"It promises {element.count} rows of '{element.name}' but ends before.")
    lists = [p for p in element.properties if p.length_kind]
    if element.count == 0 or not element.properties:
        return {p.name: _empty(p) for p in element.properties}, start
    lengths = {p.name: _first_length(data, start, element, p, order, path) for p in lists}
    row = np.dtype([field for p in element.properties for field in _fields(p, order, lengths)])
    if element.count * row.itemsize <= len(data) - start:
        table = np.frombuffer(data, row, element.count, start)
        if all((table[f"#{p.name}"] == lengths[p.name]).all() for p in lists):
            return {p.name: _column(table, p) for p in element.properties}, start + table.nbytes
    if not lists:
        raise damaged(path, f"It promises {element.count} rows of '{element.name}' but ends before.")
    return _read_ragged(data, start, element, order, path)


def _empty(prop: Property) -> Column | Ragged:
    values: Column = np.empty(0, prop.kind)
    return (np.empty(0, np.int64), values) if prop.length_kind else values


def _first_length(data: bytes, start: int, element: Element, wanted: Property, order: str, path: Path) -> int:
    """Length of a list property in the first row: all rows mostly have the same."""
    for prop in element.properties:
        if prop.length_kind is None:
            start += np.dtype(prop.kind).itemsize
            continue
        length, start = _length(data, start, prop, order, path)
        if prop is wanted:
            return length
        start += length * np.dtype(prop.kind).itemsize
    return 0


def _length(data: bytes, start: int, prop: Property, order: str, path: Path) -> tuple[int, int]:
    kind = np.dtype(order + str(prop.length_kind))
    if start + kind.itemsize > len(data):
        raise damaged(path, "It ends in the middle of a list.")
    length = int(np.frombuffer(data, kind, 1, start)[0])
    if not 0 <= length <= _LIST_LIMIT:
        raise damaged(path, f"A list '{prop.name}' says it has {length} entries.")
    return length, start + kind.itemsize


def _fields(prop: Property, order: str, lengths: dict[str, int]) -> list[tuple[Any, ...]]:
    if prop.length_kind is None:
        return [(prop.name, order + prop.kind)]
    return [(f"#{prop.name}", order + prop.length_kind), (prop.name, order + prop.kind, (lengths[prop.name],))]


def _column(table: NDArray[Any], prop: Property) -> Column | Ragged:
    if prop.length_kind is None:
        return table[prop.name]
    return table[f"#{prop.name}"].astype(np.int64), table[prop.name].reshape(-1)


def _read_ragged(data: bytes, start: int, element: Element, order: str, path: Path) -> tuple[dict[str, Column | Ragged], int]:
    """Row by row, for lists of mixed lengths."""
    values: dict[str, list[Column]] = {p.name: [] for p in element.properties}
    lengths: dict[str, list[int]] = {p.name: [] for p in element.properties}
    for _ in range(element.count):
        for prop in element.properties:
            length = 1
            if prop.length_kind:
                length, start = _length(data, start, prop, order, path)
            kind = np.dtype(order + prop.kind)
            if start + length * kind.itemsize > len(data):
                raise damaged(path, f"It ends in the middle of '{element.name}'.")
            values[prop.name].append(np.frombuffer(data, kind, length, start))
            lengths[prop.name].append(length)
            start += length * kind.itemsize
    columns: dict[str, Column | Ragged] = {}
    for prop in element.properties:
        joined = np.concatenate(values[prop.name])
        columns[prop.name] = (np.array(lengths[prop.name], np.int64), joined) if prop.length_kind else joined
    return columns, start


def _read_ascii(body: bytes, elements: list[Element], path: Path) -> dict[str, dict[str, Column | Ragged]]:
    """All elements of an ASCII body."""
    if sum(e.count * len(e.properties) for e in elements) * 2 > len(body) + 1:
        raise damaged(path, "It promises more rows than it holds.")
    words = body.split()
    try:
        if max(map(len, words), default=0) > _WORD_LIMIT:
            raise ValueError("word too long")
        numbers = np.array(words, dtype=f"S{_WORD_LIMIT}").astype(np.float64)
    except ValueError as error:
        raise damaged(path, "Its body holds something that is not a number.") from error
    result: dict[str, dict[str, Column | Ragged]] = {}
    start = 0
    for element in elements:
        result[element.name], start = _ascii_element(numbers, start, element, path)
    return result


def _ascii_element(numbers: NDArray[np.float64], start: int, element: Element, path: Path) -> tuple[dict[str, Column | Ragged], int]:
    short = damaged(path, f"It promises {element.count} rows of '{element.name}' but ends before.")
    if not any(p.length_kind for p in element.properties):
        end = start + element.count * len(element.properties)
        if end > len(numbers):
            raise short
        table = numbers[start:end].reshape(element.count, len(element.properties))
        return {p.name: table[:, i].astype(p.kind) for i, p in enumerate(element.properties)}, end
    values: dict[str, list[NDArray[np.float64]]] = {p.name: [] for p in element.properties}
    lengths: dict[str, list[int]] = {p.name: [] for p in element.properties}
    for _ in range(element.count):
        for prop in element.properties:
            length = 1
            if prop.length_kind:
                if start >= len(numbers) or not 0 <= numbers[start] <= _LIST_LIMIT:
                    raise short
                length, start = int(numbers[start]), start + 1
            if start + length > len(numbers):
                raise short
            values[prop.name].append(numbers[start : start + length])
            lengths[prop.name].append(length)
            start += length
    columns: dict[str, Column | Ragged] = {}
    for prop in element.properties:
        joined = np.concatenate([np.empty(0), *values[prop.name]]).astype(prop.kind)
        columns[prop.name] = (np.array(lengths[prop.name], np.int64), joined) if prop.length_kind else joined
    return columns, start
