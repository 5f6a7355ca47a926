"""What is known of an opportunity at an instant."""
