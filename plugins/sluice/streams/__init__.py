"""What is known of a stream from outside: what has landed, and up to which time."""
