"""Textured scenes rendered with exact cameras, depth and surface."""
