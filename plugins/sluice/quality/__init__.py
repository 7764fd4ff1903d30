"""Quality of data: suites, gates, and the results they leave."""
