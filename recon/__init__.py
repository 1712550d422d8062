"""Photographs to cameras, depth, points and surface. A library of its own: no window, no generative code."""
