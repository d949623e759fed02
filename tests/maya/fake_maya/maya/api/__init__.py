"""The stand-in of Maya's Python API 2.0."""
