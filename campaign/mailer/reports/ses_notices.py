"""Bounces and complaints of Amazon SES, as Amazon SNS sends them in JSON by mail."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from campaign.mailer.reports.findings import BounceFinding, ReportVerdict, verdict_of_refusal, worst

_KINDS = {"bounce", "complaint", "delivery", "deliverydelay", "reject", "send", "open", "click"}


class SesNotice(NamedTuple):
    """What SES tells, with the Message-IDs of the email: ours first."""

    verdict: ReportVerdict
    message_ids: tuple[str, ...]


def ses_notice_in(text: str) -> SesNotice | None:
    """Return the notice that `text` begins with, or None. SNS adds a footer behind the JSON."""
    start = text.find("{")
    if start < 0 or text[:start].strip():
        return None
    try:
        notice, _ = json.JSONDecoder().raw_decode(text[start:].replace("\n", " "))
        if isinstance(notice, Mapping) and isinstance(notice.get("Message"), str):
            notice = json.loads(notice["Message"])
    except (ValueError, RecursionError):
        return None
    return _read(notice) if isinstance(notice, Mapping) else None


def _read(notice: Mapping[str, Any]) -> SesNotice | None:
    kind = str(notice.get("notificationType") or notice.get("eventType") or "").lower()
    if kind not in _KINDS:
        return None
    return SesNotice(_verdict(kind, notice), _message_ids(_mapping(notice.get("mail"))))


def _message_ids(mail: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the Message-IDs that our email had, in brackets."""
    headers = [each for each in _list(mail.get("headers")) if isinstance(each, Mapping)]
    ids = [
        str(each.get("value")) for each in headers if str(each.get("name")).lower() == "message-id"
    ]
    ids.append(str(_mapping(mail.get("commonHeaders")).get("messageId") or ""))
    return tuple(f"<{each.strip(' <>')}>" for each in ids if each.strip(" <>"))


def _verdict(kind: str, notice: Mapping[str, Any]) -> ReportVerdict:
    if kind == "bounce":
        return _bounce(_mapping(notice.get("bounce")))
    if kind == "complaint":
        feedback = str(_mapping(notice.get("complaint")).get("complaintFeedbackType") or "abuse")
        finding = BounceFinding.nothing if feedback == "not-spam" else BounceFinding.complaint
        return ReportVerdict(finding, f"{feedback}, reported by Amazon SES")
    if kind == "deliverydelay":
        return ReportVerdict(BounceFinding.soft, "delayed, reported by Amazon SES")
    return ReportVerdict(BounceFinding.nothing, f"{kind}, reported by Amazon SES")


def _bounce(bounce: Mapping[str, Any]) -> ReportVerdict:
    """A bounce that SES calls permanent may still be a refusal of us; what the server said decides."""
    permanent = str(bounce.get("bounceType", "")).lower() == "permanent"
    subtype = str(bounce.get("bounceSubType") or "")
    verdicts = [
        _recipient(each, permanent=permanent, subtype=subtype)
        for each in _list(bounce.get("bouncedRecipients"))
        if isinstance(each, Mapping)
    ]
    return worst(verdicts or [ReportVerdict(BounceFinding.soft, f"bounce, {subtype}")])


def _recipient(given: Mapping[str, Any], *, permanent: bool, subtype: str) -> ReportVerdict:
    status, words = str(given.get("status") or ""), str(given.get("diagnosticCode") or "")
    detail = " ".join(each for each in (status, words or subtype) if each)
    if not permanent:
        return ReportVerdict(BounceFinding.soft, detail)
    if not words and subtype.lower() == "noemail":
        return ReportVerdict(BounceFinding.permanent, detail)
    return verdict_of_refusal(words, detail, status=status)


def _mapping(given: object) -> Mapping[str, Any]:
    return given if isinstance(given, Mapping) else {}


def _list(given: object) -> list[Any]:
    return given if isinstance(given, list) else []
