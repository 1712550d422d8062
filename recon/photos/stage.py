"""The stage `photos`: looks at every photograph, warns, makes thumbnails."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from recon.errors import InputError
from recon.photos.config import PhotosConfig
from recon.photos.duplicates import find_duplicates
from recon.photos.info import PhotoInfo
from recon.photos.inspect import inspect_photo
from recon.photos.read import read_thumbnail
from recon.photos.verdicts import judge
from recon.pipeline.stage import Artifact, Item, Stage, StageContext

THUMBNAIL = 320
_VERDICT = "verdict__"


class PhotosStage(Stage):
    """Writes `photos.json`; items: id -> thumbnail '.jpg', 'verdict__<id>' -> '.json' of what was measured."""

    name = "photos"
    title = "Photos"
    version = 1
    config_type = PhotosConfig
    sources: ClassVar[tuple[str, ...]] = ("photos", "masks")

    def run(self, inputs: Mapping[str, Artifact], config: PhotosConfig, context: StageContext) -> None:
        """See `Stage.run`.

        Raises:
            InputError: Fewer than two photos can be used; each of the others is named with its reason.
        """
        found = _inspect_all(context)
        thumbnails = _make_thumbnails([photo.id for photo in found if photo.usable], context)
        grey = {name: _grey(path) for name, path in thumbnails.items()}
        photos = judge(found, find_duplicates(grey, config.duplicate), config)
        _tell(photos, context)
        text = json.dumps({"photos": [photo.to_json() for photo in photos]}, ensure_ascii=False, indent=1)
        (context.output / "photos.json").write_text(text, encoding="utf-8")


def _inspect_all(context: StageContext) -> list[PhotoInfo]:
    """Measures every photo, or takes what an earlier run measured."""

    def compute(item: Item, path: Path) -> None:
        info = inspect_photo(item.name.removeprefix(_VERDICT), context.project_photos[item.payload], context.masks.get(item.payload))
        path.write_text(json.dumps(info.to_json(), ensure_ascii=False), encoding="utf-8")

    items = [Item(_VERDICT + name, (context.digests[name],), name, {}) for name in context.project_photos]
    files = context.items(items, compute, ".json")
    return [PhotoInfo.from_json(json.loads(path.read_text(encoding="utf-8"))) for path in files.values()]


def _make_thumbnails(names: Sequence[str], context: StageContext) -> dict[str, Path]:
    """Thumbnails of the photos that can be read."""

    def compute(item: Item, path: Path) -> None:
        read_thumbnail(context.project_photos[item.payload], THUMBNAIL).save(path, format="JPEG", quality=88)

    return context.items([Item(name, (context.digests[name], THUMBNAIL), name, {}) for name in names], compute, ".jpg")


def _grey(thumbnail: Path) -> np.ndarray:
    """A thumbnail as `[h, w]` uint8."""
    with Image.open(thumbnail) as image:
        return np.array(image.convert("L"))


def _tell(photos: Sequence[PhotoInfo], context: StageContext) -> None:
    """Warnings to the log, counts to the report, and an end where nothing can be made of what is left."""
    for photo in photos:
        if photo.verdict != "ok":
            context.log.warning("%s: %s. %s", photo.id, photo.verdict, photo.reason)
    whole = [photo.id for photo in photos if photo.usable and photo.id not in context.masks] if context.masks else []
    if whole:
        context.log.warning("Without a mask, used whole: %s", _few(whole))
    context.note("verdicts", dict(Counter(photo.verdict for photo in photos)))
    context.note("cameras", len({photo.camera_key for photo in photos if photo.usable}))
    bad = [photo for photo in photos if not photo.usable]
    if len(photos) - len(bad) < 2:
        raise InputError(
            f"Only {len(photos) - len(bad)} of {len(photos)} photos can be used; it takes two.",
            _few([f"'{photo.id}': {photo.reason}" for photo in bad], " "),
            "Add more photos of the same thing.",
        )


def _few(texts: Sequence[str], between: str = ", ") -> str:
    """The first five, and how many more there are."""
    more = [f"and {len(texts) - 5} more"] if len(texts) > 5 else []
    return between.join([*texts[:5], *more])
