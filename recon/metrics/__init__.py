"""How good is it: poses, clouds, surfaces."""
