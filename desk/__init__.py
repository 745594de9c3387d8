"""The help desk itself: no HTTP, no messenger. From the ground up, each room uses only those above it in this list.

clock         the only reader of time
ids           refs one can dictate, tokens no one can guess
errors        the four kinds of "no"
settings      what an operator chooses
texts         every sentence, in the person's language
times         days and hours as people say them, opening hours
database      engine, transaction(), column kinds
secrets       what is encrypted at rest, and with which key
centre        what the centre decides: name, address, hours, quiet hours
staff         accounts, roles, who may see what
people        the person behind channel addresses
history       who did (and read) what, append-only
messages      what was heard and told; the outbox
services      the catalogue and its questions
helplines     numbers with owner, check, expiry
answers       approved answers and their expiry
triage        from words to service and language: pure
safety        the screen for danger: pure, offline
tickets       a ticket's life
courses       courses, lessons, places
reminders     what is due
translation   the translator's promise, cache
script        the dialogue as pure steps
conversation  hear(): one incoming message, whole
"""
