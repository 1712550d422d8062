"""Depth maps from posed views, and their fusion to a cloud."""
