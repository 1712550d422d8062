"""What the window knows of its layers: which there are, which are being read, and what the renderer told about them. No Qt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from desktop.viewport.layers import LayerSpec
from desktop.viewport.orbit import Array
from desktop.viewport.subject import Subject

_WITH_CAMERAS = 2.0  # in radii of the subject
FATAL_READS = 2
"""A layer during whose reading the renderer died this often is not read again."""


class Stock:
    """Layers in the order they were added."""

    def __init__(self) -> None:
        self.specs: dict[str, LayerSpec] = {}
        self.facts: dict[str, dict[str, Any]] = {}
        self._deaths: dict[str, int] = {}
        self._reading: list[str] = []

    @property
    def reading(self) -> tuple[str, ...]:
        """Names of layers that are being read, the present one first."""
        return tuple(self._reading)

    def put(self, spec: LayerSpec) -> str:
        """Adds or replaces a layer; what the renderer has to be told: 'layer', 'visible' or '' for nothing."""
        old = self.specs.get(spec.name)
        self.specs[spec.name] = spec
        if old == spec:
            return ""
        if old is not None and replace(old, visible=spec.visible) == spec:
            return "visible"
        self._deaths.pop(spec.name, None)
        self._done(spec.name)
        self._reading.append(spec.name)
        return "layer"

    def show(self, name: str, visible: bool) -> bool:
        """Shows or hides a layer; False when there is none of that name."""
        if name not in self.specs:
            return False
        self.specs[name] = replace(self.specs[name], visible=visible)
        return True

    def remove(self, name: str) -> bool:
        """Forgets a layer; False when there is none of that name."""
        self.facts.pop(name, None)
        self._deaths.pop(name, None)
        self._done(name)
        return self.specs.pop(name, None) is not None

    def read_all(self) -> tuple[LayerSpec, ...]:
        """Another renderer reads everything again."""
        self._reading = list(self.specs)
        return tuple(self.specs.values())

    def loaded(self, name: str, facts: dict[str, Any]) -> None:
        """The renderer has read the layer."""
        self._done(name)
        self._deaths.pop(name, None)
        self.facts[name] = facts

    def failed(self, name: str) -> None:
        """The renderer could not read the layer, or there is no renderer any more."""
        self._done(name)

    def renderer_died(self) -> str:
        """Counts against the layer that was being read; gives its name when it is given up for that, else ''."""
        if not self._reading:
            return ""
        name = self._reading[0]
        self._deaths[name] = self._deaths.get(name, 0) + 1
        if self._deaths[name] < FATAL_READS:
            return ""
        self.remove(name)
        return name

    def bounds(self) -> tuple[Array, Array, Array] | None:
        """Box `low`, `high` and outermost points `[K, 3]` of what there is; cameras count only while there is nothing else."""
        model = [facts for name, facts in self.facts.items() if self.specs[name].kind != "cameras"] or list(self.facts.values())
        if not model:
            return None
        corners = np.array([facts["bounds"] for facts in model], np.float64)
        outlines = [np.array(facts["outline"], np.float64).reshape(-1, 3) for facts in model]
        return corners[:, 0].min(axis=0), corners[:, 1].max(axis=0), np.concatenate(outlines)

    def subject(self) -> Subject | None:
        """What the photos show, None when the cameras do not tell; with the cameras' places while there is nothing dense to see."""
        found = [facts["subject"] for facts in self.facts.values() if facts.get("subject")]
        if not found:
            return None
        subject, dense = Subject.from_json(found[0]), any(self.specs[name].kind in ("cloud", "mesh") for name in self.facts)
        return subject if dense else replace(subject, radius=_WITH_CAMERAS * subject.radius)

    def views(self) -> list[dict[str, Any]]:
        """The photos' cameras."""
        return [view for facts in self.facts.values() for view in facts.get("views", ())]

    def _done(self, name: str) -> None:
        if name in self._reading:
            self._reading.remove(name)
