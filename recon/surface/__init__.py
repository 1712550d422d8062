"""Clouds and depth maps to meshes, and their cleaning."""
