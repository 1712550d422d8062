"""Learned keypoints and descriptors: a small network, its training, and the extractor that uses it."""
