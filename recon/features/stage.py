"""The stage 'features': keypoints and descriptors of every photo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recon.features.extractor import make_extractor
from recon.features.npz import read_features, write_features
from recon.pipeline.config import setting
from recon.pipeline.stage import Artifact, Item, Stage, StageContext


@dataclass(frozen=True)
class FeaturesConfig:
    """Settings of the features."""

    extractor: str = setting("sift", "How keypoints are found and described.", choices=("sift",))
    max_features: int = setting(8192, "At most so many keypoints a photo.", minimum=256, maximum=65536)
    max_size: int = setting(2000, "Larger photos are reduced to this for finding keypoints.", unit="px", minimum=320, maximum=16384)
    contrast: float = setting(0.02, "Weakest detail that counts; less finds more.", minimum=0.001, maximum=0.2, advanced=True)


class FeaturesStage(Stage):
    """Finds keypoints in every usable photo, inside its mask."""

    name = "features"
    title = "Features"
    version = 1
    needs = ("photos",)
    config_type = FeaturesConfig
    sources = ("photos", "masks")

    def run(self, inputs: Mapping[str, Artifact], config: FeaturesConfig, context: StageContext) -> None:
        """Writes one item a photo; see `Stage.run`."""
        from recon.photos import load_photos, read_image, read_mask

        extractor = make_extractor(config)
        usable = [name for name, photo in load_photos(inputs["photos"]).items() if photo.usable and name in context.project_photos]

        def compute(item: Item, path: Path) -> None:
            image = read_image(context.project_photos[item.name])
            mask = context.masks.get(item.name)
            allowed = None if mask is None else read_mask(mask, image.shape[1], image.shape[0])
            write_features(extractor.extract(image, allowed), path)

        files = context.items([Item(name, (context.digests[name],)) for name in usable], compute, ".npz")
        context.note("keypoints", {name: len(read_features(path)) for name, path in files.items()})
