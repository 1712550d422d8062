"""Which files make up cameras that the user gives."""

from __future__ import annotations

from pathlib import Path

from recon.errors import InputError

_MODEL = ("cameras", "images", "points3D", "rigs", "frames")


def camera_files(path: Path) -> tuple[list[Path], bool]:
    """The files to keep, and whether they are a COLMAP model folder; cameras that make no sense are found out here.

    Raises:
        InputError: `path` is neither a `.json` file nor a folder with a COLMAP model, or what is in it cannot be read.
    """
    from recon.io.given_cameras import read_cameras

    files, model = _find(path)
    read_cameras(files[0].parent if model else files[0], size=(1, 1))
    return files, model


def _find(path: Path) -> tuple[list[Path], bool]:
    if path.is_file():
        if path.suffix.lower() != ".json":
            raise InputError(f"'{path}' is not a file of cameras.", "Its name does not end in .json.", _HELP)
        return [path], False
    if not path.is_dir():
        raise InputError(f"'{path}' does not exist.", "", _HELP)
    for folder in (path, path / "sparse", path / "sparse" / "0", path / "0"):
        for suffix in (".bin", ".txt"):
            files = [folder / (name + suffix) for name in _MODEL]
            if files[0].is_file() and files[1].is_file():
                return [f for f in files if f.is_file()], True
    for name in ("cameras.json", "transforms.json"):
        if (path / name).is_file():
            return [path / name], False
    raise InputError(f"There are no cameras in '{path}'.", "", _HELP)


_HELP = "Give a cameras.json, a transforms.json or a folder with a COLMAP model (cameras.bin and images.bin, or .txt)."
