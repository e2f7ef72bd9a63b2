"""What stands around a load: lock, recovery, reconciliation."""
