"""Photographs to cameras, depth, points and surface. A library of its own: no window, no generative code."""

import os

# Read by OpenMP when torch is imported: threads that wait sleep. Where other programs run they would spin away the time that the thread
# they wait for needs; a filter of depth maps took 16 times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
