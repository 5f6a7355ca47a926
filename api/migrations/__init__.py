"""Migrations of the database, run by ``dealodds database upgrade``."""
