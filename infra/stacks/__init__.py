"""One stack per topic: lake, ingest, jobs, ops, warehouse, airflow."""
