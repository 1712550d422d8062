"""`photolith train pictures-ddpm`, or bare: `python -m generative.training.pictures_ddpm --data PICTURES --out DIR`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from generative.training.ddpm_task import PicturesDdpmTask
from recon.learning import command

DEFAULTS = {"steps": 200000, "batch": 32, "rate": 1e-3, "validate_every": 1000, "checkpoint_every": 500, "log_every": 50}
TINY = {"steps": 2, "batch": 2}


def make_task(options: argparse.Namespace) -> PicturesDdpmTask:
    """The task that the options ask for."""
    return PicturesDdpmTask(options.data, width=8 if options.tiny and options.data is None else options.width)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--width", type=int, help="channels at full size, a multiple of 8", default=16)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    return command.main("pictures-ddpm", make_task, argv, defaults=DEFAULTS, tiny=TINY, add_options=_add_options)


if __name__ == "__main__":
    sys.exit(main())
