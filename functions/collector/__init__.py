"""HTTP collector: takes events from clients, hands them to the clickstream."""
