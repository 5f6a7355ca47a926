"""What the service does unasked: it keeps the work lists fresh, and follows the model in service."""
