"""`notifications.send_email`: an e-mail to one person or several, one mail each."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import select

from worker import notifications
from worker.db.schema import users
from worker.engine.context import JobContext
from worker.engine.form import words
from worker.engine.kinds import Params, kind
from worker.errors import Refused, Transient
from worker.mail.message import SUBJECT_CHARACTERS, Mail, addresses, one_line
from worker.texts import text

_STEP = "mail"
_SHOWN = 100
_LANGUAGES = {"auto": ("自动", "Automatic"), "zh_CN": ("简体中文", "简体中文"), "en": ("English", "English")}
_TEMPLATES = {
    "letter": ("信函（含称呼和落款）", "Letter, with greeting and signature"),
    "plain": ("仅正文", "The text alone"),
}


class SendEmailParams(Params):
    """An e-mail.

    Attributes:
        email: addresses, parted by commas, semicolons or spaces.
        template: `letter` puts greeting and signature around the message.
        language: of the template; auto: the submitter's.
    """

    email: str = Field(
        max_length=20_000,
        json_schema_extra=words(
            "收件人邮箱", "To",
            "多个地址用逗号、分号或空格分隔。操作员只能写给用户、客户以及管理员允许的域名。",
            "Several addresses: with commas or spaces. Operators write to users, customers and allowed domains.",
        ),
    )  # fmt: skip
    subject: str = Field(max_length=SUBJECT_CHARACTERS, json_schema_extra=words("主题", "Subject"))
    message: str = Field(min_length=1, max_length=50_000, json_schema_extra=words("正文", "Message", widget="textarea"))
    template: Literal["letter", "plain"] = Field("letter", json_schema_extra=words("模板", "Template", enum=_TEMPLATES))
    language: Literal["auto", "zh_CN", "en"] = Field(
        "auto", json_schema_extra=words("模板语言", "Language of the template", enum=_LANGUAGES, advanced=True)
    )

    @field_validator("email")
    @classmethod
    def _addresses(cls, given: str) -> str:
        try:
            if not addresses(given):
                raise PydanticCustomError("bad_email", "no address", {"email": given})
        except Refused as error:
            raise PydanticCustomError("bad_email", "no address", error.values) from None
        return given

    @field_validator("subject")
    @classmethod
    def _one_line(cls, subject: str) -> str:
        if not subject.isprintable() or not subject.strip():
            raise PydanticCustomError("mail_broken_header", "more than one line", {"header": "Subject"})
        return subject


def _signature(job: JobContext) -> str:
    """The writer's own name; that of the office where nobody in particular writes."""
    from worker.accounts.users import LOCAL_USERNAME

    with job.database.read() as connection:
        name = connection.scalar(select(users.c.display_name).where(users.c.id == job.actor.user_id))
    if name:
        return one_line(name)
    office, address = parseaddr(job.settings.smtp_from)
    nobody = job.actor.role == "system" or job.actor.username == LOCAL_USERNAME
    return one_line(office or address) if nobody else job.actor.username


def _refuse_strangers(job: JobContext, everybody: list[str]) -> None:
    """Before the first mail, so that all of them go or none.

    Raises:
        Refused: `mail_to_strangers`.
    """
    from worker.recipients import allowed_domains, strangers

    if job.actor.is_admin or any(job.iter_effects(_STEP)):
        return
    unknown = strangers(job.database, job.settings, everybody)
    if unknown:
        domains = ", ".join(allowed_domains(job.settings)) or "–"
        raise Refused("mail_to_strangers", emails=", ".join(unknown[:5]), count=len(unknown), domains=domains)


@kind(
    "notifications.send_email",
    {"zh_CN": "发送邮件", "en": "Send an e-mail"},
    SendEmailParams,
    lane="email",
    order=60,
    result_titles={
        "sent": ("已发送", "Sent"),
        "recipients": ("收件人", "Recipients"),
        "refused": ("被拒收", "Refused"),
        "unknown": ("结果未知，请与对方确认", "Outcome unknown, ask them"),
    },
)
def send_email(job: JobContext, params: SendEmailParams) -> dict[str, Any]:
    """Send the mails.

    Returns:
        `{sent, refused: [{email, reply}], unknown: [address], recipients}`; refused and unknown list the first 100.

    Raises:
        Refused: nobody got it: the first reason, `mail_outcome_unknown`, or `mail_to_strangers`.
        Transient: somebody may get it later; those who have it do not get it again.
    """
    from worker.mail.smtp import Deferred, Mailer, OutcomeUnknown

    language = job.actor.language if params.language == "auto" else params.language
    body = params.message
    if params.template == "letter":
        body = text("mail_letter", language, message=params.message.strip(), sender=_signature(job))
    everybody = addresses(params.email)
    _refuse_strangers(job, everybody)
    refusals: dict[str, str] = dict((job.checkpoint or {}).get("refused", {}))
    first: Refused | None = None
    later: Transient | None = None
    with Mailer(job.settings) as mailer:
        for number, address in enumerate(everybody):
            job.progress("stage_sending_mail", number, len(everybody))
            if address in refusals:
                continue
            mail = Mail(address, params.subject, body, language, f"{job.job_id}.{number}")
            try:
                with job.effect(_STEP, str(number)) as now:
                    if now:
                        mailer.send(mail)
            except Deferred as error:
                later = later or error
            except Refused as error:
                if error.code != "mail_refused":
                    raise  # the server takes no mail of ours at all
                first = first or error
                refusals[address] = str(error.values.get("reply"))
                with job.chunk() as chunk:
                    chunk.checkpoint({"refused": refusals})
            except OutcomeUnknown:
                continue  # written down by the guard
    job.progress("stage_sending_mail", len(everybody), len(everybody))
    if later is not None:
        raise later
    states = dict(job.iter_effects(_STEP))
    unknown = [address for number, address in enumerate(everybody) if states.get(str(number)) == "unknown"]
    sent = sum(state == "done" for state in states.values())
    if unknown:
        with job.chunk() as chunk:
            notifications.add(
                chunk.connection, notifications.ADMINS, "mail_unknown", "warning", key=f"mail_unknown:{job.job_id}",
                job_id=job.job_id, subject=params.subject, emails=", ".join(unknown[:5]), mails=len(unknown),
            )  # fmt: skip
    if not sent:
        if unknown:
            raise Refused("mail_outcome_unknown", emails=", ".join(unknown[:5]), count=len(unknown))
        address, reply = next(iter(refusals.items()))
        raise first or Refused("mail_refused", email=address, reply=reply)
    return {
        "sent": sent,
        "recipients": len(everybody),
        "refused": [{"email": a, "reply": r} for a, r in list(refusals.items())[:_SHOWN]],
        "unknown": unknown[:_SHOWN],
    }
