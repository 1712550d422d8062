"""From a few photographs of one object straight to its shape: CNN features to points, and to voxels.

Every network works in the *cube*: coordinates [-1, 1] along three axes that lie as a levelled camera sees them (x right, y down, z away).
Grids over the cube are `[Z, Y, X]`, as torch's `grid_sample` has them.
"""
