"""`photolith train direct-points`, or bare: `python -m recon.direct.train_points --data DIR --out DIR`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from recon.direct.point_task import PointTask
from recon.learning import command

DEFAULTS = {
    "steps": 4000,
    "batch": 8,
    "rate": 1e-3,
    "warmup": 50,
    "validate_every": 200,
    "checkpoint_every": 50,
    "log_every": 25,
    "ema": 0.99,
}
TINY = {"steps": 2, "batch": 1}


def make_task(options: argparse.Namespace) -> PointTask:
    """The task that the options ask for."""
    return PointTask(options.data)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    return command.main("direct-points", make_task, argv, defaults=DEFAULTS, tiny=TINY)


if __name__ == "__main__":
    sys.exit(main())
