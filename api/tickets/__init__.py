"""Tickets as staff see and answer them."""
