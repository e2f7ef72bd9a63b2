"""What we change of dlt's destinations."""
