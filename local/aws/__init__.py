"""The AWS endpoint of a laptop: ministack in one process on one loopback port, with our engines below its APIs.

``python -m local.aws --port P --data DIR`` serves every AWS API the platform calls. Nothing above the seam imports
this package; it is reached through ``AWS_ENDPOINT_URL`` alone.
"""
