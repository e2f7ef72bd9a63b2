"""A CSV file of an export, as batches of typed rows and of rejects."""
