"""All tables, named once, for those who need to know every one of them."""

from desk.answers import Shown
from desk.conditions import Condition
from desk.corrections import Correction
from desk.courses import Answer, Course, Lesson, Place
from desk.drills import Drill
from desk.files import File
from desk.history import Event
from desk.learning import Learnt
from desk.leases import Lease
from desk.library import Entry
from desk.linking import Link
from desk.merging import Merge
from desk.messages import Message, SetAside
from desk.outages import Outage, Pulse
from desk.people import Address, Person
from desk.reminders import Reminder
from desk.staff import Staff, StaffSession, WrongTry
from desk.tickets import Note, Ticket
from desk.tokens import Token
from desk.translation import Translation
from desk.visitors import Visit

TABLES = (
    Address,
    Answer,
    Condition,
    Correction,
    Course,
    Drill,
    Entry,
    Event,
    File,
    Learnt,
    Lease,
    Lesson,
    Link,
    Merge,
    Message,
    Note,
    Outage,
    Person,
    Place,
    Pulse,
    Reminder,
    SetAside,
    Shown,
    Staff,
    StaffSession,
    Ticket,
    Token,
    Translation,
    Visit,
    WrongTry,
)
