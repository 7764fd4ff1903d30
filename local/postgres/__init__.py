"""PostgreSQL clusters of the laptop stage: the operational database and the warehouse's storage."""
