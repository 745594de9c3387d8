"""The refugees' door: channels, the public web, the delivery of what was told."""
