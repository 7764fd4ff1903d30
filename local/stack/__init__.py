"""The supervisor: starts, watches and stops the processes that stand below the seam. Standard library only."""
