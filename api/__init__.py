"""The staff's door: the pages of the desk, and JSON for other systems."""
