"""A project and the changes a user makes to it: the one model that window and command line share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from recon.errors import InputError, ProjectError, SettingsError
from recon.project import manifest as manifests
from recon.project.cameras_import import camera_files
from recon.project.digests import digest_json
from recon.project.files import clone, disk_errors, remove_tree
from recon.project.imports import ImportResult, collect, match_masks, photo_id, unfit
from recon.project.manifest import Manifest, PhotoEntry
from recon.project.opened import OpenProject


class Project(OpenProject):
    """An open project. Use `create` or `open`.

    Changes of the manifest are read-modify-write under a short lock, so two processes never lose each other's; `lock()`
    is the long lock of whoever computes.
    """

    @classmethod
    def create(cls, path: Path | str) -> Project:
        """Makes a project in a new or empty folder.

        Raises:
            ProjectError: The folder holds something else, or cannot be written.
        """
        folder = Path(path).expanduser().absolute()
        with disk_errors(folder):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except (FileExistsError, NotADirectoryError):
                raise ProjectError(f"'{folder}' cannot be a project.", "There is a file of this name.", "Choose another folder.") from None
            occupied = [p.name for p in folder.iterdir() if not p.name.startswith(".")]
        if occupied:
            why = "It is a project already." if manifests.NAME in occupied else f"It holds other files, such as '{occupied[0]}'."
            raise ProjectError(f"A project cannot be made in '{folder}'.", why, "Choose a new or empty folder.")
        manifest = Manifest()
        manifests.save(manifest, folder)
        return cls(folder, manifest)

    @classmethod
    def open(cls, path: Path | str) -> Project:
        """Opens a project.

        Raises:
            ProjectError: Not a project, damaged, or too new.
        """
        folder = Path(path).expanduser().absolute()
        return cls(folder, manifests.load(folder))

    def _save(self, manifest: Manifest) -> None:
        """Makes `manifest` the current one."""
        manifests.save(manifest, self.path)
        self._manifest = manifest

    def add_photos(
        self, sources: Path | str | Iterable[Path | str], link: bool = False, progress: Callable[[int, int, str], None] | None = None
    ) -> ImportResult:
        """Imports photographs from files and folders.

        Args:
            sources: Files and folders (not searched deeper).
            link: Keep only the absolute path of each file instead of importing it.
            progress: Called with (done, total, file name).

        Raises:
            InputError: Nothing to import.
            ResourceError: Disk full; what was imported before is kept.
        """
        files, skipped = collect(sources)
        with self._editing():
            taken = {p.id.casefold() for p in self._manifest.photos}
            known = {p.digest: p.id for p in self._manifest.photos}
            entries: list[PhotoEntry] = []
            try:
                for number, path in enumerate(files):
                    entry = self._import(path, link, taken, known, skipped)
                    if entry is not None:
                        entries.append(entry)
                        taken.add(entry.id.casefold())
                        known[entry.digest] = entry.id
                    if progress is not None:
                        progress(number + 1, len(files), path.name)
            finally:
                if entries:
                    self._save(self._manifest.with_(photos=(*self._manifest.photos, *entries)))
                self.digests.save()
        return ImportResult(tuple(entry.id for entry in entries), tuple(skipped))

    def _import(
        self, path: Path, link: bool, taken: set[str], known: Mapping[str, str], skipped: list[tuple[Path, str]]
    ) -> PhotoEntry | None:
        """Imports one file, or tells in `skipped` why not."""
        path = path.absolute()
        try:
            if why := unfit(path):
                skipped.append((path, why))
                return None
            digest = self.digests.of(path)
        except OSError as error:
            skipped.append((path, f"it cannot be read ({error.strerror or error})"))
            return None
        if digest in known:
            skipped.append((path, f"the project has the same file already, as '{known[digest]}'"))
            return None
        name = photo_id(path.name, taken)
        if link:
            return PhotoEntry(name, None, str(path), digest)
        target = self.path / "photos" / name
        self._copy_in(path, target)
        self.digests.remember(target, digest)
        return PhotoEntry(name, f"photos/{name}", None, digest)

    def _copy_in(self, source: Path, target: Path) -> None:
        """Puts a user's file into the project under a temporary name and renames it."""
        with disk_errors(target), self.store.temporary(target.suffix) as temporary:
            target.parent.mkdir(parents=True, exist_ok=True)
            clone(source, temporary)
            temporary.replace(target)

    def remove_photos(self, ids: Iterable[str]) -> None:
        """Takes photos (and their masks) out of the project; linked files are left alone.

        Raises:
            InputError: No photo is called like this.
        """
        with self._editing():
            gone = self._known(ids)
            removed = [p for p in self._manifest.photos if p.id in gone]
            masks = {name: file for name, file in self._manifest.masks.items() if name not in gone}
            files = [p.file for p in removed if p.file] + [f for name, f in self._manifest.masks.items() if name in gone]
            self._save(self._manifest.with_(photos=tuple(p for p in self._manifest.photos if p.id not in gone), masks=masks))
            for file in files:
                with suppress(OSError):
                    (self.path / file).unlink(missing_ok=True)

    def set_enabled(self, photo: str | Iterable[str], on: bool) -> None:
        """Switches photos on or off without removing them.

        Raises:
            InputError: No photo is called like this.
        """
        with self._editing():
            chosen = self._known([photo] if isinstance(photo, str) else photo)
            photos = tuple(PhotoEntry(p.id, p.file, p.source, p.digest, on if p.id in chosen else p.enabled) for p in self._manifest.photos)
            self._save(self._manifest.with_(photos=photos))

    def set_order(self, ids: Iterable[str]) -> None:
        """Puts photos into the order of `ids`; photos it does not name come after them, in their old order.

        Raises:
            InputError: No photo is called like this.
        """
        with self._editing():
            place = {name: number for number, name in enumerate(ids)}
            self._known(place)
            self._save(self._manifest.with_(photos=tuple(sorted(self._manifest.photos, key=lambda p: place.get(p.id, len(place))))))

    def _known(self, ids: Iterable[str]) -> set[str]:
        """The ids as a set, after a check that they exist."""
        wanted, known = set(ids), {p.id for p in self._manifest.photos}
        if wanted - known:
            raise InputError(
                f"There is no photo '{sorted(wanted - known)[0]}' in the project.", f"It has {len(known)} photos.", "Check the name."
            )
        return wanted

    def set_masks(self, folder: Path | str | None) -> tuple[str, ...]:
        """Copies masks (white = use) that match photos by name; None removes all masks.

        Returns:
            Ids of the photos that have a mask now.

        Raises:
            InputError: No file in the folder matches a photo.
        """
        with self._editing():
            found: dict[str, Path] = {}
            if folder is not None:
                files, _ = collect(folder)
                found = match_masks(files, [p.id for p in self._manifest.photos])
                if not found:
                    raise InputError(
                        f"No mask in '{folder}' belongs to a photo.",
                        f"Its {len(files)} pictures have other names.",
                        "Name masks like the photos: 'a.png' for 'a.jpg'.",
                    )
            masks: dict[str, str] = {}
            for name, path in found.items():
                file = photo_id(name + path.suffix.lower(), {other.casefold().removeprefix("masks/") for other in masks.values()})
                self._copy_in(path.absolute(), self.path / "masks" / file)
                masks[name] = f"masks/{file}"
            old = set(self._manifest.masks.values()) - set(masks.values())
            self._save(self._manifest.with_(masks=masks))
            for file in old:
                with suppress(OSError):
                    (self.path / file).unlink(missing_ok=True)
            return tuple(masks)

    def set_cameras(self, path: Path | str | None, use: str = "poses") -> None:
        """Copies cameras into the project; None forgets them.

        Args:
            path: `cameras.json`, `transforms.json` or a folder with a COLMAP model.
            use: 'poses' takes poses and intrinsics as true, 'intrinsics' only the latter.

        Raises:
            InputError: There are no cameras at `path`.
            SettingsError: Unknown use.
        """
        if use not in manifests.USES:
            raise SettingsError(f"Cameras cannot be used as '{use}'.", f"Choices: {', '.join(manifests.USES)}.", "Choose one of them.")
        with self._editing():
            old, new = self._manifest.cameras, None
            if path is not None:
                new = self._copy_cameras(Path(path).expanduser().absolute())
            self._save(self._manifest.with_(cameras=new, cameras_use=use))
            if old is not None and old != new:
                remove_tree(self.path / "cameras" / old.split("/")[1])

    def _copy_cameras(self, path: Path) -> str:
        """Puts the files of given cameras under a folder named by their content; returns the relative path to use."""
        files, model = camera_files(path)
        digest = digest_json([[f.name, self.digests.of(f)] for f in files])[:16]
        folder = self.path / "cameras" / digest
        with self.store.temporary(folder=True) as temporary, disk_errors(folder):
            for file in files:
                clone(file, temporary / photo_id(file.name, set()))
            folder.parent.mkdir(exist_ok=True)
            if not folder.exists():
                temporary.replace(folder)
        return f"cameras/{digest}" if model else f"cameras/{digest}/{photo_id(files[0].name, set())}"

    def set_preset(self, name: str) -> None:
        """Chooses draft, balanced, quality or learned.

        Raises:
            SettingsError: No such preset.
        """
        if name not in manifests.PRESETS:
            raise SettingsError(f"There is no preset '{name}'.", f"Presets: {', '.join(manifests.PRESETS)}.", "Choose one of them.")
        with self._editing():
            self._save(self._manifest.with_(preset=name))

    def set_settings(self, stage: str, values: Mapping[str, Any]) -> None:
        """Replaces the user's changes of one stage's settings; an empty mapping goes back to the preset.

        Values are checked by `recon.pipeline.settings`, which knows the stages.
        """
        with self._editing():
            settings = self.settings
            settings[stage] = dict(values)
            self._save(self._manifest.with_(settings={k: v for k, v in settings.items() if v}))
