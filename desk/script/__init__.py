"""The dialogue as pure steps: what is asked, what an answer means, what is said back. No database, no waiting."""
