"""`photolith train pointnet2-denoise`, or bare: `python -m recon.points.train --data DIR --out DIR`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from recon.learning import command
from recon.points.task import DenoiseTask

DEFAULTS = {
    "steps": 3000,
    "batch": 8,
    "rate": 2e-3,
    "warmup": 50,
    "validate_every": 200,
    "checkpoint_every": 50,
    "log_every": 25,
    "ema": 0.99,
}
TINY = {"steps": 3, "batch": 1}


def make_task(options: argparse.Namespace) -> DenoiseTask:
    """The task that the options ask for."""
    if options.tiny and options.data is None:
        return DenoiseTask(None, size=128, validation_points=400)
    return DenoiseTask(options.data, only=options.only)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", default="", choices=("", "outlier"), help="the part of the network that is trained; all when left out")


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    return command.main("pointnet2-denoise", make_task, argv, defaults=DEFAULTS, tiny=TINY, add_options=_add_options)


if __name__ == "__main__":
    sys.exit(main())
