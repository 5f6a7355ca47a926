"""The two doors: HTTP and the command line. No arithmetic."""
