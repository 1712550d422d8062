"""Pictures and the page that show what the stages found: matches, the matrix of all pairs, depth, normals, confidence.

Pure drawing in numpy and OpenCV; the command line, the report and the window share it.
"""
