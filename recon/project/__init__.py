"""A project on disk: manifest, photographs, content-addressed artifacts, lock."""

from recon.project.imports import PHOTO_SUFFIXES, ImportResult
from recon.project.project import Photo, Project

__all__ = ["PHOTO_SUFFIXES", "ImportResult", "Photo", "Project"]
