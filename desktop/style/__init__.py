"""Colours, sizes, stylesheet and icons of the window."""
