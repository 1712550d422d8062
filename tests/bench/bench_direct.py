"""Direct routes: `photolith bench direct`: shapes from 1 to 8 pictures by the networks, beside the visual hull and the mean shape.

The table goes to tests/bench/results/ when everything was measured with the usual options, else to out/bench/.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.bench.direct_cases import COUNTS, Score, contenders, kinds, measured
from tests.bench.support.machine import machine_lines
from tests.bench.support.tables import table

ROOT = Path(__file__).resolve().parents[2]
WORDS = """\
Shapes of the validation split of `photolith train direct-data`: procedural ones, chairs, monitors and scanned objects that no network was
trained on; chairs and monitors are of classes that they know. The cube that is looked into is [-1, 1] along each axis; the shape's longest
side takes about 80 % of it. Chamfer: mean squared distance to the nearest point both ways, added; F: share of points within 0.05 both ways
(harmonic mean); IoU: of 32³ cells (a cloud has none). One picture comes without its camera, several with theirs; 'points, no cameras' gets
several pictures and no camera. Visual hull: from the same masks. Mean shape: the cells that are full in more than a share of the training
shapes, in the same cube; the share is the best one for these."""


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT / "out" / "training_runs" / "direct" / "data", help="of 'train direct-data'")
    parser.add_argument("--limit", type=int, default=20, help="shapes at most (default: %(default)s)")
    parser.add_argument("--voxels", default="", help="weights; the shipped ones when left out")
    parser.add_argument("--points", default="", help="weights; the shipped ones when left out")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "bench")
    options = parser.parse_args()
    if not options.data.is_dir():
        print(f"The data for this bench are not in '{options.data}'. Make them with 'photolith train direct-data'.", file=sys.stderr)
        return 3
    ways = contenders(options.data, options.voxels, options.points)
    scores = measured(options.data, options.limit, ways)
    lines = ["# Direct routes", "", *machine_lines(), "", WORDS, ""]
    for kind in ("all", *kinds(scores)):
        chosen = [score for score in scores if kind in ("all", score.kind)]
        lines += [f"## {kind}: {len({score.name for score in chosen})} shapes", "", *rows(chosen, list(ways)), ""]
    text = "\n".join(lines)
    usual = not (options.voxels or options.points) and options.limit == parser.get_default("limit")
    folder = Path(__file__).parent / "results" if usual else options.out
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "direct.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


def rows(scores: list[Score], ways: list[str]) -> list[str]:
    """A table: a row for each way, columns for the numbers of pictures."""
    columns = [f"{figure} {count}" for figure in ("IoU", "F", "Chamfer") for count in COUNTS]
    lines = []
    for way in ways:
        cells = [way]
        for figure, digits in (("iou", 3), ("f", 3), ("chamfer", 4)):
            for count in COUNTS:
                values = [getattr(s, figure) for s in scores if s.way == way and s.count == count and getattr(s, figure) is not None]
                cells.append(f"{sum(values) / len(values):.{digits}f}" if values else "")
        lines.append(cells)
    return table(["", *columns], lines)


if __name__ == "__main__":
    sys.exit(main())
