"""The contract between a station of the pipeline and whoever runs it.

A stage is a thin adapter: it reads the artifacts of the stages it needs, calls pure functions and writes one
artifact. Slow work goes through `StageContext.items`, which computes each item (photo, pair, view) at most once and
resumes by item.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol


@dataclass(frozen=True)
class Artifact:
    """What a finished stage left behind. Immutable.

    Args:
        stage: Name of the stage.
        path: Its folder.
        digest: Hash of its content, items included.
        items: Item name -> file, as written through `StageContext.items`.
        item_keys: Item name -> key of that item (changes whenever its content can change).
    """

    stage: str
    path: Path
    digest: str
    items: Mapping[str, Path]
    item_keys: Mapping[str, str]


@dataclass(frozen=True)
class Item:
    """One unit of resumable work.

    Args:
        name: Unique in the stage over all calls; used as a file name, so no slashes. For a photo its id, for a pair `a__b`.
        inputs: Everything that can change the result besides the stage's own config fields and version:
            digests or item keys of what is read, and plain numbers. JSON-able.
        payload: What `compute` needs; not part of the key.
        config: The config values this item depends on; None = the whole config of the stage.
    """

    name: str
    inputs: tuple[Any, ...]
    payload: Any = None
    config: Any = None


@dataclass(frozen=True)
class Progress:
    """One step of a stage. `total` 0 = not known. `detail` is a short text such as '11 of 16 photos placed'."""

    done: int
    total: int
    detail: str = ""


class StageContext(Protocol):
    """What a running stage is given."""

    output: Path
    """An empty folder; becomes the artifact when `run` returns."""
    project_photos: Mapping[str, Path]
    """Photo id -> imported file, every photo of the project that is switched on, in order. The id is the file's unique name in
    the project, suffix included, e.g. 'IMG 0001.jpg'; `View.name` and COLMAP image names are the same id."""
    masks: Mapping[str, Path]
    """Photo id -> mask file, where there is one (white = use)."""
    digests: Mapping[str, str]
    """Photo id -> content digest of photo (and mask, when there is one)."""
    given_cameras: Path | None
    """Cameras the user gave: `cameras.json`, a COLMAP model folder or `transforms.json`."""
    cameras_use: str
    """'poses': take intrinsics and poses as true; 'intrinsics': take intrinsics only."""
    device: str
    """'cpu', 'cuda' or 'mps'."""
    seed: int
    deterministic: bool
    threads: int
    memory_budget: int
    """Bytes the stage should stay under."""
    log: logging.Logger

    def progress(self, progress: Progress) -> None:
        """Tells how far the stage is."""

    def check_cancelled(self) -> None:
        """Raises `Cancelled` when the user asked to stop. Call it at least every 2 s."""

    def items(self, items: Sequence[Item], compute: Callable[[Item, Path], None], suffix: str) -> dict[str, Path]:
        """Computes what is missing and returns name -> file for all items, in order.

        `compute(item, path)` writes exactly one file at `path` (a temporary name with `suffix`, renamed afterwards).
        Progress and cancellation between items are handled here. Items that raise `PhotolithError` stop the stage.
        """

    def note(self, key: str, value: Any) -> None:
        """Adds a JSON-able fact to the report under this stage's name; numbers that are not finite become null."""


class Stage(ABC):
    """One station. Subclasses are stateless; they are listed in one place by the application.

    Class attributes:
        name: Used in `--until`, in keys and in folders.
        title: Shown to people, e.g. 'Depth maps'.
        version: Raise it when the result changes for the same inputs and config.
        needs: Names of the stages whose artifacts `run` reads.
        config_type: Frozen dataclass built of `recon.pipeline.config.setting` fields.
        sources: Which of 'photos', 'masks', 'cameras' `run` reads from the context; their digests belong to the key.
        publishes: Path in the artifact -> path under the project's `outputs/`. '@items' stands for all item files, put
            into the folder named.
        device_dependent: True when device class and precision belong to the key.
        stochastic: True when the seed belongs to the key.
        parallel_items: True when `compute` may run in several threads at once (each call then uses one thread itself).
    """

    name: ClassVar[str]
    title: ClassVar[str]
    version: ClassVar[int]
    needs: ClassVar[tuple[str, ...]] = ()
    config_type: ClassVar[type]
    sources: ClassVar[tuple[str, ...]] = ()
    publishes: ClassVar[Mapping[str, str]] = {}
    device_dependent: ClassVar[bool] = False
    stochastic: ClassVar[bool] = False
    parallel_items: ClassVar[bool] = False

    def weights_digest(self, config: Any) -> str:
        """Digest of the trained weights that `config` selects, '' when there are none; it belongs to every key."""
        return ""

    @abstractmethod
    def run(self, inputs: Mapping[str, Artifact], config: Any, context: StageContext) -> None:
        """Writes the artifact into `context.output`.

        Args:
            inputs: Stage name -> artifact for every name in `needs`.
            config: Instance of `config_type`.
            context: See `StageContext`.
        """
