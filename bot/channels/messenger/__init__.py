"""Facebook Messenger: webhooks are heard in hearing.py, the Graph API is spoken to in sending.py."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

from bot.channels import Channel, Ear
from bot.findings import Finding
from bot.intake import Intake
from desk.channels import Facts
from desk.settings import Settings

# What Meta lets us do: everything for a day, a person's own words for a week where it has given the page that feature.
FACTS = Facts(
    name="messenger",
    title="Messenger",
    longest=2000,
    files_up_to=25 * 1024 * 1024,
    answers_within=timedelta(hours=24),
)
HUMAN_AGENT = timedelta(days=7)


class Messenger:
    """The recipe of the channel."""

    name = FACTS.name

    def is_on(self, settings: Settings) -> bool:
        return bool(settings.messenger_page_token.get_secret_value())

    def facts(self, settings: Settings) -> Facts:
        return replace(FACTS, people_within=HUMAN_AGENT) if settings.messenger_human_agent else FACTS

    def open_ear(self, settings: Settings, intake: Intake) -> Ear:
        from bot.channels.messenger.graph import graph_of
        from bot.channels.messenger.hearing import MessengerEar

        return MessengerEar(
            graph_of(settings),
            intake,
            app_secret=settings.messenger_app_secret.get_secret_value(),
            verify_token=settings.messenger_verify_token.get_secret_value(),
            public_url=settings.public_url,
        )

    def open_channel(self, settings: Settings) -> Channel:
        from bot.channels.messenger.graph import graph_of
        from bot.channels.messenger.sending import MessengerSender

        return MessengerSender(graph_of(settings), self.facts(settings))

    def examine(self, settings: Settings, *, fix: bool) -> AsyncIterator[Finding]:
        from bot.channels.messenger.checking import examine

        return examine(settings, fix=fix)
