"""How well and how fast photographs become a model: `photolith bench reconstruct [--renders] [--photos] ...` (both when neither is named).

Every run goes through the command line in a process of its own, into `out/bench/`. What has finished is not run again unless --fresh.
Tables go to tests/bench/results/, pictures to look at to out/bench/.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.bench.photos_part import run_photos
from tests.bench.renders_part import run_renders

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--renders", action="store_true", help="ten rendered meshes against their true surface")
    parser.add_argument("--photos", action="store_true", help="real photo sets")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only meshes or photo sets whose name contains NAME")
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--ground", choices=("photos", "masked", "both"), default="both", help="renders: how the ground is left out")
    parser.add_argument("--views", type=int, default=18)
    parser.add_argument("--size", default="800x600", help="renders: WIDTHxHEIGHT")
    parser.add_argument("--option", action="append", default=[], metavar="TEXT", help="passed on to `photolith reconstruct`")
    parser.add_argument("--label", default="", help="name of the variant; tables of a variant go to out/bench/ only")
    parser.add_argument("--fresh", action="store_true", help="run again what has finished")
    parser.add_argument("--table-only", action="store_true", help="write the tables from what has finished")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("PHOTOLITH_DATA") or ROOT.parent / "shared" / "data"))
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "bench")
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        print(f"The data for this bench are not in '{arguments.data}'. Set PHOTOLITH_DATA or give --data.", file=sys.stderr)
        return 3
    both = arguments.renders == arguments.photos
    failures = 0
    if arguments.renders or both:
        failures += run_renders(arguments)
    if arguments.photos or both:
        failures += run_photos(arguments)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
