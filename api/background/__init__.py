"""Work that the service does unasked, in threads of its own."""
