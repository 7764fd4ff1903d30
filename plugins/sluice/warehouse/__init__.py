"""The warehouse: what the lake published is copied to Redshift and modelled there by dbt."""
