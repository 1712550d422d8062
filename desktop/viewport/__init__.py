"""Orbit camera, layers, renderer processes and the widget that shows their frames."""
