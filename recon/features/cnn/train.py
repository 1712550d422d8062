"""`photolith train features`, or bare: `python -m recon.features.cnn.train --photos DIR --data DIR --out DIR`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2

from recon.features.cnn.task import FeaturesTask
from recon.learning import command

DEFAULTS = {"steps": 6000, "batch": 4, "rate": 2e-3, "validate_every": 250, "checkpoint_every": 200, "log_every": 50}
TINY = {"steps": 6, "batch": 1}


def make_task(options: argparse.Namespace) -> FeaturesTask:
    """The task that the options ask for."""
    cv2.setNumThreads(0)
    if options.tiny and options.data is None:
        return FeaturesTask(None, size=96, keypoints=32, validation_pairs=2)
    sets = options.data if any(options.data.glob("train_*.zip")) and options.view_sets > 0 else None
    return FeaturesTask(options.photos or options.data, sets, size=options.size, keypoints=options.keypoints, share=options.view_sets)


def _add_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("features")
    group.add_argument("--photos", type=Path, help="folder of photographs; those under --data when it is left out", default=None)
    group.add_argument(
        "--view-sets", type=float, metavar="SHARE", help="part of the examples from rendered views, if there are", default=0.5
    )
    group.add_argument("--size", type=int, help="width of a training picture, a multiple of 32", default=224)
    group.add_argument("--keypoints", type=int, help="trained with in each picture", default=192)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    return command.main("features", make_task, argv, defaults=DEFAULTS, tiny=TINY, add_options=_add_options)


if __name__ == "__main__":
    sys.exit(main())
