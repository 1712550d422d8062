"""What every training shares: the loop, its recipe and state, model cards, and weights that are checked before they are used.

Runs on a bare GPU node: torch, numpy, OpenCV, Pillow and safetensors; accelerate for several processes.
"""
