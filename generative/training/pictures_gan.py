"""`photolith train pictures-gan`, or bare: `python -m generative.training.pictures_gan --data PICTURES --out DIR`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from generative.training.adversarial import GAMES
from generative.training.gan_task import PicturesGanTask
from recon.learning import command

DEFAULTS = {
    "steps": 60000,
    "batch": 64,
    "rate": 2e-4,
    "momentum": 0.0,
    "warmup": 0,
    "clip": 0.0,
    "weight_decay": 0.0,
    "validate_every": 2000,
}
TINY = {"steps": 6, "batch": 4}


def make_task(options: argparse.Namespace) -> PicturesGanTask:
    """The task that the options ask for."""
    width = 8 if options.tiny and options.data is None else options.width
    return PicturesGanTask(options.data, game=options.game, critic_steps=options.critic_steps, penalty=options.r1, width=width)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--game", choices=GAMES, default="hinge", help="what both players minimise")
    parser.add_argument("--critic-steps", type=int, default=2, help="steps of the critic before one of the generator")
    parser.add_argument("--r1", type=float, default=0.0, help="weight of the critic's gradient penalty at real pictures")
    parser.add_argument("--width", type=int, default=48, help="channels of the finest level")


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    return command.main("pictures-gan", make_task, argv, defaults=DEFAULTS, tiny=TINY, add_options=_add_options)


if __name__ == "__main__":
    sys.exit(main())
