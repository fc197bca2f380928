"""Functions of pandas and Arrow columns."""
