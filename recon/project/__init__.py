"""A project on disk: manifest, photographs, content-addressed artifacts, lock."""

from recon.project.imports import PHOTO_SUFFIXES, ImportResult
from recon.project.opened import Photo
from recon.project.project import Project

__all__ = ["PHOTO_SUFFIXES", "ImportResult", "Photo", "Project"]
