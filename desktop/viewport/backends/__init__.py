"""Renderers that draw batches of points, triangles and lines into a colour and a depth picture."""
