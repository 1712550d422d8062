"""Values as people read them, the same in the window and in the report."""

from __future__ import annotations


def value_text(value: object) -> str:
    """'yes', '12,345', '0.1235', or the value's own text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
