"""What an operator chooses, from the environment or a .env file; what the centre decides lives in the database."""

import re
import secrets
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class SettingsError(Exception):
    """The settings cannot be used; the message is for the operator and names what to change."""


class Settings(BaseSettings):
    """Every setting is explained in docs/settings.md."""

    model_config = SettingsConfigDict(env_prefix="PORUCH_", env_file=".env", frozen=True, extra="ignore")

    data_dir: Path = Field(Path("data"), description="Where the database, the key and nothing else are kept.")
    database_url: str = Field(
        "", description="SQLAlchemy address of the database; empty means SQLite in the data directory."
    )
    secret_key: SecretStr = Field(
        SecretStr(""), description="The installation's key; made and kept in the data directory when empty."
    )
    host: str = Field("127.0.0.1", description="The address `poruch run` listens on.")
    port: int = Field(8000, ge=0, le=65535, description="The port `poruch run` listens on.")
    public_url: str = Field(
        "", description="How people reach this installation, for links and webhooks: https://help.example.org"
    )
    timezone: str = Field("Europe/Warsaw", description="The centre's time zone.")
    telegram_token: SecretStr = Field(
        SecretStr(""), description="The bot's token from @BotFather; empty means no Telegram."
    )
    telegram_api_url: str = Field("https://api.telegram.org", description="Another Bot API server.")
    telegram_webhook_secret: SecretStr = Field(SecretStr(""), description="Set means webhook, empty means polling.")
    telegram_files_up_to: int = Field(
        20, ge=1, le=100, description="Megabytes; above 20 only with a Bot API server of the centre's own (--local)."
    )
    messenger_page_token: SecretStr = Field(
        SecretStr(""), description="The access token of the centre's Facebook page; empty means no Messenger."
    )
    messenger_app_secret: SecretStr = Field(
        SecretStr(""), description="The app's secret, with which Meta signs what it brings."
    )
    messenger_verify_token: SecretStr = Field(
        SecretStr(""), description="A word of your own, typed into Meta's webhook form as well."
    )
    messenger_api_url: str = Field("https://graph.facebook.com", description="Another Graph API server.")
    messenger_graph_version: str = Field("v25.0", description="The version of the Graph API.")
    messenger_human_agent: bool = Field(
        False, description="Whether Meta has given the page the Human Agent feature: staff may answer for seven days."
    )
    translator: str = Field(
        "none", description="none, libretranslate, or an outside engine the centre has chosen: google, mymemory."
    )
    translator_url: str = Field("", description="Address of the LibreTranslate server.")
    translator_key: SecretStr = Field(SecretStr(""), description="Its key, when it wants one.")
    opinion_url: str = Field(
        "", description="A language model of the centre's own, as http://127.0.0.1:11434/v1; empty means none is asked."
    )
    opinion_model: str = Field("", description="Its name there.")
    opinion_key: SecretStr = Field(SecretStr(""), description="Its key, when it wants one.")
    opinion_sensitive: bool = Field(False, description="Whether it may also read what may be of a sensitive service.")
    transcriber_url: str = Field(
        "", description="A transcriber of the centre's own, as http://127.0.0.1:8080/v1; empty means none is asked."
    )
    transcriber_model: str = Field("", description="Its name there.")
    transcriber_key: SecretStr = Field(SecretStr(""), description="Its key, when it wants one.")
    metrics_token: SecretStr = Field(SecretStr(""), description="Bearer token of /metrics; empty means no /metrics.")
    trusted_proxies: str = Field(
        "", description="Addresses of reverse proxies whose X-Forwarded-For is believed, separated by commas."
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value} is not a time zone; try Europe/Warsaw") from error
        return value

    @field_validator("translator")
    @classmethod
    def _known_translator(cls, value: str) -> str:
        if value not in {"none", "libretranslate", "google", "mymemory"}:
            raise ValueError("choose none, libretranslate, google or mymemory")
        return value

    @field_validator("opinion_url", "transcriber_url", "telegram_api_url", "messenger_api_url")
    @classmethod
    def _plain_address(cls, value: str) -> str:
        # Addresses are logged, so nothing secret may be in one.
        value = value.strip()
        parsed = urlsplit(value)
        is_a_server = parsed.scheme in ("http", "https") and parsed.hostname and parsed.port != 0
        if value and (not is_a_server or "@" in value or parsed.query or value.split() != [value]):
            raise ValueError("write it like https://graph.facebook.com or http://127.0.0.1:11434/v1, with no key in it")
        return value

    @field_validator("messenger_verify_token")
    @classmethod
    def _word_of_ones_own(cls, value: SecretStr) -> SecretStr:
        return SecretStr(value.get_secret_value().strip())

    @field_validator("telegram_token", "messenger_page_token", "messenger_app_secret")
    @classmethod
    def _token_of_a_channel(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value().strip()  # A file or a clipboard often adds the end of a line.
        if not text.isascii() or not text.isprintable() or " " in text:
            raise ValueError("copy it once more: there is a sign in it that no token has")
        return SecretStr(text)

    @field_validator("telegram_webhook_secret")
    @classmethod
    def _secret_that_telegram_takes(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if len(text) > 256 or not all(letter.isascii() and (letter.isalnum() or letter in "_-") for letter in text):
            raise ValueError("use up to 256 letters, digits, _ and -")
        return value

    @field_validator("messenger_graph_version")
    @classmethod
    def _version_of_graph(cls, value: str) -> str:
        if not re.fullmatch(r"v\d+\.\d+", value):
            raise ValueError("write it like v25.0")
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def database(self) -> str:
        """The database's address with its asynchronous driver."""
        url = self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'poruch.db'}"
        if url.startswith(("postgres://", "postgresql://")):
            url = "postgresql+asyncpg://" + url.split("://", 1)[1]
        if url.startswith("sqlite:///"):
            url = "sqlite+aiosqlite:///" + url.removeprefix("sqlite:///")
        if not url.startswith(("sqlite+aiosqlite:", "postgresql+asyncpg:")):
            raise SettingsError("PORUCH_DATABASE_URL: use sqlite:///FILE or postgresql://USER@HOST/NAME")
        return url

    def key(self) -> str:
        """The installation's key; the first call makes one and keeps it readable by its owner alone."""
        given = self.secret_key.get_secret_value()
        if given:
            return given
        kept = self.data_dir / "secret.key"
        if not kept.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            kept.touch(mode=0o600)
            kept.write_text(secrets.token_urlsafe(48))
        return kept.read_text().strip()


def load_settings() -> Settings:
    """The settings, or SettingsError with a line for each that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"  PORUCH_{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors()]
        raise SettingsError("\n".join(["Poruch cannot start. See docs/settings.md.", *lines])) from None
