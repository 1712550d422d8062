"""The settings a stage runs with: preset, then what the user changed in the project."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import resources
from recon.errors import SettingsError
from recon.pipeline.config import build, describe
from recon.pipeline.stage import Stage
from recon.project.project import Project


def load_preset(name: str) -> dict[str, dict[str, Any]]:
    """Stage -> field -> value of a shipped preset.

    Raises:
        SettingsError: There is no such preset.
    """
    try:
        return dict(json.loads(resources.path(f"presets/{name}.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise SettingsError(f"There is no preset '{name}'.", "Presets: draft, balanced, quality, learned.", "Choose one of them.") from None


def configs(project: Project, stages: Sequence[Stage]) -> dict[str, Any]:
    """Stage name -> config for all stages.

    Raises:
        SettingsError: A setting of the project is unknown or out of its range; stage and field are named.
    """
    preset, changed = load_preset(project.preset), project.settings
    return {stage.name: _build(stage, {**preset.get(stage.name, {}), **changed.get(stage.name, {})}) for stage in stages}


def preset_config(stage: Stage, preset: str) -> Any:
    """The config of one stage when the user changed nothing; what a form resets to."""
    return _build(stage, load_preset(preset).get(stage.name, {}))


def check_settings(stages: Sequence[Stage], settings: Mapping[str, Mapping[str, Any]]) -> None:
    """Checks changes before they are stored in a project.

    Raises:
        SettingsError: Unknown stage, unknown field, wrong type or out of range.
    """
    known = {stage.name: stage for stage in stages}
    for name, values in settings.items():
        if name not in known:
            raise SettingsError(f"There is no stage '{name}'.", f"Stages: {', '.join(known)}.", "Correct the name.")
        _build(known[name], values)


def parse_assignment(stages: Sequence[Stage], text: str) -> tuple[str, str, Any]:
    """'depth.cost=census' -> ('depth', 'cost', 'census'), with the value in the field's type.

    Raises:
        SettingsError: Not of this form, or not a setting.
    """
    target, equals, value = text.partition("=")
    stage_name, dot, field = target.strip().partition(".")
    if not equals or not dot:
        raise SettingsError(f"'{text}' is not a setting.", "", "Write stage.field=value, for instance depth.max_size=1600.")
    known = {stage.name: stage for stage in stages}
    if stage_name not in known:
        raise SettingsError(f"There is no stage '{stage_name}'.", f"Stages: {', '.join(known)}.", "Correct the name.")
    fields = describe(known[stage_name].config_type)
    if field not in fields:
        raise SettingsError(f"Stage '{stage_name}' has no setting '{field}'.", f"It has: {', '.join(fields)}.", "Correct the name.")
    parsed = _parse(value.strip(), fields[field][0], text)
    check_settings(stages, {stage_name: {field: parsed}})
    return stage_name, field, parsed


def _parse(value: str, kind: type, text: str) -> Any:
    """A value from the command line in the type of its field."""
    if kind is bool:
        words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
        if value.lower() in words:
            return words[value.lower()]
    else:
        try:
            return kind(value)
        except ValueError:
            pass
    raise SettingsError(f"'{text}' cannot be understood.", f"The value must be a {kind.__name__}.", "Correct the value.")


def _build(stage: Stage, values: Mapping[str, Any]) -> Any:
    """`build` with the stage's name in the error."""
    try:
        return build(stage.config_type, values)
    except SettingsError as error:
        raise SettingsError(f"Stage '{stage.name}': {error.what}", error.why, error.remedy) from error
