"""Clouds of points: `photolith bench points [--noise] [--stereo] [--classes] [--large]` (all when none is named).

--noise: Gaussian noise on clouds of meshes that were never trained on. --stereo: dense clouds of our own multi-view stereo. --classes:
classification of voxel shapes. --large: time and memory of clouds of many points. Tables go to tests/bench/results/ when everything was
measured with the usual options, else to out/bench/.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.bench.points_classes import run_classes
from tests.bench.points_large import run_large
from tests.bench.points_mvs import run_mvs
from tests.bench.points_noise import run_noise
from tests.bench.support.machine import machine_lines
from tests.bench.support.options import bench_parser, parse

ROOT = Path(__file__).resolve().parents[2]
PARTS = {"noise": run_noise, "stereo": run_mvs, "classes": run_classes, "large": run_large}


def main() -> int:
    """Command line."""
    parser = bench_parser(__doc__)
    parser.add_argument("--noise", action="store_true", help="Gaussian noise")
    parser.add_argument("--stereo", action="store_true", help="clouds of our own stereo")
    parser.add_argument("--classes", action="store_true", help="classification")
    parser.add_argument("--large", action="store_true", help="large clouds")
    parser.add_argument("--points", type=int, nargs="+", default=[1_000_000, 10_000_000], help="points of the large clouds")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only meshes whose name contains NAME")
    parser.add_argument("--weights", default="", help="weights of the network; the shipped ones when left out")
    arguments = parse(parser)
    asked = [name for name in PARTS if getattr(arguments, name)]
    lines = ["# Clouds of points", "", *machine_lines(), ""]
    for name in asked or PARTS:
        lines += PARTS[name](arguments)
    text = "\n".join(lines)
    folder = arguments.out if asked or arguments.only or arguments.weights else Path(__file__).parent / "results"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "points.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
