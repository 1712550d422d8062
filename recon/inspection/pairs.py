"""Which photos were compared, with what result, and where the points of a pair lie on the disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError
from recon.pipeline.stage import Artifact
from recon.scene.checks import array

NOT_COMPARED = -1
"""In a matrix of counts."""
_WORTHLESS = ("none", "watermark")


@dataclass(frozen=True)
class Pair:
    """Two photos that were compared.

    Args:
        a: The first photo, in the order of the project.
        b: The second one.
        raw: Matches by descriptors alone.
        inliers: Those that one motion of the camera explains.
        kind: What explains them, see `recon.features.matches_npz.KINDS`; 'missing' for photos that were not compared.
        item: Name of the item of the stage 'matches'.
    """

    a: str
    b: str
    raw: int
    inliers: int
    kind: str
    item: str = ""

    @property
    def verified(self) -> bool:
        """Whether the pair counts for the cameras."""
        return self.kind not in (*_WORTHLESS, "missing") and self.inliers > 0

    @property
    def compared(self) -> bool:
        """Whether anybody looked."""
        return self.kind != "missing"

    def other(self, name: str) -> str:
        """The photo that is not `name`."""
        return self.b if name == self.a else self.a


@dataclass(frozen=True)
class PairFiles:
    """Files with the points of a pair.

    Args:
        left: Features of the first photo, and of its tilted views where the matches refer to those, too.
        right: The same of the second photo.
        matches: Indices into both.
        swapped: The matches are stored the other way round.
    """

    left: tuple[Path, ...]
    right: tuple[Path, ...]
    matches: Path
    swapped: bool = False


@dataclass(frozen=True, eq=False)
class PairPoints:
    """Keypoints and matches of a pair.

    Args:
        left: `[N, 2]` float32 x, y of the first photo's keypoints in its full-size pixels (top-left pixel centre = 0).
        right: `[M, 2]` of the second photo.
        sizes: Width and height of both.
        raw: `[K, 2]` int32 indices into `left` and `right`, by descriptors alone.
        inliers: `[L, 2]` int32, verified.
        kind: See `Pair.kind`.
    """

    left: NDArray[np.float32]
    right: NDArray[np.float32]
    sizes: tuple[tuple[int, int], tuple[int, int]]
    raw: NDArray[np.int32]
    inliers: NDArray[np.int32]
    kind: str

    def __post_init__(self) -> None:
        for name, dtype in (("left", np.float32), ("right", np.float32), ("raw", np.int32), ("inliers", np.int32)):
            object.__setattr__(self, name, array(getattr(self, name), name, (None, 2), dtype))

    def ends(self, indices: NDArray[np.int32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Both ends `[n, 2]` of the matches `indices`."""
        return self.left[indices[:, 0]], self.right[indices[:, 1]]


class PairTable:
    """All pairs of a project.

    Args:
        names: Photos with features, in the order of the project.
        pairs: Those that were compared.
        features: Photo -> file of its features.
        items: Items of the stage 'matches'.
        stamp: Changes whenever the matches do.
    """

    def __init__(
        self, names: tuple[str, ...], pairs: tuple[Pair, ...], features: Mapping[str, Path], items: Mapping[str, Path], stamp: str = ""
    ) -> None:
        self.names, self.pairs, self.stamp = names, pairs, stamp
        self._features, self._items = features, items
        self._by_names = {(pair.a, pair.b): pair for pair in pairs}
        self._of: dict[str, list[Pair]] = {name: [] for name in names}
        for pair in pairs:
            for name in (pair.a, pair.b):
                self._of.setdefault(name, []).append(pair)

    def between(self, one: str, other: str) -> Pair:
        """The pair of two photos; of kind 'missing' when they were not compared."""
        found = self._by_names.get((one, other)) or self._by_names.get((other, one))
        return found or Pair(one, other, 0, 0, "missing")

    def compared(self, name: str) -> list[Pair]:
        """Pairs of a photo: verified ones first, best first, then those that failed."""
        return sorted(self._of.get(name, ()), key=lambda pair: (not pair.verified, -pair.inliers, -pair.raw))

    def partners(self, name: str) -> list[Pair]:
        """Pairs of a photo with every other: as `compared`, then those nobody tried."""
        compared = self.compared(name)
        tried = {pair.other(name) for pair in compared} | {name}
        return [*compared, *(Pair(name, other, 0, 0, "missing") for other in self.names if other not in tried)]

    def best(self, name: str) -> Pair | None:
        """The pair of a photo with most verified matches (raw ones where none is verified); None when it was not compared."""
        return next(iter(self.compared(name)), None)

    def counts(self) -> NDArray[np.int32]:
        """`[N, N]` verified matches of all photos in the order of `names`, symmetric; `NOT_COMPARED` where nobody looked."""
        place = {name: number for number, name in enumerate(self.names)}
        result = np.full((len(self.names), len(self.names)), NOT_COMPARED, np.int32)
        for pair in self.pairs:
            if pair.a in place and pair.b in place:
                i, j = place[pair.a], place[pair.b]
                result[i, j] = result[j, i] = pair.inliers if pair.verified else 0
        return result

    def files(self, one: str, other: str) -> PairFiles:
        """Where the points of a pair are, `one` on the left.

        Raises:
            InputError: The two were not compared.
        """
        from recon.features.second_look import views_item

        pair = self.between(one, other)
        if pair.item not in self._items or one not in self._features or other not in self._features:
            raise InputError(
                f"'{one}' and '{other}' were not compared.", "", "Set 'pairs' of the stage matches to exhaustive and run again."
            )
        sides = [
            tuple(path for path in (self._features[name], self._items.get(views_item(name))) if path is not None) for name in (one, other)
        ]
        return PairFiles(sides[0], sides[1], self._items[pair.item], swapped=pair.a != one)


def load_pairs(features: Artifact, matches: Artifact) -> PairTable:
    """What the stages 'features' and 'matches' found.

    Args:
        features: The artifact that the matches refer to.
        matches: The artifact with `pairs.json`.

    Raises:
        ProjectError: The list of pairs is missing or damaged.
    """
    from recon.sfm.registration import read_pairs

    rows = read_pairs(matches)
    pairs = tuple(Pair(row["a"], row["b"], row["raw"], row["inliers"], row["kind"], row["item"]) for row in rows)
    return PairTable(tuple(features.items), pairs, features.items, matches.items, matches.digest)


def read_points(files: PairFiles) -> PairPoints:
    """Reads the points of a pair.

    Raises:
        InputError: A file is missing, damaged, or the matches belong to other features.
    """
    from recon.features.matches_npz import read_matches
    from recon.features.npz import read_features

    matches = read_matches(files.matches)
    sides, sizes = [], []
    for paths in (files.left, files.right):
        found = [read_features(path) for path in paths]
        sides.append(np.concatenate([one.keypoints[:, :2] for one in found]))
        sizes.append(found[0].size)
    raw, inliers = (np.ascontiguousarray(m[:, ::-1]) if files.swapped else m for m in (matches.raw, matches.inliers))
    counts = np.array([len(sides[0]), len(sides[1])])
    for indices in (raw, inliers):
        if ((indices < 0) | (indices >= counts)).any():
            what = "The matches of this pair refer to keypoints that are not there."
            raise InputError(what, "The features have changed since.", "Run the stage matches again.")
    return PairPoints(sides[0], sides[1], (sizes[0], sizes[1]), raw, inliers, matches.kind)
