"""The stages 'features' and 'matches': keypoints of every photo, and which of them show the same point."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recon.errors import ReconstructionError
from recon.features.extractor import make_extractor, weights_file
from recon.features.matches_npz import PairMatches, read_matches, write_matches
from recon.features.npz import read_features, write_features
from recon.features.second_look import ENOUGH, Pair, SecondLook, camera_numbers, pair_item
from recon.pipeline.config import setting
from recon.pipeline.stage import Artifact, Item, Stage, StageContext

if TYPE_CHECKING:
    from recon.features.verification import KnownCamera

_CACHED = 64
"""Photos whose descriptors are held in memory at a time, about 4 MB each."""


@dataclass(frozen=True)
class FeaturesConfig:
    """Settings of the features."""

    extractor: str = setting("sift", "How keypoints are found and described.", choices=("sift", "cnn"))
    max_features: int = setting(8192, "At most so many keypoints a photo.", minimum=256, maximum=65536)
    max_features_learned: int = setting(4096, "The same for learned features.", minimum=256, maximum=65536)
    max_size: int = setting(2000, "Larger photos are reduced to this for finding keypoints.", unit="px", minimum=320, maximum=16384)
    contrast: float = setting(0.02, "Weakest detail that counts; less finds more.", minimum=0.001, maximum=0.2, advanced=True)
    half: float = setting(
        0.0, "Part of the learned keypoints that is looked for at half the resolution.", minimum=0.0, maximum=0.5, advanced=True
    )
    weights: str = setting("", "File of weights of the learned features; those that come with Photolith when empty.", advanced=True)


class FeaturesStage(Stage):
    """Finds keypoints in every usable photo, inside its mask."""

    name = "features"
    title = "Features"
    version = 2
    needs = ("photos",)
    config_type = FeaturesConfig
    sources = ("photos", "masks")

    def weights_digest(self, config: FeaturesConfig) -> str:
        """Of the learned features' weights; see `Stage.weights_digest`."""
        if config.extractor != "cnn":
            return ""
        from recon.learning.card import card_path, read_card

        return read_card(card_path(weights_file(config))).sha256

    def run(self, inputs: Mapping[str, Artifact], config: FeaturesConfig, context: StageContext) -> None:
        """Writes one item a photo; see `Stage.run`."""
        from recon.photos import load_photos, read_image, read_mask

        extractor = make_extractor(config, context.device)
        usable = [name for name, photo in load_photos(inputs["photos"]).items() if photo.usable and name in context.project_photos]

        def compute(item: Item, path: Path) -> None:
            image = read_image(context.project_photos[item.name])
            mask = context.masks.get(item.name)
            allowed = None if mask is None else read_mask(mask, image.shape[1], image.shape[0])
            write_features(extractor.extract(image, allowed), path)

        files = context.items([Item(name, (context.digests[name],)) for name in usable], compute, ".npz")
        context.note("keypoints", {name: len(read_features(path)) for name, path in files.items()})


@dataclass(frozen=True)
class MatchesConfig:
    """Settings of the matches."""

    pairs: str = setting(
        "auto",
        "Which photos are compared: all with all, neighbours in their order, or those that look alike.",
        choices=("auto", "exhaustive", "sequential", "retrieval"),
    )
    overlap: int = setting(6, "Photos ahead that each is compared with in a sequence.", minimum=1, maximum=100, advanced=True)
    neighbours: int = setting(20, "Most similar photos that each is compared with.", minimum=1, maximum=500, advanced=True)
    ratio: float = setting(0.8, "The best match must be closer than this times the second best.", minimum=0.5, maximum=1.0, advanced=True)
    ratio_learned: float = setting(0.9, "The same for learned features.", minimum=0.5, maximum=1.0, advanced=True)
    min_inliers: int = setting(15, "Pairs with fewer verified matches do not count.", minimum=8, maximum=1000, advanced=True)
    min_inliers_learned: int = setting(
        30,
        "The same for learned features, whose wrong matches lie side by side and agree by chance.",
        minimum=8,
        maximum=1000,
        advanced=True,
    )
    max_error: float = setting(4.0, "Largest distance from the epipolar line.", unit="px", minimum=0.5, maximum=32.0, advanced=True)
    second_look: bool = setting(True, "Photos that few others match are compared once more, by how they would look from aside.")


class MatchesStage(Stage):
    """Compares pairs of photos and keeps the matches that one motion of the camera explains."""

    name = "matches"
    title = "Matches"
    version = 7
    needs = ("photos", "features")
    config_type = MatchesConfig
    sources = ("photos", "masks", "cameras")
    parallel_items = True

    def run(self, inputs: Mapping[str, Artifact], config: MatchesConfig, context: StageContext) -> None:
        """Writes one item a pair, more of them where a second look was needed, and `pairs.json`; see `Stage.run`."""
        from recon.features.matching import FARTHEST, FARTHEST_LEARNED, match_descriptors
        from recon.features.pairs import select_pairs
        from recon.features.retrieval import similarity
        from recon.features.turned import best_turn, turned
        from recon.features.verification import verify

        files, keys = inputs["features"].items, inputs["features"].item_keys
        names = list(files)
        if len(names) < 2:
            raise ReconstructionError("There are too few photos.", f"{len(names)} can be used.", "Add photos that overlap.")
        known = _known_cameras(inputs["photos"], names, context)
        tried = {
            "ratio": config.ratio,
            "ratio_learned": config.ratio_learned,
            "min_inliers": config.min_inliers,
            "min_inliers_learned": config.min_inliers_learned,
            "max_error": config.max_error,
        }

        @lru_cache(maxsize=_CACHED)
        def load(name: str) -> Any:
            features = read_features(files[name])
            return features.keypoints, features.unit_descriptors, features.turns

        def compute(item: Item, path: Path) -> None:
            a, b = item.payload
            (first, left, turns), (second, right, _) = load(a), load(b)
            ratio, farthest = (config.ratio, FARTHEST) if turns == 1 else (config.ratio_learned, FARTHEST_LEARNED)
            least = config.min_inliers if turns == 1 else config.min_inliers_learned
            match = partial(match_descriptors, second=right, ratio=ratio, max_distance=farthest, device=context.device)
            check = partial(verify, cameras=(known[a], known[b]), min_inliers=least, max_error=config.max_error)
            raw = match(left)
            inliers, kind = check(first, second, raw)
            if turns > 1 and len(inliers) < ENOUGH and (times := best_turn(left, right, ratio=ratio, device=context.device)):
                again = match(turned(left, times))
                more, other = check(first, second, again)
                raw, inliers, kind = (again, more, other) if len(more) > len(inliers) else (raw, inliers, kind)
            write_matches(PairMatches(raw, inliers, kind), path)

        def look() -> Any:
            return similarity(len(names), lambda i: load(names[i])[1], check=context.check_cancelled)

        chosen = select_pairs(len(names), config.pairs, overlap=config.overlap, neighbours=config.neighbours, similarity=look)
        pairs = [(names[i], names[j]) for i, j in chosen]
        numbers = {name: (keys[name], camera_numbers(known[name])) for name in names}
        items = [Item(pair_item(pair), (numbers[pair[0]], numbers[pair[1]]), pair, tried) for pair in pairs]
        first = dict(zip(pairs, context.items(items, compute, ".npz").values(), strict=True))
        again = SecondLook(inputs["features"], known, config, context).at(first) if config.second_look else {}
        _summarise(first, again, context)


def _known_cameras(photos: Artifact, names: list[str], context: StageContext) -> dict[str, KnownCamera]:
    """What is known of each photo's camera before mapping."""
    from recon.features.verification import KnownCamera
    from recon.io.given_cameras import read_given_cameras
    from recon.photos import load_photos
    from recon.sfm.intrinsics import starting_cameras

    found = load_photos(photos)
    infos = {name: found[name] for name in names}
    sizes = {name: (photo.width, photo.height) for name, photo in infos.items()}
    given = None if context.given_cameras is None else read_given_cameras(context.given_cameras, sizes).cameras
    start = starting_cameras(infos, given)
    return {name: KnownCamera(start.of(name), start.has_prior[start.camera_of[name]]) for name in names}


def _summarise(first: Mapping[Pair, Path], again: Mapping[Pair, Path], context: StageContext) -> None:
    """Writes `pairs.json` and the notes."""
    rows = []
    for pair, path in first.items():
        matches = read_matches(again.get(pair, path))
        counts = {"raw": len(matches.raw), "inliers": len(matches.inliers), "kind": matches.kind}
        rows.append({"a": pair[0], "b": pair[1], "item": pair_item(pair, pair in again), **counts})
    (context.output / "pairs.json").write_text(json.dumps(rows, indent=0) + "\n", encoding="utf-8")
    context.note("pairs compared", len(rows))
    context.note("pairs verified", sum(row["kind"] not in ("none", "watermark") for row in rows))
    context.note("pairs from the second look", len(again))
