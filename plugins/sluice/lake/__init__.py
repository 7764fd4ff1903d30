"""The lake: zones, promotions between them, and the tables they write."""
