"""One window's export, from the request to a checked file."""
