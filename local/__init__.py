"""What stands below the AWS seam on a laptop; nothing above the seam imports this package."""
