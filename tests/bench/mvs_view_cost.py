"""Cost of the depth of one view, in a process of its own with one thread: prints a JSON object.

`python -m tests.bench.mvs_view_cost METHOD WIDTH HEIGHT SOURCES WEIGHTS [--count]`
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter
from torch.utils.flop_counter import FlopCounterMode

from recon.mvs.cnn.examples import view_of
from recon.mvs.cnn.inference import CnnDepth, load_network
from recon.mvs.cnn.toy import toy_set
from recon.mvs.config import DepthConfig
from recon.mvs.estimate import fine_depth, rough_depth, settled
from recon.mvs.matcher import Picture


class _Traffic(TorchDispatchMode):
    """Bytes that all operations read and write, each on its own; what a compiler fuses is counted as if it did not."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        if "view" not in func._schema.name and not func.is_view:
            self.bytes += sum(x.numel() * x.element_size() for x in tree_iter((args, kwargs, found)) if isinstance(x, Tensor))
        return found


def measure(method: str, width: int, height: int, count: int, weights: str) -> dict[str, float]:
    """Processor seconds for what is done once a picture and once a view, and the peak of memory in GiB.

    The rough depths of the sources, which the last level of 'hybrid' and 'classical' looks at, are the true ones; their cost is that
    of the reference's, once a view as in a reconstruction.
    """
    views = toy_set(0, 1 + count, (width, height), 3, 0.15)
    pictures = [Picture(view_of(views, i), views.images[i]) for i in range(1 + count)]
    truth = torch.from_numpy(views.inverse_depth)
    known = list(interpolate(truth[:, None], (height // 2, width // 2))[1:, 0])
    near, far = float(views.near[0]), float(views.far[0])
    reference, sources, config = pictures[0], pictures[1:], DepthConfig(method=method)
    once = 0.0
    start = time.process_time()
    if method == "classical":
        fine_depth(reference, sources, near, far, config, rough_depth(reference, sources, near, far, config), known)
    else:
        work = CnnDepth(load_network(weights), memory=1 << 30)
        start = time.process_time()
        prepared = [work.prepare(p, 0 if method == "cnn" else 1) for p in pictures]
        once = (time.process_time() - start) / len(pictures)
        start = time.process_time()
        if method == "cnn":
            work.depth(reference, sources, prepared, near, far)
        else:
            rough = settled(reference, sources, near, far, config, work.rough(reference, sources, prepared, near, far))
            fine_depth(reference, sources, near, far, config, rough, known)
    view = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"features": once, "depth": view, "peak": peak / 2**20}


def count_work(method: str, width: int, height: int, count: int, weights: str) -> dict[str, float]:
    """Floating-point operations of convolutions and products, and bytes of all operations, of features and depth of a view."""
    counter, traffic = FlopCounterMode(display=False), _Traffic()
    with counter, traffic:
        measure(method, width, height, count, weights)
    return {"flops": float(counter.get_total_flops()), "bytes": float(traffic.bytes)}


if __name__ == "__main__":
    torch.set_num_threads(1)
    chosen = (sys.argv[1], *(int(v) for v in sys.argv[2:5]), sys.argv[5])
    print(json.dumps((count_work if "--count" in sys.argv else measure)(*chosen)))
