"""Matches to cameras and sparse points; undistortion."""
