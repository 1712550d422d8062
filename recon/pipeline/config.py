"""Settings of a stage: frozen dataclasses whose fields carry what a form, a command line and a check need.

Example:
    @dataclass(frozen=True)
    class DepthConfig:
        cost: str = setting("zncc", "Photometric cost.", choices=("zncc", "census"))
        planes: int = setting(64, "Depth hypotheses at the coarsest level.", minimum=16, maximum=512)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar, get_type_hints

from recon.errors import SettingsError

C = TypeVar("C")
_KEY = "photolith"


@dataclass(frozen=True)
class Setting:
    """What is known of one field besides its default: one sentence, unit, range, choices, whether it is for experts."""

    doc: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] | None = None
    advanced: bool = False


def setting(
    default: Any,
    doc: str,
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[Any, ...] | None = None,
    advanced: bool = False,
) -> Any:
    """A dataclass field of a stage's config; types are bool, int, float or str."""
    return field(default=default, metadata={_KEY: Setting(doc, unit, minimum, maximum, choices, advanced)})


def describe(config_type: type) -> dict[str, tuple[type, Any, Setting]]:
    """Name -> (type, default, Setting) of every field, in order; what forms and help are generated from."""
    hints = get_type_hints(config_type)
    return {f.name: (hints[f.name], f.default, f.metadata[_KEY]) for f in fields(config_type)}


def build(config_type: type[C], values: Mapping[str, Any]) -> C:
    """Makes a config from plain values (JSON, a form, `--set`).

    Raises:
        SettingsError: Unknown name, wrong type or a value outside its range or choices.
    """
    known = describe(config_type)
    checked: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            raise SettingsError(f"Unknown setting '{name}'.", f"{config_type.__name__} has: {', '.join(known)}.", "Correct the name.")
        kind, _, info = known[name]
        checked[name] = _check(name, kind, value, info)
    return config_type(**checked)


def canonical(config: Any) -> dict[str, Any]:
    """The config as a plain dict with sorted keys, for hashing and reports."""
    return dict(sorted(asdict(config).items()))


def _check(name: str, kind: Any, value: Any, info: Setting) -> Any:
    """The value, as `kind`, or a SettingsError that says what is allowed."""
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise SettingsError(f"Setting '{name}' cannot be {value!r}.", f"It is a {kind.__name__}.", info.doc)
    if info.choices is not None and value not in info.choices:
        raise SettingsError(f"Setting '{name}' cannot be {value!r}.", f"Choices: {', '.join(map(str, info.choices))}.", info.doc)
    if info.minimum is not None and not value >= info.minimum:
        raise SettingsError(f"Setting '{name}' cannot be {value!r}.", f"The smallest value is {info.minimum}.", info.doc)
    if info.maximum is not None and not value <= info.maximum:
        raise SettingsError(f"Setting '{name}' cannot be {value!r}.", f"The largest value is {info.maximum}.", info.doc)
    return value
