"""Widgets with methods that a subclass must bring."""

from __future__ import annotations

from abc import ABCMeta
from typing import Any

from PySide6.QtWidgets import QWidget


class AbstractWidget(ABCMeta, type(QWidget)):  # type: ignore[misc]
    """Metaclass of widgets with `abstractmethod`s.

    Qt's own metaclass makes objects without asking whether something abstract is left; this one asks.
    """

    def __call__(cls, *arguments: Any, **keywords: Any) -> Any:
        """Makes an object.

        Raises:
            TypeError: A method is still abstract.
        """
        if cls.__abstractmethods__:
            missing = ", ".join(sorted(cls.__abstractmethods__))
            raise TypeError(f"{cls.__name__} has to bring {missing}")
        return super().__call__(*arguments, **keywords)
