"""Tests of the SQL models against a reference implementation in Python over the same rows."""
