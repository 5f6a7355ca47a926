"""The routes of the HTTP door, one subject a file."""
