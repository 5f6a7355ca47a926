"""Estimators of win probabilities; they know matrices, not opportunities."""
