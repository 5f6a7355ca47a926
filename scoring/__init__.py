"""What is said about open opportunities."""
