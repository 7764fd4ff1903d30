"""Sluice: contracts, lake, quality, streams and warehouse of the data platform.

Import the part you need (``from sluice.contracts import load_contract``): this package imports nothing by itself, so
that a Lambda function, a Glue job and a DAG file each pay only for what they use.
"""
