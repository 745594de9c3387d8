"""From words to service and language: pure, offline, in milliseconds."""
