"""Airflow on the laptop: its configuration as code, its database, and a client of its REST API."""
