"""`photolith train photo-prior`, or bare: `python -m generative.training.photo_prior --data PHOTOS --out DIR`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import cv2

from generative.networks.unet2d import unet_settings
from generative.training.prior_task import PriorTask
from recon.learning import command

DEFAULTS = {"steps": 200000, "batch": 8, "rate": 1e-3, "validate_every": 1000, "checkpoint_every": 500, "log_every": 50}
TINY = {"steps": 2, "batch": 1}


def make_task(options: argparse.Namespace) -> PriorTask:
    """The task that the options ask for."""
    cv2.setNumThreads(0)
    if options.tiny and options.data is None:
        return PriorTask(None, unet_settings(16, 8), validation_pictures=2)
    return PriorTask(options.data, unet_settings(options.size, options.width))


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, help="side of a patch, a multiple of 8", default=64)
    parser.add_argument("--width", type=int, help="channels at full size, a multiple of 8", default=16)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    return command.main("photo-prior", make_task, argv, defaults=DEFAULTS, tiny=TINY, add_options=_add_options)


if __name__ == "__main__":
    sys.exit(main())
