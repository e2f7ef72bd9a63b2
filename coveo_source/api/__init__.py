"""HTTP to Coveo, and nothing else."""
