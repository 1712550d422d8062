"""`python -m recon.mvs.cnn.train --data DIR --out DIR` (the same as `photolith train mvs`)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from recon.learning.command import main as shared_main
from recon.mvs.cnn.task import MvsTask

DEFAULTS = {"steps": 60000, "batch": 4, "rate": 1e-3, "warmup": 100, "checkpoint_every": 200, "validate_every": 500, "log_every": 25}


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    return shared_main("mvs", _task, argv, defaults=DEFAULTS, add_options=_options)


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--part", default="96x72", help="WIDTHxHEIGHT, at half size, of the part the finest levels are trained on")
    parser.add_argument("--validation", type=int, default=16, help="view sets in a validation")
    parser.add_argument("--no-view-weights", action="store_true", help="all sources count alike (for comparison)")
    parser.add_argument("--no-refinement", action="store_true", help="no edge-aware mean at full size (for comparison)")


def _task(options: argparse.Namespace) -> MvsTask:
    if options.tiny and options.data is None:
        return MvsTask(None, (16, 24), 1)
    width, height = (int(v) for v in options.part.split("x"))
    network = {"view_weights": not options.no_view_weights, "refinement": not options.no_refinement}
    return MvsTask(options.data, (height, width), options.validation, network)


if __name__ == "__main__":
    sys.exit(main())
