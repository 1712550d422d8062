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


def plan(
    project: Project, stages: Sequence[Stage], *, device: str = "auto", seed: int = 0, deterministic: bool = False
) -> tuple[StagePlan, ...]:
    """The state of every stage, in order. Reads only.

    Raises:
        SettingsError: The project has a setting that no stage knows.
    """
    settings = configs(project, stages)
    conditions = Conditions(device, seed, deterministic)
    try:
        sources = read_sources(project)
    except PhotolithError as error:
        return tuple(StagePlan(s.name, s.title, "blocked", f"{error.what} {error.why}".strip()) for s in stages)
    if not sources.photos:
        why = "No photos are switched on." if project.photos else "There are no photos yet."
        return tuple(StagePlan(s.name, s.title, "blocked", why) for s in stages)
    done: dict[str, Artifact] = {}
    result: list[StagePlan] = []
    titles = {stage.name: stage.title for stage in stages}
    for stage in stages:
        missing = [titles.get(name, name) for name in stage.needs if name not in done]
        if missing:
            state = "stale" if project.history(stage.name) else "never"
            result.append(StagePlan(stage.name, stage.title, state, f"{missing[0]} has to run first"))
            continue
        inputs = {name: done[name].digest for name in stage.needs}
        artifact, why = find(project, stage, settings[stage.name], inputs, sources, conditions, None, titles)
        if artifact is not None:
            done[stage.name] = artifact
        state = "fresh" if artifact is not None else "stale" if project.history(stage.name) else "never"
        result.append(StagePlan(stage.name, stage.title, state, why))
    return tuple(result)


def find(
    project: Project,
    stage: Stage,
    config: Any,
    inputs: Mapping[str, str],
    sources: Sources,
    conditions: Conditions,
    device: str | None,
    titles: Mapping[str, str],
) -> tuple[Artifact | None, str]:
    """The artifact that can be reused, or None and the reason in words."""
    why = ""
    for candidate in accepted(stage, conditions, device):
        key = digest_json(recipe(stage, config, inputs, sources, candidate))
        record = project.store.record(stage.name, key)
        if record is None:
            continue
        damage = project.store.damage(record)
        if damage is None:
            artifact = project.store.artifact(stage.name, key)
            if artifact is not None:
                return artifact, ""
        why = f"its file '{damage}' is missing or damaged"
    history = project.history(stage.name)
    if why or not history:
        return None, why or "it has not run yet"
    old = project.store.record(stage.name, history[0])
    if old is None:
        return None, "its result is missing or damaged"
    new = recipe(stage, config, inputs, sources, accepted(stage, conditions, device)[0])
    if conditions.device == "auto" and device is None and "device" in old.recipe and "device" in new:
        new["device"] = old.recipe["device"]
    return None, explain(old.recipe, new, titles)


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
