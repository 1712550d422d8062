"""Which stages are up to date, and why the others are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recon.errors import PhotolithError, SettingsError
from recon.pipeline.keys import Conditions, Sources, accepted, explain, read_sources, recipe
from recon.pipeline.settings import configs
from recon.pipeline.stage import Artifact, Stage
from recon.project.digests import digest_json
from recon.project.project import Project


@dataclass(frozen=True)
class StagePlan:
    """What a run would do with a stage.

    Args:
        name: The stage.
        title: For people.
        state: 'fresh' (nothing to do), 'stale' (runs again), 'never' (has not run), 'blocked' (cannot run).
        why: The reason in words; '' when fresh.
    """

    name: str
    title: str
    state: str
    why: str = ""


@dataclass(frozen=True)
class Request:
    """What is asked of a project.

    Args:
        project: The project.
        stages: All stages, in order.
        settings: Stage name -> config.
        sources: What the user put in.
        asked: Conditions as asked for.
        device: What the device 'auto' stands for on this machine; None when nobody has looked.
    """

    project: Project
    stages: Sequence[Stage]
    settings: Mapping[str, Any]
    sources: Sources
    asked: Conditions
    device: str | None = None

    def find(self, stage: Stage, done: Mapping[str, Artifact]) -> tuple[Artifact | None, str]:
        """The artifact that can be reused, or None and the reason in words.

        Args:
            stage: One of the stages.
            done: Artifacts of the stages before, by name.
        """
        recipes = [self._recipe(stage, done, candidate) for candidate in accepted(stage, self.asked, self.device)]
        store, damage = self.project.store, ""
        for made in recipes:
            record = store.record(stage.name, digest_json(made))
            if record is None:
                continue
            damaged = store.damage(record)
            if damaged is None:
                return store.artifact(record), ""
            damage = f"its file '{damaged}' is missing or damaged"
        return None, damage or self._changes(stage, recipes[0])

    def _recipe(self, stage: Stage, done: Mapping[str, Artifact], conditions: Conditions) -> dict[str, Any]:
        inputs = {name: done[name].digest for name in stage.needs}
        return recipe(stage, self.settings[stage.name], inputs, self.sources, conditions)

    def _changes(self, stage: Stage, new: dict[str, Any]) -> str:
        """What has changed since the stage ran last."""
        history = self.project.history(stage.name)
        if not history:
            return "it has not run yet"
        old = self.project.store.record(stage.name, history[0])
        if old is None:
            return "its result is missing or damaged"
        if self.asked.device == "auto" and "device" in new:  # a result of any device would have done
            new = {**new, "device": old.recipe.get("device")}
        return explain(old.recipe, new, {stage.name: stage.title for stage in self.stages})


def plan(
    project: Project, stages: Sequence[Stage], *, device: str = "auto", seed: int = 0, deterministic: bool = False
) -> tuple[StagePlan, ...]:
    """The state of every stage, in order. Changes nothing but the cache of digests.

    Raises:
        SettingsError: The project has a setting that no stage knows.
    """
    settings = configs(project, stages)
    try:
        sources = read_sources(project)
    except PhotolithError as error:
        return _blocked(stages, f"{error.what} {error.why}".strip())
    if not sources.photos:
        return _blocked(stages, "No photos are switched on." if project.photos else "There are no photos yet.")
    request = Request(project, stages, settings, sources, Conditions(device, seed, deterministic))
    titles = {stage.name: stage.title for stage in stages}
    done: dict[str, Artifact] = {}
    result: list[StagePlan] = []
    for stage in stages:
        missing = [titles.get(name, name) for name in stage.needs if name not in done]
        artifact, why = (None, f"{missing[0]} has to run first") if missing else request.find(stage, done)
        if artifact is not None:
            done[stage.name] = artifact
        state = "fresh" if artifact is not None else "stale" if project.history(stage.name) else "never"
        result.append(StagePlan(stage.name, stage.title, state, why))
    project.digests.save()
    return tuple(result)


def _blocked(stages: Sequence[Stage], why: str) -> tuple[StagePlan, ...]:
    return tuple(StagePlan(stage.name, stage.title, "blocked", why) for stage in stages)


def until_stage(stages: Sequence[Stage], until: str | None) -> Sequence[Stage]:
    """The stages up to and with `until`; None and 'report' mean all.

    Raises:
        SettingsError: There is no stage of this name.
    """
    if until is None or until == "report":
        return stages
    names = [stage.name for stage in stages]
    if until not in names:
        raise SettingsError(f"There is no stage '{until}'.", f"Stages: {', '.join([*names, 'report'])}.", "Choose one of them.")
    return stages[: names.index(until) + 1]
