"""What is due, as rows for dlt."""
