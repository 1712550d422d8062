"""What scenes are made of: meshes and photographs of one split, loaded when first asked for."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError
from recon.learning.photographs import photo_files, read_photograph
from recon.synth.mesh_files import load_textured_mesh
from recon.synth.scene import TexturedMesh

Split = Literal["train", "validation"]
SUFFIXES = (".glb", ".gltf", ".obj", ".ply")
NEVER = frozenset(
    {
        *("avocado", "suzanne", "spot", "doraemon_bowl", "stapler_1", "mini_claw_hammer_1", "repellent", "suger_2"),
        *("correction_fluid", "remote_controller_1"),
    }
)
"""Meshes that reconstructions are measured with: in no split."""
HELD_BACK = frozenset({"blue_cup", "fork", "plastic_apple", "glue_2", "large_clamp", "soap", "red_marker"})
"""Meshes of the validation split."""
_Y_UP = frozenset({"water_bottle"})
_CACHED = 24


class Pool:
    """Meshes and photographs of a split.

    Args:
        meshes: Folder of textured meshes, or None: only procedural shapes.
        photos: Folder of photographs (searched with its subfolders), or None: only procedural textures.
        split: Which.
    """

    def __init__(self, meshes: Path | None, photos: Path | None, split: Split) -> None:
        self._mesh_folder, self._photo_folder, self.split = meshes, photos, split
        self._loaded: dict[str, TexturedMesh] = {}

    @cached_property
    def mesh_files(self) -> list[Path]:
        """Meshes of the split by name."""
        if self._mesh_folder is None:
            return []
        return mesh_files(self._mesh_folder, self.split)

    @cached_property
    def photo_files(self) -> list[Path]:
        """Photographs of the split by name."""
        return [] if self._photo_folder is None else photo_files(self._photo_folder, self.split)

    def mesh(self, rng: np.random.Generator) -> TexturedMesh | None:
        """One of the meshes with z up, or None when there are none."""
        if not self.mesh_files:
            return None
        file = self.mesh_files[int(rng.integers(len(self.mesh_files)))]
        if file.stem not in self._loaded:
            if len(self._loaded) >= _CACHED:
                self._loaded.pop(next(iter(self._loaded)))
            self._loaded[file.stem] = load_textured_mesh(file, up="y" if file.stem in _Y_UP else "z")
        return self._loaded[file.stem]

    def photo(self, rng: np.random.Generator, max_size: int) -> NDArray[np.uint8] | None:
        """One of the photographs, or None when there are none."""
        if not self.photo_files:
            return None
        return read_photograph(self.photo_files[int(rng.integers(len(self.photo_files)))], max_size)


def mesh_files(folder: Path, split: Split) -> list[Path]:
    """Mesh files of a split in a folder.

    Raises:
        InputError: The folder is missing or has no meshes at all.
    """
    files = sorted(path for path in Path(folder).glob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise InputError(f"There are no meshes in '{folder}'.", "", f"Give a folder with {', '.join(SUFFIXES)} files.")
    return [path for path in files if split_of(path.stem) == split]


def split_of(name: str) -> Split | None:
    """The split of a mesh, None for the ones that are never used."""
    if name in NEVER:
        return None
    return "validation" if name in HELD_BACK else "train"
