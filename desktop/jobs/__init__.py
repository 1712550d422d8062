"""Work in a process of its own, and its bridge to the window."""
