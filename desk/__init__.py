"""The help desk itself: no HTTP, no messenger. From the ground up; each room uses only those above it in this list.

clock         the only reader of time
ids           refs one can dictate, tokens no one can guess
errors        the four kinds of "no"
logs          how the program speaks to its operator
settings      what an operator chooses
texts         every sentence, in the person's language
times         days and hours as people say them, opening hours
sealing       what is encrypted at rest
channels      what the desk knows of a channel
triage        from words to service and language: pure
reading       dates, people, numbers in a person's words: pure
sqlite        its driver, with one trip to the thread per statement
database      engine, transaction(), column kinds
schema        brings the database to this version
leases        one owner of a thing at a time
history       who did (and read) what, append-only
conditions    how each channel fares
outages       when the whole desk was away
tokens        tokens of other systems
visitors      a browser's hold on its chat
library       starter content, and what staff changed of it
centre        what the centre decides about itself
services      the catalogue and its questions
opinions      the promise of a second opinion
helplines     numbers with owner, check, expiry
answers       approved answers: found, shown until their date
safety        the screen for danger: pure, offline
learning      triage and the screen learn from examples
handbook      all that the centre has decided, as it stands now
people        the person behind channel addresses
windows       until when an address may be written to
staff         accounts, roles, who may see what
files         photos, voices, documents
attachments   files that staff add to a reply
linking       one-time codes that add a channel
messages      what was heard and told
transcripts   the transcriber's promise, what waits for it
outbox        what still waits to be sent
tickets       a ticket's life
receipts      what a channel reports of what was told
corrections   what a centre's own tickets teach triage
access        who of the staff may read which tickets
queues        the queues of the inbox
courses       courses, lessons, places
reminders     what is due
merging       two persons who are one, and apart again
classes       lessons that come and go
translation   the translator's promise, cache
privacy       to be forgotten, and what stays for the report
script        the dialogue as pure steps
alarms        what staff do about an alarm
replying      what staff say to a person
health        whether anything was lost
profiles      a person as staff see them
upkeep        what staff change of the centre's content
conversation  hear(): one incoming message, whole
drills        a monthly drill: test phrases, and an alarm to be taken
"""

import os

# For matrices as small as those of triage a second thread only waits for the first, and two processes wait for each
# other. It has to be said before numpy is loaded for the first time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
