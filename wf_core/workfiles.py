"""The facade adapters call."""
