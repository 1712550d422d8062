"""Keypoints and matches, learned against SIFT: `photolith bench features [--part NAME ...] [--weights FILE] ...`.

Parts: fountain (cameras of fountain-P11 with K given), temple (templeSparseRing, the same), homographies (pictures of Kodak), thinned
(every 2nd and 3rd photo), changed (every second photo with another exposure, turned, of half the size, blurred), plain (rendered
objects with little texture before an empty background). All when none is named; the table holds the parts of one call. Runs go through
the command line in processes of their own, into out/bench/features/; what has finished is not run again unless --fresh.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.bench.features_homographies import run_homographies
from tests.bench.features_photos import run_photo_parts
from tests.bench.support.machine import machine_lines
from tests.bench.support.options import bench_parser, parse

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("fountain", "temple", "homographies", "thinned", "changed", "plain")


def main() -> int:
    """Command line."""
    parser = bench_parser(__doc__)
    parser.add_argument("--part", action="append", default=[], choices=PARTS, help="only this part; may be repeated")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only runs whose name contains NAME")
    parser.add_argument("--features", action="append", default=[], choices=("sift", "cnn"), help="only these features")
    parser.add_argument("--weights", type=Path, help="weights instead of the shipped ones")
    parser.add_argument("--option", action="append", default=[], metavar="TEXT", help="passed on to `photolith reconstruct`")
    parser.add_argument("--max-features", type=int, help="keypoints of a photo; what each extractor has by default when left out")
    parser.add_argument("--pictures", type=int, default=24, help="homographies: so many of them")
    parser.add_argument("--half", type=float, default=0.0, help="part of the learned keypoints that is looked for at half the resolution")
    parser.add_argument("--plain", action="store_true", help="fountain: plain pycolmap too")
    parser.add_argument("--label", default="", help="name of the variant; its tables go to out/bench/features/ only")
    parser.add_argument("--fresh", action="store_true", help="run again what has finished")
    parser.set_defaults(out=ROOT / "out" / "bench" / "features")
    arguments = parse(parser)
    arguments.features = arguments.features or ["sift", "cnn"]
    parts = arguments.part or list(PARTS)
    lines, failures = ["# Features", "", *machine_lines(), ""], 0
    if "homographies" in parts:
        lines += run_homographies(arguments)
    found, failures = run_photo_parts([part for part in parts if part != "homographies"], arguments)
    lines += found
    text = "\n".join([*lines, ""])
    plain = not (arguments.label or arguments.option or arguments.only or arguments.weights)
    target = (Path(__file__).parent / "results" if plain else arguments.out) / f"features{arguments.label and '_' + arguments.label}.md"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    print(text)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
