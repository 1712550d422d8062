"""Reading photographs, EXIF, quality verdicts, masks."""

from recon.photos.info import VERDICTS, PhotoInfo, load_photos
from recon.photos.read import read_image, read_mask, read_thumbnail

__all__ = ["VERDICTS", "PhotoInfo", "load_photos", "read_image", "read_mask", "read_thumbnail"]
