"""The recorded past: its tables, and where they come from."""
