"""The colours and sizes of the window, light and dark, in one place. Knows nothing of Qt."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tokens:
    """Colours as '#rrggbb'. Neutral greys, one accent, three meanings.

    Args:
        window: Behind panels. panel: Panels and bars. sunken: Lists, fields, the viewport's surroundings.
        raised: Buttons. hover, pressed: Buttons under the pointer. line: Separators that cannot be avoided.
        text, muted, disabled: Text of falling importance.
        accent, accent_hover, on_accent: The one accent and text on it. selection: Behind selected rows.
        link: The accent where it is text on a panel.
        ok, warn, error, info: Meanings, readable as text on a panel. on_badge: Text on those colours.
    """

    name: str
    window: str
    panel: str
    sunken: str
    raised: str
    hover: str
    pressed: str
    line: str
    text: str
    muted: str
    disabled: str
    accent: str
    accent_hover: str
    on_accent: str
    selection: str
    link: str
    ok: str
    warn: str
    error: str
    info: str
    on_badge: str
    warn_surface: str
    error_surface: str
    info_surface: str


DARK = Tokens(
    name="dark",
    window="#1b1b1d",
    panel="#242427",
    sunken="#19191b",
    raised="#333337",
    hover="#3d3d42",
    pressed="#2b2b2e",
    line="#37373b",
    text="#ececee",
    muted="#a9a9b0",
    disabled="#6c6c73",
    accent="#2f6fe0",
    accent_hover="#2862c8",
    on_accent="#ffffff",
    selection="#263b61",
    link="#7fb0ff",
    ok="#5cc489",
    warn="#e3b04b",
    error="#ff8078",
    info="#7fb0ff",
    on_badge="#141416",
    warn_surface="#3a3121",
    error_surface="#432726",
    info_surface="#25324a",
)

LIGHT = Tokens(
    name="light",
    window="#e7e7e9",
    panel="#f5f5f6",
    sunken="#ffffff",
    raised="#ffffff",
    hover="#e4e4e7",
    pressed="#d7d7db",
    line="#d3d3d7",
    text="#1d1d1f",
    muted="#5c5c63",
    disabled="#a2a2a9",
    accent="#1f5fd0",
    accent_hover="#184fb3",
    on_accent="#ffffff",
    selection="#cfe0fc",
    link="#1a56c0",
    ok="#1c7a45",
    warn="#8a5a00",
    error="#b3261e",
    info="#1a56c0",
    on_badge="#ffffff",
    warn_surface="#fbf0d6",
    error_surface="#fbe3e1",
    info_surface="#e1ebfd",
)

THEMES = {"dark": DARK, "light": LIGHT}


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, 1.4.3)."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
