"""The demo: a day of shop traffic through the whole platform."""
