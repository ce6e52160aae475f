"""Settings of the server side: environment variables `TASKTRAY_*` or a `.env` file, each documented once, here."""

from __future__ import annotations

import json
import logging
import os
import secrets
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from platformdirs import user_data_path
from pydantic import AliasChoices, Field, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

log = logging.getLogger(__name__)


def _names(name: str, *others: str) -> AliasChoices:
    """`TASKTRAY_<NAME>` first, then the names that the source documents use."""
    return AliasChoices(f"TASKTRAY_{name}", *others)


class Settings(BaseSettings):
    """What an administrator can set. Durations are seconds, sizes are bytes, unless the name says otherwise."""

    model_config = SettingsConfigDict(env_prefix="TASKTRAY_", env_file=".env", extra="ignore", populate_by_name=True)

    data: Path = Field(
        default_factory=lambda: user_data_path("tasktray"),
        description="Folder for everything that this installation keeps: database, files, broker, logs.",
    )
    database_url: str = Field(
        "",
        validation_alias=_names("DATABASE_URL", "DATABASE_URL"),
        description="PostgreSQL as `postgresql://user@host/name`; empty: SQLite in the data folder.",
    )
    broker_url: str = Field(
        "",
        validation_alias=_names("BROKER_URL", "CELERY_BROKER_URL"),
        description="`redis://host:port/0`; empty: no broker, workers look for jobs by themselves.",
    )
    storage_url: str = Field(
        "",
        description="Folder for uploads and results, or a bucket: `s3://bucket/prefix`, `oss://bucket/prefix`; empty:"
        " `files` in the data folder.",
    )
    storage_endpoint: str = Field(
        "", description="Address of the bucket's service, `https://host:port`; empty: Amazon's. OSS needs it."
    )
    storage_region: str = Field("", description="Region of the bucket; empty: as `AWS_REGION` says.")
    storage_access_key_id: str = Field(
        "", description="Who asks for the bucket; empty: as `AWS_ACCESS_KEY_ID` or the machine's role say."
    )
    storage_secret_access_key: str = Field("", description="The secret that belongs to it.", repr=False)
    secret_key: str = Field(
        "",
        validation_alias=_names("SECRET_KEY", "SECRET_KEY"),
        description="Signs access tokens; empty: made once and kept in the data folder (mode 0600).",
    )
    result_backend: str = Field(
        "",
        validation_alias=_names("RESULT_BACKEND", "CELERY_RESULT_BACKEND"),
        description="Accepted for compatibility and not used: results live in the database.",
    )

    host: str = Field("127.0.0.1", description="Address that the API listens on.")
    port: int = Field(8000, description="Port that the API listens on.")
    timezone: str = Field("Asia/Shanghai", description="Time zone of reports, due dates and schedules.")
    language: str = Field("zh_CN", description="Language of texts for users who chose none: zh_CN or en.")

    slots: int = Field(2, ge=1, description="Jobs that one worker runs at the same time.")
    lease_seconds: float = Field(
        45.0, gt=0, description="How long a worker may stay silent before its job is given to another."
    )
    heartbeat_seconds: float = Field(15.0, gt=0, description="How often a worker renews the lease of a running job.")
    progress_seconds: float = Field(0.5, gt=0, description="How often at most a running job's progress is written.")
    look_seconds: float = Field(
        2.0, gt=0, description="How often a worker with free slots looks for jobs by itself (jittered)."
    )
    sweep_seconds: float = Field(5.0, gt=0, description="How often the sweeper looks for expired leases and due jobs.")
    hint_seconds: float = Field(30.0, gt=0, description="A pending job is hinted again at most once in this time.")
    cancel_grace_seconds: float = Field(
        10.0, gt=0, description="A runner that does not answer a cancel in this time is ended."
    )
    backoff_seconds: float = Field(
        5.0, gt=0, description="First wait before a retry; doubles each time, with jitter, up to 10 minutes."
    )
    crash_limit: int = Field(
        3, ge=1, description="Crashes without checkpoint progress in between, before a job is quarantined."
    )
    soft_limit_seconds: float = Field(
        1500.0, gt=0, description="A job is asked to stop after this time, unless its kind says otherwise."
    )
    hard_limit_seconds: float = Field(
        1800.0, gt=0, description="A job is ended after this time, unless its kind says otherwise."
    )
    shutdown_grace_seconds: float = Field(
        6.0,
        gt=0,
        description="A runner that does not answer a shutdown in this time is ended; its job is resumed later.",
    )
    extra_kinds: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="Plug-ins: names of importable modules that declare further kinds, as a JSON list; "
        "set alike for the API and the workers.",
    )
    runner_jobs: int = Field(200, ge=1, description="A runner process is renewed after this many jobs.")
    runner_memory_bytes: int = Field(
        1_500_000_000,
        gt=0,
        description="A runner that needs more memory than this is ended and its job fails with a clear message.",
    )
    user_running_limit: int = Field(0, ge=0, description="Jobs of one user that may run at the same time; 0: no limit.")

    import_chunk_rows: int = Field(
        25_000,
        ge=500,
        description="Rows that an import commits together at most; it takes fewer where the database is slow.",
    )
    document_seconds: float = Field(
        120.0, gt=0, description="Time for reading one document; a file that takes longer is listed with that reason."
    )
    document_memory_bytes: int = Field(
        800_000_000,
        ge=200_000_000,
        description="Memory for reading one document; a file that needs more is listed with that reason.",
    )
    undo_days: float = Field(30.0, ge=0, description="How long (days) an import can be taken back; 0: not at all.")

    smtp_host: str = Field("", description="SMTP server for e-mails; empty: none are sent.")
    smtp_port: int = Field(
        0, ge=0, le=65535, description="Its port; 0: the usual one, 587 (starttls), 465 (ssl) or 25 (none)."
    )
    smtp_tls: Literal["starttls", "ssl", "none"] = Field(
        "starttls", description="How the connection to it is protected; the server's certificate is always checked."
    )
    smtp_ca_file: str = Field(
        "", description="PEM file with the authority of its certificate; empty: those that the system trusts."
    )
    smtp_user: str = Field("", description="Account there; empty: no sign-in.")
    smtp_password: str = Field("", description="Password of the account.", repr=False)
    smtp_from: str = Field("", description="Sender of all e-mails: `Name <address>`; the name signs them, too.")
    smtp_timeout_seconds: float = Field(30.0, gt=0, description="How long it may take to answer.")
    mail_domains: str = Field(
        "",
        description="Domains to which operators may write e-mails beside the addresses of users and customers:"
        " `example.com, *.example.org`; `*`: to anybody. Admins may in any case.",
    )

    upload_max_bytes: int = Field(1_073_741_824, gt=0, description="Largest upload.")
    upload_expire_seconds: float = Field(
        7 * 86400.0, gt=0, description="An upload that no job uses is removed after this time."
    )
    clean_seconds: float = Field(
        3600.0, gt=0, description="How often the scheduler removes expired uploads and files, and bytes without a row."
    )
    backup_folder: str = Field(
        "", description="Folder for backups of the database; empty: `backups` in the data folder."
    )
    backup_files: bool = Field(
        False, description="Whether backups hold uploads and results, too, unless the one who makes one says otherwise."
    )
    backup_keep: int = Field(
        7, ge=0, description="Backups that are kept; older ones are removed after a new one has proved good. 0: all."
    )
    access_token_seconds: float = Field(900.0, gt=0, description="Life of an access token.")
    refresh_token_seconds: float = Field(
        30 * 86400.0, gt=0, description="Life of a refresh token; each use replaces it."
    )
    refresh_grace_seconds: float = Field(
        30.0,
        ge=0,
        description="A refresh token may be used again in this time, as long as its successor is unused: the answer"
        " may have been lost on the network.",
    )
    metrics_token: str = Field(
        "",
        pattern=r"^(\S{16,})?$",
        description="Lets who brings it as a bearer token read `/metrics`, and nothing else; 16 characters or more."
        " Empty: only admins read it.",
    )
    run_id: str = Field(
        "",
        description="Set by `tasktray up` for the processes that it starts: names this run; the local user's token"
        " is good for this run only.",
    )
    login_attempts: int = Field(5, ge=1, description="Wrong passwords before sign-in is blocked for a while.")
    login_block_seconds: float = Field(
        60.0, gt=0, description="How long sign-in is blocked after too many wrong passwords."
    )

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_the_default(cls, value: Any, info: ValidationInfo) -> Any:
        """An empty variable means the default, and is ours all the same: it hides the documents' name for the same."""
        if value == "" and info.field_name is not None:
            return cls.model_fields[info.field_name].get_default(call_default_factory=True, validated_data={})
        if info.field_name == "extra_kinds" and isinstance(value, str):
            return json.loads(value)
        return value

    @model_validator(mode="after")
    def _storage_can_be_used(self) -> Self:
        scheme, marked, place = self.storage_url.partition("://")
        if marked and scheme not in ("file", "s3", "oss"):
            raise ValueError(f"TASKTRAY_STORAGE_URL must be a folder, s3://… or oss://…, not {scheme}://…")
        if scheme in ("s3", "oss") and marked and not place.partition("/")[0]:
            raise ValueError(f"TASKTRAY_STORAGE_URL must name a bucket: {scheme}://bucket/prefix")
        if scheme == "oss" and marked and not self.storage_endpoint:
            raise ValueError("TASKTRAY_STORAGE_ENDPOINT must name the address of OSS for TASKTRAY_STORAGE_URL=oss://…")
        return self

    @cached_property
    def effective_database_url(self) -> str:
        """SQLAlchemy URL: psycopg 3 for PostgreSQL, SQLite in the data folder by default."""
        url = self.database_url
        if not url:
            return f"sqlite:///{(self.data / 'tasktray.db').as_posix()}"
        for prefix in ("postgresql://", "postgres://"):
            if url.startswith(prefix):
                return "postgresql+psycopg://" + url[len(prefix) :]
        return url

    @cached_property
    def effective_storage(self) -> str:
        """Folder that holds uploads and results."""
        return self.storage_url or str(self.data / "files")

    @cached_property
    def effective_secret_key(self) -> str:
        """The signing key: as set, else made on first use and kept in the data folder, readable by its owner only."""
        if self.secret_key:
            return self.secret_key
        path = self.data / "secret.key"
        try:
            return path.read_text("ascii")
        except FileNotFoundError:
            self.data.mkdir(parents=True, exist_ok=True)
            # Written aside and linked into place, so that two processes that start together agree on one key.
            aside = path.with_name(f"secret.key.{secrets.token_hex(4)}")
            aside.touch(mode=0o600)
            aside.write_text(secrets.token_urlsafe(48), "ascii")
            try:
                os.link(aside, path)
            except FileExistsError:
                pass  # another process of this installation was first
            finally:
                aside.unlink()
            return path.read_text("ascii")


def private_files() -> int:
    """From now on, what this process and its children make is for their own user only; gives the umask before.

    Customers' data must not be readable by everybody with an account on this computer, wherever the folder is.
    """
    return os.umask(0o077)


def note_unused(settings: Settings) -> None:
    """Say in the log, once at the start of a process, which setting is accepted and has no effect."""
    if settings.result_backend:
        log.info("CELERY_RESULT_BACKEND is accepted and not used: results live in the database")


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
