"""The commands of ``dealodds``, one subject a file."""
