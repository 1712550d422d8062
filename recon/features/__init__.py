"""Keypoints, descriptors, pair selection and matching."""
