"""`photolith train photo-prior`, or bare: `python -m generative.training.photo_prior --data PHOTOS --out DIR`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import cv2

from generative.networks.unet2d import SMALL
from generative.training.prior_task import PriorTask
from recon.learning import command

DEFAULTS = {"steps": 200000, "batch": 64, "rate": 2e-4, "ema": 0.9995, "validate_every": 5000, "checkpoint_every": 1000, "log_every": 100}
TINY = {"steps": 2, "batch": 1}
_TINY_UNET = {**SMALL, "sample_size": 16, "block_out_channels": [16, 16, 32], "layers_per_block": 1, "norm_num_groups": 8}


def make_task(options: argparse.Namespace) -> PriorTask:
    """The task that the options ask for."""
    cv2.setNumThreads(0)
    if options.tiny and options.data is None:
        return PriorTask(None, settings=_TINY_UNET, validation_pictures=2)
    return PriorTask(options.data, settings={**SMALL, "sample_size": options.size})


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, help="side of a patch, a multiple of 8", default=64)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    return command.main("photo-prior", make_task, argv, defaults=DEFAULTS, tiny=TINY, add_options=_add_options)


if __name__ == "__main__":
    sys.exit(main())
