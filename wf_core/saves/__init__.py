"""The life of a save, from the click to the committed record (docs/architecture.md)."""
