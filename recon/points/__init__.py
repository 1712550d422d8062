"""Clouds of points: neighbours, PointNet++ layers and networks, refinement of reconstructed clouds, classical filters, classification."""
