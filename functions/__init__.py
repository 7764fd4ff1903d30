"""Lambda functions of the platform: one package per function."""
