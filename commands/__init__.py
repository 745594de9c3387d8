"""What the command `poruch` does beyond starting."""
