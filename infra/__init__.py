"""What is deployed to AWS: stage settings, CDK stacks, artifacts and the applier."""
