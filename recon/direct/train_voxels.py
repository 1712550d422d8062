"""`photolith train direct-voxels`, or bare: `python -m recon.direct.train_voxels --data DIR --out DIR`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from recon.direct.voxel_task import VoxelTask
from recon.learning import command

DEFAULTS = {
    "steps": 4000,
    "batch": 4,
    "rate": 2e-3,
    "warmup": 50,
    "validate_every": 200,
    "checkpoint_every": 50,
    "log_every": 25,
    "ema": 0.99,
}
TINY = {"steps": 2, "batch": 1}


def make_task(options: argparse.Namespace) -> VoxelTask:
    """The task that the options ask for."""
    return VoxelTask(options.data)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    return command.main("direct-voxels", make_task, argv, defaults=DEFAULTS, tiny=TINY)


if __name__ == "__main__":
    sys.exit(main())
