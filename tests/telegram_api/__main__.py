"""The stand-in as a process of its own: python -m tests.telegram_api --port 8081 --token 123:abc."""

import argparse
import asyncio
import contextlib
import signal

from .api import TOKEN, TelegramApi
from .flood import Flood


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m tests.telegram_api", description=__doc__)
    asked.add_argument("--port", type=int, default=8081)
    asked.add_argument("--token", default=TOKEN)
    asked.add_argument("--overall", type=int, default=30, help="messages in a second to everyone")
    asked.add_argument("--chat-burst", type=int, default=3, help="messages at once to one person")
    asked.add_argument("--group-per-minute", type=int, default=20)
    asked.add_argument("--no-limits", action="store_true", help="send as fast as you can")
    asked.add_argument("--webhook-backoff", type=float, default=1.0, help="seconds, doubled with each failure")
    asked.add_argument("--hasty-wait", type=float, default=3.0, help="seconds for who polls the same again")
    chosen = asked.parse_args()
    limits = Flood(overall=chosen.overall, chat_burst=chosen.chat_burst, group_per_minute=chosen.group_per_minute)
    api = TelegramApi(
        chosen.token,
        port=chosen.port,
        flood=Flood.none() if chosen.no_limits else limits,
        webhook_backoff=chosen.webhook_backoff,
        hasty_wait=chosen.hasty_wait,
    )
    with contextlib.suppress(ImportError):
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(_serve(api))


async def _serve(api: TelegramApi) -> None:
    ended = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    async with api:
        print(f"Telegram's stand-in listens on {api.url}", flush=True)
        await ended.wait()


if __name__ == "__main__":
    main()
