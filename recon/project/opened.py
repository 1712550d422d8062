"""A project on disk, as far as it is read and computed in.

    manifest.json   what the user put in: photos, masks, cameras, preset, settings
    state.json      which artifact of each stage is current
    photos/ masks/ cameras/                 the user's files
    artifacts/ items/ tmp/ cache/           what stages made (see store.py)
    outputs/                                results for other programs

The folder can be moved: everything in it is named relative to it, except photos that the user asked to link.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recon.errors import PhotolithError
from recon.pipeline.stage import Artifact
from recon.project import manifest as manifests
from recon.project.digests import DigestCache
from recon.project.files import sweep_parts
from recon.project.lock import ProjectLock
from recon.project.manifest import Manifest, PhotoEntry
from recon.project.store import Store, read_state, write_state


@dataclass(frozen=True)
class Photo:
    """A photo of a project.

    Args:
        id: Unique name, suffix included.
        file: The imported file, or the linked one.
        enabled: Whether stages use it.
        digest: Content digest at import.
        linked: Whether the file lies outside the project.
    """

    id: str
    file: Path
    enabled: bool
    digest: str
    linked: bool = False


class OpenProject:
    """What is in a project, its results and its locks.

    Args:
        path: The folder.
        manifest: Its manifest as it was read.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self._manifest = manifest
        self._lock = ProjectLock(path / "project.lock", wait=1.0)
        self.digests = DigestCache(path / "cache" / "digests.json", path)
        self.store = Store(path, self.digests)

    def reload(self) -> None:
        """Reads the manifest again, in case another process changed it."""
        self._manifest = manifests.load(self.path)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def outputs(self) -> Path:
        """Where results for other programs are."""
        return self.path / "outputs"

    @property
    def photos(self) -> tuple[Photo, ...]:
        """All photos in order."""
        return tuple(Photo(p.id, self._photo_file(p), p.enabled, p.digest, p.file is None) for p in self._manifest.photos)

    @property
    def masks(self) -> dict[str, Path]:
        """Photo id -> mask file."""
        return {name: self.path / file for name, file in self._manifest.masks.items()}

    @property
    def cameras(self) -> Path | None:
        """Cameras the user gave."""
        return None if self._manifest.cameras is None else self.path / self._manifest.cameras

    @property
    def cameras_use(self) -> str:
        """'poses' or 'intrinsics'."""
        return self._manifest.cameras_use

    @property
    def preset(self) -> str:
        """Name of the preset the settings start from."""
        return self._manifest.preset

    @property
    def settings(self) -> dict[str, dict[str, Any]]:
        """Stage -> field -> value, where the user changed it."""
        return {stage: dict(values) for stage, values in self._manifest.settings.items()}

    def _photo_file(self, photo: PhotoEntry) -> Path:
        """Where the photo's file is."""
        return Path(photo.source) if photo.file is None and photo.source is not None else self.path / str(photo.file)

    def lock(self) -> AbstractContextManager[Any]:
        """Holds the project for computing; can be entered again by the same object.

        Raises:
            ProjectLockedError: Another process holds it; its number, machine and time are named.
            ProjectError: The folder is read-only.
        """
        return self._lock

    @contextmanager
    def _editing(self) -> Iterator[None]:
        """Holds the manifest, freshly read."""
        self.store.check_writable()
        with ProjectLock(self.path / "manifest.lock", wait=10.0):
            self.reload()
            yield

    def artifact(self, stage: str) -> Artifact | None:
        """The current artifact of a stage, or None when it never ran or its files are damaged."""
        for key in self.history(stage)[:1]:
            record = self.store.record(stage, key)
            if record is not None and self.store.damage(record) is None:
                return self.store.artifact(record)
        return None

    def history(self, stage: str) -> tuple[str, ...]:
        """Keys of the stage's artifacts, the current one first."""
        return tuple(read_state(self.path).get(stage, ()))

    def make_current(self, stage: str, key: str, keep: int = 2) -> None:
        """Makes an artifact the current one of its stage and remembers those before it."""
        state = read_state(self.path)
        keys = [key, *(k for k in state.get(stage, []) if k != key)][:keep]
        if keys != state.get(stage):
            write_state(self.path, {**state, stage: keys})

    def sweep(self) -> None:
        """Removes temporary files of killed processes. The caller holds `lock()`; while somebody else imports nothing is removed."""
        with suppress(PhotolithError), self._editing():
            self.store.sweep()
            for folder in (self.path, self.path / "cache", self.outputs):
                sweep_parts(folder)
