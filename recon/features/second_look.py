"""A second look at photos that few others match, with keypoints of tilted views.

Only such photos and what they are compared with pay for it. What it finds refers to both kinds of keypoints of a photo, those
of the stage 'features' first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recon.features.matches_npz import PairMatches, read_matches, write_matches
from recon.features.npz import read_features, write_features
from recon.pipeline.stage import Artifact, Item, StageContext

if TYPE_CHECKING:
    from recon.features.extractor import Features
    from recon.features.stage import MatchesConfig
    from recon.features.verification import KnownCamera

Pair = tuple[str, str]

ENOUGH = 60
"""Verified matches of a pair that needs no second look."""
_PARTNERS = 2
"""Such pairs that a photo should have."""
_LIKELY = 8
"""Photos that a lonely one is compared with, those that share most of the largest keypoints."""
_LARGEST = 4096
"""So many of the largest keypoints tell which photos those are."""
_LOOSE = 0.9
"""Ratio test of that."""
_SHARE = 0.25
"""Part of the matches that must be verified; by chance it is less."""
_SURE = 20
"""Verified matches from which on a pair is believed although the focal lengths do not fit it."""
_SAME_PLACE = 0.005
"""Keypoints closer than this show the same place, in parts of the longer side."""
_CACHED = 32


def views_item(name: str) -> str:
    """Name of the item with the keypoints of a photo's tilted views. (Photo ids end with a suffix like '.jpg', never like this.)"""
    return f"{name}__views"


def pair_item(pair: Pair, again: bool = False) -> str:
    """Name of the item with the matches of a pair, from the first or the second look."""
    return f"{pair[0]}__{pair[1]}{'__again' if again else ''}"


def likely_pairs(alone: set[str], similarity: Mapping[Pair, int]) -> list[Pair]:
    """Of the pairs with a lonely photo those that are among its most similar ones, in their order."""
    near: dict[str, list[Pair]] = {name: [pair for pair in similarity if name in pair] for name in alone}
    best = {pair for pairs in near.values() for pair in sorted(pairs, key=lambda pair: -similarity[pair])[:_LIKELY]}
    return [pair for pair in similarity if pair in best]


def lonely(counts: Mapping[Pair, int]) -> set[str]:
    """Photos with few well matched pairs, from the number of verified matches of each pair."""
    photos = {name for pair in counts for name in pair}
    good = Counter(name for pair, count in counts.items() if count >= ENOUGH for name in pair)
    return {name for name in photos if good[name] < min(_PARTNERS, len(photos) - 1)}


class SecondLook:
    """Matches again what the first look left apart.

    Args:
        features: Artifact of the stage 'features'.
        known: Photo -> what is known of its camera.
        config: Settings of the stage 'matches'.
        context: Of the stage 'matches'.
    """

    def __init__(self, features: Artifact, known: Mapping[str, KnownCamera], config: MatchesConfig, context: StageContext) -> None:
        self._features, self._known, self._config, self._context = features, known, config, context
        self._first: Mapping[Pair, Path] = {}
        self._views: dict[str, Path] = {}

        @lru_cache(maxsize=_CACHED)
        def tilted(name: str) -> tuple[Features, Any]:
            found = read_features(self._views[name])
            return found, found.unit_descriptors

        self._tilted = tilted
        self._upright = lru_cache(maxsize=_CACHED)(lambda name: read_features(features.items[name]).keypoints)

    def at(self, first: Mapping[Pair, Path]) -> dict[Pair, Path]:
        """Looks again.

        Args:
            first: Pair -> matches of the first look.

        Returns:
            Pair -> matches, of those pairs that were matched better this time.
        """
        self._first, counts = first, {pair: len(read_matches(path).inliers) for pair, path in first.items()}
        alone = lonely(counts)
        similarity = self._similarity([pair for pair, count in counts.items() if count < ENOUGH and alone.intersection(pair)])
        found = self._compare(likely_pairs(alone, similarity))
        # Tracks need the new keypoints in pairs that were matched before, too.
        joined = {name for pair, path in found.items() if _verified(path) for name in pair}
        found |= self._compare([pair for pair, count in counts.items() if count and pair not in found and joined.issuperset(pair)])
        return {pair: path for pair, path in found.items() if len(read_matches(path).inliers) > counts[pair]}

    def _look(self, pairs: list[Pair]) -> dict[str, Any]:
        """Looks at the photos of these pairs from aside; keys of what was seen, for items that depend on it."""
        from recon.photos import read_image, read_mask

        def look(item: Item, path: Path) -> None:
            from recon.features.tilted import TiltedSift

            name = item.payload
            image, mask = read_image(self._context.project_photos[name]), self._context.masks.get(name)
            allowed = None if mask is None else read_mask(mask, image.shape[1], image.shape[0])
            write_features(TiltedSift().extract(image, allowed), path)

        names = sorted({name for pair in pairs for name in pair})
        views = [Item(views_item(name), (self._context.digests[name],), name) for name in names]
        self._views |= dict(zip(names, self._context.items(views, look, ".npz").values(), strict=True))
        return {name: self._context.digests[name] for name in names}

    def _similarity(self, pairs: list[Pair]) -> dict[Pair, int]:
        """Number of the largest keypoints that two photos may share."""
        if not pairs:
            return {}
        keys = self._look(pairs)

        def compare(item: Item, path: Path) -> None:
            path.write_text(str(len(self._places(item.payload, _LOOSE, _LARGEST))), encoding="ascii")

        items = [Item(f"{pair_item(pair)}__near", (keys[pair[0]], keys[pair[1]]), pair) for pair in pairs]
        done = self._context.items(items, compare, ".txt").values()
        return {pair: int(path.read_text(encoding="ascii")) for pair, path in zip(pairs, done, strict=True)}

    def _compare(self, pairs: list[Pair]) -> dict[Pair, Path]:
        """Items of these pairs."""
        if not pairs:
            return {}
        seen = self._look(pairs)
        keys = {name: (self._features.item_keys[name], seen[name], camera_numbers(self._known[name])) for name in seen}
        items = [Item(pair_item(pair, again=True), (keys[pair[0]], keys[pair[1]]), pair, self._tried()) for pair in pairs]
        return dict(zip(pairs, self._context.items(items, self._match, ".npz").values(), strict=True))

    def _places(self, pair: Pair, ratio: float, most: int | None = None) -> Any:
        """Matches of the tilted views of a pair, of its `most` largest keypoints."""
        from recon.features.wide import match_places

        (left, left_units), (right, right_units) = (self._tilted(name) for name in pair)
        return match_places(
            (left.keypoints[:most, :2], left_units[:most]),
            (right.keypoints[:most, :2], right_units[:most]),
            ratio=ratio,
            radius=_SAME_PLACE * max(*left.size, *right.size),
            device=self._context.device,
        )

    def _tried(self) -> dict[str, Any]:
        return {"ratio": self._config.ratio, "min_inliers": self._config.min_inliers, "max_error": self._config.max_error}

    def _match(self, item: Item, path: Path) -> None:
        """Matches of tilted views and those of the first look, verified together."""
        from recon.features.verification import verify

        a, b = item.payload
        left, right = self._tilted(a)[0], self._tilted(b)[0]
        found = self._places((a, b), self._config.ratio)
        first, second = self._upright(a), self._upright(b)
        offset = np.array([len(first), len(second)], np.int32)
        raw = np.concatenate([read_matches(self._first[a, b]).raw, found + offset])
        inliers, kind = verify(
            np.concatenate([first, left.keypoints]),
            np.concatenate([second, right.keypoints]),
            raw,
            (self._known[a], self._known[b]),
            min_inliers=self._config.min_inliers,
            max_error=self._config.max_error,
        )
        if len(inliers) < _SHARE * len(raw) or (kind != "calibrated" and len(inliers) < _SURE):
            inliers, kind = np.zeros((0, 2), np.int32), "none"
        write_matches(PairMatches(raw, inliers, kind), path)


def camera_numbers(known: KnownCamera) -> list[Any]:
    """A camera as plain values, for keys."""
    camera = known.camera
    return [camera.model, camera.width, camera.height, *camera.params, known.has_prior]


def _verified(path: Path) -> bool:
    return len(read_matches(path).inliers) > 0
