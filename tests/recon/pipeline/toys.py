"""Two small stages to run, stop and resume."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import ClassVar

from recon.errors import Cancelled
from recon.pipeline.config import setting
from recon.pipeline.stage import Item, Stage


@dataclass(frozen=True)
class AddConfig:
    """Settings of both stages."""

    add: int = setting(0, "Added to every size.")


class Sizes(Stage):
    """The size of each photo's file."""

    name, title, version, config_type, sources = "photos", "Sizes", 1, AddConfig, ("photos",)
    publishes: ClassVar[dict[str, str]] = {"@items": "sizes"}
    calls: ClassVar[list[str]] = []
    stop_after: ClassVar[int | None] = None

    def run(self, inputs, config, context):
        def compute(item, path):
            if len(self.calls) == self.stop_after:
                raise Cancelled
            self.calls.append(item.name)
            path.write_text(str(context.project_photos[item.name].stat().st_size + config.add))

        context.items([Item(name, (digest,)) for name, digest in context.digests.items()], compute, ".txt")
        rows = [{"id": name, "verdict": "ok", "usable": True} for name in context.digests]
        (context.output / "photos.json").write_text(json.dumps({"photos": rows}))


class Total(Stage):
    """The sum of the sizes."""

    name, title, version, config_type, needs = "total", "Total", 1, AddConfig, ("photos",)
    publishes: ClassVar[dict[str, str]] = {"total.txt": "total.txt", "parts": "parts"}

    def run(self, inputs, config, context):
        sizes = [int(path.read_text()) for path in inputs["photos"].items.values()]
        (context.output / "total.txt").write_text(str(sum(sizes) + config.add))
        (context.output / "parts").mkdir()
        (context.output / "parts" / "list.txt").write_text(" ".join(map(str, sizes)))


STAGES = (Sizes(), Total())
