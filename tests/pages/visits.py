"""Members of staff at the desk in a browser, each in their role: what they open, what they send, what they read."""

import html
import re
from dataclasses import dataclass
from typing import Any

import httpx2

from desk import clock, people, staff, tickets
from desk.people import Person, Place
from desk.staff import Role
from desk.tickets import Ticket
from tests.town import PASSWORD, Town


@dataclass
class Visitor:
    """Somebody who has signed in with the real form."""

    member: staff.Staff
    client: httpx2.AsyncClient
    word: str = ""  # Against forged forms; it stands in every form of the shell.

    async def opens(self, path: str, status: int = 200) -> str:
        response = await self.client.get(path)
        assert response.status_code == status, (path, response.status_code, text_of(response)[:500])
        assert not bare_keys(response.text)
        return text_of(response)

    async def sends(self, path: str, /, *, sees: str | None = None, **fields: Any) -> httpx2.Response:
        """Post a form; `sees` is a sentence on the page that comes back instead of a redirect."""
        response = await self.client.post(path, data={"csrf": self.word, **fields})
        if sees is None:
            assert response.status_code == 303, (path, response.status_code, text_of(response)[:500])
        else:
            assert response.status_code in (403, 404, 422), (path, response.status_code)
            assert sees in text_of(response)
            assert not bare_keys(response.text)
        return response


def bare_keys(page: str) -> list[str]:
    """Keys of sentences that nobody has written: they would stand on the page as they are."""
    return re.findall(r">\s*([a-z]+(?:\.[a-z0-9_]+)+)\s*<", page)


def text_of(response: httpx2.Response) -> str:
    return html.unescape(response.text)


async def signs_in(town: Town, role: Role, name: str = "Ewa Wrona", teams: tuple[str, ...] = ()) -> Visitor:
    """A new member of staff, in the browser."""
    email = f"{name.split()[0].lower()}.{role.value}@example.org"
    async with town.database.transaction() as session:
        member = await staff.add_staff(session, email, name, role, PASSWORD, teams=list(teams))
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=town.app), base_url="http://desk.test")
    response = await client.post("/staff/sign-in", data={"email": email, "password": PASSWORD})
    assert response.status_code == 303, response.text[:500]
    home = await client.get(response.headers["location"])
    word = re.search(r'name="csrf" value="([^"]+)"', home.text)
    assert word, text_of(home)[:500]
    return Visitor(member, client, word[1])


async def newcomer(town: Town, name: str, *needs: str, **facts: Any) -> tuple[Person, list[Ticket]]:
    """A person with a ticket for each of these services."""
    async with town.database.transaction() as session:
        place = Place("telegram", str(abs(hash(name)) % 10**9), name=name)
        person = (await people.meet(session, place, clock.now()))[0]
        person.language = "uk"
        opened = [
            await tickets.open_ticket(
                session,
                person.id or 0,
                clock.now(),
                service=need,
                sensitivity={"psychologist": "high", "legal_advice": "high"}.get(need, "normal"),
                **facts,
            )
            for need in needs
        ]
    return person, opened
