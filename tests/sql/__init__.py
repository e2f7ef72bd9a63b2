"""The SQL models against a plain reckoning in Python over the same rows."""
