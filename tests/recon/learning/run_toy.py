"""Trains the toy by the shared command line, as `python -m recon.features.cnn.train` does."""

from __future__ import annotations

import sys

from recon.learning.command import main
from tests.recon.learning.toy import ToyTask

if __name__ == "__main__":
    sys.exit(main("toy", lambda options: ToyTask()))
