"""How a model comes to be, and whether it may replace another."""
