"""All tables, named once, for those who need to know every one of them."""

from desk.courses import Answer, Course, Lesson, Place
from desk.files import File
from desk.history import Event
from desk.leases import Lease
from desk.library import Entry
from desk.messages import Message, SetAside
from desk.people import Address, Person
from desk.reminders import Reminder
from desk.staff import Staff, StaffSession, WrongTry
from desk.tickets import Note, Ticket
from desk.tokens import Token
from desk.translation import Translation
from desk.visitors import Code, Visit

TABLES = (
    Address,
    Answer,
    Code,
    Course,
    Entry,
    Event,
    File,
    Lease,
    Lesson,
    Message,
    Note,
    Person,
    Place,
    Reminder,
    SetAside,
    Staff,
    StaffSession,
    Ticket,
    Token,
    Translation,
    Visit,
    WrongTry,
)
