"""The recipes in examples/, each run by the real scheduler."""
