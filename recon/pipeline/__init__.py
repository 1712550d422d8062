"""Stages, their plan and their execution."""
