"""Finding photographs and giving them names that are unique in the project."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from recon.errors import InputError
from recon.project.manifest import valid_id

PHOTO_SUFFIXES = frozenset([".jpg", ".jpeg", ".jpe", ".png", ".tif", ".tiff", ".webp", ".heic", ".heif", ".bmp"])
"""File name endings taken for photographs, in lower case."""
MAX_BYTES = 2 * 10**9
"""Largest file taken for a photograph: more than the largest picture that is read needs without compression."""


@dataclass(frozen=True)
class ImportResult:
    """What became of an import.

    Args:
        added: Ids of the new photos, in order.
        skipped: Files that were not taken, each with the reason.
    """

    added: tuple[str, ...]
    skipped: tuple[tuple[Path, str], ...]


def natural_key(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    """Sorts 'img2' before 'img10'."""
    parts = re.split(r"(\d+)", path.name.casefold())
    return [(0, int(p), "") if p.isdigit() and p.isascii() else (1, 0, p) for p in parts], path.name


def collect(sources: Path | str | Iterable[Path | str]) -> tuple[list[Path], list[tuple[Path, str]]]:
    """Files to import from files and folders (not searched deeper), and those left out with the reason.

    Raises:
        InputError: A path does not exist or cannot be read, or nothing among them looks like a photograph.
    """
    given = [sources] if isinstance(sources, (str, Path)) else list(sources)
    files: list[Path] = []
    skipped: list[tuple[Path, str]] = []
    for source in map(Path, given):
        candidates, folder = _listed(source)
        for path in candidates:
            if path.suffix.lower() in PHOTO_SUFFIXES:
                files.append(path)
            elif not (folder and path.is_dir()):
                skipped.append((path, f"'{path.suffix or path.name}' is not a photo format Photolith reads"))
    if not files:
        where = ", ".join(f"'{s}'" for s in given[:3]) + (" ..." if len(given) > 3 else "")
        raise InputError(
            f"There are no pictures in {where or 'the selection'}.",
            f"Other files seen: {len(skipped)}; folders inside it are not searched.",
            f"Choose files or a folder with {', '.join(sorted(PHOTO_SUFFIXES))}.",
        )
    return files, skipped


def _listed(source: Path) -> tuple[Sequence[Path], bool]:
    """The files of a folder in natural order (hidden ones left out), or the file itself; and whether it is a folder."""
    try:
        if source.is_dir():
            return sorted((p for p in source.iterdir() if not p.name.startswith(".")), key=natural_key), True
        if source.exists():
            return [source], False
    except OSError as error:
        raise InputError(f"'{source}' cannot be read.", str(error.strerror or error), "Check its permissions.") from error
    raise InputError(f"'{source}' does not exist.", "", "Check the spelling of the path.")


def unfit(path: Path) -> str:
    """Why a file cannot be a photo, before it is read; '' when it may be one.

    Raises:
        OSError: It cannot be looked at.
    """
    if not path.is_file():
        return "it is not a file"
    size = path.stat().st_size
    if size > MAX_BYTES:
        return f"it has {size / 1e9:.1f} GB; photos of at most {MAX_BYTES / 1e9:.0f} GB are taken"
    return "" if size else "it is empty"


def photo_id(name: str, taken: set[str]) -> str:
    """A unique id made of a file name; `taken` holds the ids in use, case-folded.

    The id is the name itself wherever that is possible; otherwise characters some system forbids become '_' and a
    number is added.
    """
    name = unicodedata.normalize("NFC", name)
    name = "".join("_" if c in '/\\:*?"<>|' or not c.isprintable() else c for c in name).strip()
    stem, dot, suffix = name.rpartition(".")
    stem, suffix = (stem, dot + suffix) if dot else (name, "")
    while len((stem + suffix).encode()) > 140:
        stem = stem[:-1]
    stem = stem.lstrip(".") or "photo"
    result, number = stem + suffix, 2
    while result.casefold() in taken or not valid_id(result):
        result, number = f"{stem}_{number}{suffix}", number + 1
    return result


def match_masks(files: Sequence[Path], ids: Sequence[str]) -> dict[str, Path]:
    """Photo id -> its mask: 'a.jpg' is matched by 'a.jpg.png', 'a.png', 'a_mask.png' or 'a.jpg_mask.png', in this order."""
    by_name: dict[str, Path] = {}
    for path in files:
        by_name.setdefault(unicodedata.normalize("NFC", path.stem).casefold(), path)
    result = {}
    for name in ids:
        stem = name.rpartition(".")[0] or name
        for candidate in (name, stem, f"{stem}_mask", f"{name}_mask", f"{stem}.mask"):
            if candidate.casefold() in by_name:
                result[name] = by_name[candidate.casefold()]
                break
    return result
