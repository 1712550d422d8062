"""Refinement of clouds: `photolith bench points [--noise] [--clouds]` (both when none is named).

--noise: Gaussian noise on clouds of meshes never trained on. --clouds: clouds of our own multi-view stereo of rendered scenes.
The table goes
to tests/bench/results/ when everything was measured with the usual options, else to out/bench/.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.bench.points_clouds import run_clouds
from tests.bench.points_noise import run_noise
from tests.bench.support.machine import machine_lines

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--noise", action="store_true", help="Gaussian noise on sampled meshes")
    parser.add_argument("--clouds", action="store_true", help="clouds of our own multi-view stereo")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only meshes whose name contains NAME")
    parser.add_argument("--weights", default="", help="weights of the network; the shipped ones when left out")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("PHOTOLITH_DATA") or ROOT.parent / "shared" / "data"))
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "bench")
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        print(f"The data for this bench are not in '{arguments.data}'. Set PHOTOLITH_DATA or give --data.", file=sys.stderr)
        return 3
    every = not (arguments.noise or arguments.clouds)
    lines = ["# Refinement of clouds", "", *machine_lines(), ""]
    if arguments.noise or every:
        lines += run_noise(arguments)
    if arguments.clouds or every:
        lines += run_clouds(arguments)
    plain = every and not (arguments.only or arguments.weights)
    folder = Path(__file__).parent / "results" if plain else arguments.out
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "points.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
