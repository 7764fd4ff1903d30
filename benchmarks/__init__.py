"""Benchmarks: subject, peer and floor measured in one run, rounds interleaved; see docs/reference/cli.md."""
