"""`photolith train photo-cold`, or bare: `python -m generative.training.photo_cold --data PHOTOS --out DIR`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import cv2

from generative.networks.residual_unet import ResidualUNetArchitecture
from generative.training.cold_task import ColdTask
from recon.learning import command

DEFAULTS = {"steps": 20000, "batch": 16, "rate": 3e-4, "validate_every": 1000, "checkpoint_every": 500, "log_every": 50}
TINY = {"steps": 4, "batch": 1}


def make_task(options: argparse.Namespace) -> ColdTask:
    """The task that the options ask for."""
    cv2.setNumThreads(0)
    if options.tiny and options.data is None:
        return ColdTask(None, size=32, architecture=ResidualUNetArchitecture((16, 24), 1), validation_pictures=1)
    return ColdTask(options.data, size=options.size)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, help="side of a training picture, a multiple of 8", default=96)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    return command.main("photo-cold", make_task, argv, defaults=DEFAULTS, tiny=TINY, add_options=_add_options)


if __name__ == "__main__":
    sys.exit(main())
