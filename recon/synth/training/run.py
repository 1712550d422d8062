"""Making a data set: shards one after the other, each made by one process, kept when they are there already."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from recon.errors import ResourceError
from recon.learning.shards import write_shard
from recon.synth.training.make import SetConfig, make_set
from recon.synth.training.pool import Pool, Split

_SPLITS: dict[Split, int] = {"train": 0, "validation": 1}


@dataclass(frozen=True)
class Shard:
    """One file to make.

    Args:
        path: Where.
        split: Which meshes and photographs.
        first: Number of its first set in the split.
        count: Sets.
    """

    path: Path
    split: Split
    first: int
    count: int


def planned(folder: Path, sets: int, validation: int, per_shard: int) -> list[Shard]:
    """All shards of a data set, validation first."""
    shards = []
    for split, total in (("validation", validation), ("train", sets)):
        for number, first in enumerate(range(0, total, per_shard)):
            path = folder / f"{split}_{number:03d}.zip"
            shards.append(Shard(path, split, first, min(per_shard, total - first)))  # type: ignore[arg-type]
    return shards


def make_shard(shard: Shard, meshes: Path | None, photos: Path | None, seed: int, config: SetConfig) -> float:
    """Makes a shard; a set depends on seed, split and its number alone. Returns the seconds it took."""
    import torch

    torch.set_num_threads(1)
    began, pool = time.perf_counter(), Pool(meshes, photos, shard.split)
    numbers = range(shard.first, shard.first + shard.count)
    write_shard(shard.path, {f"{n:05d}": make_set(pool, (seed, _SPLITS[shard.split], n), config) for n in numbers})
    return time.perf_counter() - began


def make_data(
    folder: Path,
    *,
    meshes: Path | None,
    photos: Path | None,
    sets: int,
    validation: int,
    seed: int = 0,
    per_shard: int = 32,
    processes: int = 1,
    config: SetConfig | None = None,
    on_shard: Callable[[Shard, float | None], None] = lambda _shard, _seconds: None,
) -> None:
    """Makes the shards that are missing in `folder`.

    Args:
        folder: Made when missing.
        meshes: Folder of textured meshes; None = procedural shapes only.
        photos: Folder of photographs; None = procedural textures only.
        sets: View sets for training.
        validation: View sets for validation.
        seed: Another one gives other sets.
        per_shard: View sets a file.
        processes: Shards made side by side.
        config: Sizes.
        on_shard: Told of each shard and the seconds it took, None when it was there already.

    Raises:
        ResourceError: The folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResourceError(
            f"The folder '{folder}' cannot be made.", f"The system says: {error.strerror}.", "Choose another one."
        ) from error
    config = config or SetConfig()
    missing = []
    for shard in planned(folder, sets, validation, per_shard):
        if shard.path.exists():
            on_shard(shard, None)
        else:
            missing.append(shard)
    if processes <= 1:
        for shard in missing:
            on_shard(shard, make_shard(shard, meshes, photos, seed, config))
        return
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as executor:
        running: dict[Future[float], Shard] = {executor.submit(make_shard, s, meshes, photos, seed, config): s for s in missing}
        try:
            while running:
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    on_shard(running.pop(done), done.result())
        finally:
            executor.shutdown(cancel_futures=True)
