"""`bench mvs --cost`: time and peak memory of a view against pixels and sources, each in a process of its own with one thread."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.support.tables import cell, table

SIZES = ((400, 300), (800, 600), (1200, 900), (1600, 1200))
SOURCES = (1, 2, 4, 8)
ROOT = Path(__file__).resolve().parents[2]
CHILD = """
import json, resource, sys, time
import numpy as np, torch
torch.set_num_threads(1)
from recon.mvs.cnn.inference import CnnDepth, load_network
from recon.mvs.cnn.toy import toy_set
from recon.mvs.cnn.examples import view_of
from recon.mvs.matcher import Picture
width, height, count, weights = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
views = toy_set(0, 1 + count, (width, height), 3, 0.15)
pictures = [Picture(view_of(views, i), views.images[i]) for i in range(1 + count)]
near, far = float(views.near[0]), float(views.far[0])
del views
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
work = CnnDepth(load_network(weights), memory=1 << 30)
start = time.process_time()
prepared = [work.prepare(p) for p in pictures]
middle = time.process_time()
work.depth(pictures[0], pictures[1:], prepared, near, far)
end = time.process_time()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"features": (middle - start) / len(pictures), "depth": end - middle, "peak": peak / 2**20, "before": before / 2**20}))
"""


def run_cost(arguments: argparse.Namespace) -> list[str]:
    """Lines of the report."""
    cases = [(*size, 4) for size in SIZES] + [(800, 600, count) for count in SOURCES if count != 4]
    rows = []
    for width, height, count in sorted(cases, key=lambda c: (c[2] != 4, c)):
        found = _measured(width, height, count, str(arguments.weights or ""))
        megapixels = width * height / 1e6
        total = found["features"] + found["depth"]
        rows.append([f"{width}x{height}", count, found["features"], found["depth"], total / megapixels, found["peak"]])
        print(*rows[-1], flush=True)
    lines = ["## Cost", "", "Seconds of one thread for the features of a picture (once a picture) and for the depth of a view; the peak"]
    lines += ["is that of the whole process.", ""]
    head = ("picture", "sources", "features s", "depth s", "s/megapixel", "peak GiB")
    return [*lines, *table(head, [[str(v) if isinstance(v, str | int) else cell(v) for v in row] for row in rows]), ""]


def _measured(width: int, height: int, count: int, weights: str) -> dict[str, Any]:
    command = [sys.executable, "-c", CHILD, str(width), str(height), str(count), weights]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return dict(json.loads(answer.stdout))
