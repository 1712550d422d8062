"""How well and how fast photographs become a model: `photolith bench reconstruct [--renders] [--photos] ...` (both when neither is named).

Every run goes through the command line in a process of its own, into `out/bench/`. What has finished is not run again unless --fresh.
Tables go to tests/bench/results/, pictures to look at to out/bench/.
"""

from __future__ import annotations

import sys

from tests.bench.photos_part import run_photos
from tests.bench.renders_part import run_renders
from tests.bench.support.options import parse, scene_parser


def main() -> int:
    """Command line."""
    parser = scene_parser(__doc__)
    parser.add_argument("--renders", action="store_true", help="ten rendered meshes against their true surface")
    parser.add_argument("--photos", action="store_true", help="real photo sets")
    parser.add_argument("--ground", choices=("photos", "masked", "both"), default="both", help="renders: how the ground is left out")
    arguments = parse(parser)
    both = arguments.renders == arguments.photos
    failures = 0
    if arguments.renders or both:
        failures += run_renders(arguments)
    if arguments.photos or both:
        failures += run_photos(arguments)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
