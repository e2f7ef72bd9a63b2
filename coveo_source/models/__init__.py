"""The SQL models, from files to tables."""
