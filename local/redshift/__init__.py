"""The warehouse of the laptop stage: Redshift's wire protocol and dialect in front of PostgreSQL."""
