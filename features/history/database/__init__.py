"""The recorded past in a database: SQLite by default, PostgreSQL by its URL."""
