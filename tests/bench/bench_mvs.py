"""Depth by the network against the classical method: `photolith bench mvs [--scenes] [--sets] [--cost]` (all when none is named).

--scenes: rendered meshes, from depth onwards, scored as in `bench reconstruct`. --sets: validation view sets: what each part of the
network is worth, and how honest its confidence is. --cost: time and memory against pixels and sources. What has finished is not run
again unless --fresh. Tables go to tests/bench/results/ when everything was measured with the usual options, else to out/bench/.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.bench.mvs_cost import run_cost
from tests.bench.mvs_scenes import run_scenes
from tests.bench.mvs_sets import run_sets
from tests.bench.support.machine import machine_lines
from tests.bench.support.options import bench_parser, need_data

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Command line."""
    parser = bench_parser(__doc__)
    parser.add_argument("--scenes", action="store_true", help="rendered meshes against their true surface")
    parser.add_argument("--sets", action="store_true", help="parts of the network and its confidence, on validation view sets")
    parser.add_argument("--cost", action="store_true", help="time and memory against pixels and sources")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only meshes whose name contains NAME")
    parser.add_argument("--methods", nargs="+", default=["classical", "cnn", "hybrid"])
    parser.add_argument("--weights", type=Path, default=None, help="weights of the network; the shipped ones when left out")
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--views", type=int, default=18)
    parser.add_argument("--size", default="800x600", help="WIDTHxHEIGHT")
    parser.add_argument("--option", action="append", default=[], metavar="STAGE.FIELD=VALUE", help="further settings")
    parser.add_argument("--label", default="", help="name of the variant; its table goes to out/bench/ only")
    parser.add_argument("--fresh", action="store_true", help="run again what has finished")
    parser.add_argument("--training", type=Path, default=ROOT / "out" / "training", help="folder of view sets")
    arguments = parser.parse_args()
    if arguments.weights is not None:
        arguments.weights = arguments.weights.resolve()
    every = not (arguments.scenes or arguments.sets or arguments.cost)
    lines, failures = ["# Depth by the network", "", *machine_lines(), ""], 0
    if arguments.scenes or every:
        need_data(arguments, arguments.data.is_dir())
        found, failures = run_scenes(arguments)
        lines += found
    if arguments.sets or every:
        lines += run_sets(arguments)
    if arguments.cost or every:
        lines += run_cost(arguments)
    text = "\n".join(lines)
    plain = every and not (arguments.label or arguments.option or arguments.only or arguments.weights)
    folder = Path(__file__).parent / "results" if plain else arguments.out
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"mvs{arguments.label and '_' + arguments.label}.md").write_text(text, encoding="utf-8")
    print(text)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
