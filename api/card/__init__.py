"""The model card: what a person needs to know to decide whether to trust a model."""
