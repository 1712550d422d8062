"""Actions of the window and what can be undone."""
