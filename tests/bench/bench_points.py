"""Refinement of clouds: `photolith bench points`: Gaussian noise on clouds of meshes that were never trained on.

The table goes to tests/bench/results/ when everything was measured with the usual options, else to out/bench/.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.bench.points_noise import run_noise
from tests.bench.support.machine import machine_lines

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only meshes whose name contains NAME")
    parser.add_argument("--weights", default="", help="weights of the network; the shipped ones when left out")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("PHOTOLITH_DATA") or ROOT.parent / "shared" / "data"))
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "bench")
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        print(f"The data for this bench are not in '{arguments.data}'. Set PHOTOLITH_DATA or give --data.", file=sys.stderr)
        return 3
    text = "\n".join(["# Refinement of clouds", "", *machine_lines(), "", *run_noise(arguments)])
    folder = arguments.out if arguments.only or arguments.weights else Path(__file__).parent / "results"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "points.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
