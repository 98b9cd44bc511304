"""What a status (RFC 3463) or a reply code (RFC 5321) means where the words say nothing that is known.

Sources: RFC 3463 and the IANA registry of RFC 5248 if nothing else is named;
Microsoft: learn.microsoft.com, "Email non-delivery reports and SMTP errors in Exchange Online";
Gmail: support.google.com/a/answer/3726730, "SMTP error messages and codes".
"""

from types import MappingProxyType

from campaign.mailer.refusal_rules.causes import RefusalCause as Cause

_EXACT = MappingProxyType(
    {
        "1.1": Cause.no_mailbox,
        "1.2": Cause.no_domain,
        "1.3": Cause.no_mailbox,
        "1.6": Cause.moved,
        "1.7": Cause.sender,
        "1.8": Cause.sender,
        "1.10": Cause.no_mailbox,  # RFC 7505: null MX; Exchange: recipient not found
        "1.90": Cause.daily_limit,  # Microsoft
        "1.351": Cause.no_mailbox,  # Microsoft: the remote server knows no such recipient
        "2.1": Cause.disabled,
        "2.2": Cause.full,
        "2.3": Cause.size,
        "2.121": Cause.rate,  # Microsoft
        "2.122": Cause.rate,  # Microsoft
        "3.4": Cause.size,
        "4.5": Cause.daily_limit,  # Gmail
        "4.7": Cause.expired,
        "4.300": Cause.expired,  # Microsoft
        "4.310": Cause.no_domain,  # Microsoft: the domain does not exist
        "4.316": Cause.expired,  # Microsoft
        "7.8": Cause.authentication,  # RFC 4954
        "7.10": Cause.tls,
        "7.11": Cause.tls,
        "7.13": Cause.disabled,
        "7.17": Cause.moved,  # RFC 7293: the owner of the mailbox has changed; 7.18: of the domain
        "7.18": Cause.moved,
        "7.20": Cause.domain_authentication,  # RFC 7372, as up to 7.26
        "7.21": Cause.domain_authentication,
        "7.22": Cause.domain_authentication,
        "7.23": Cause.domain_authentication,
        "7.24": Cause.domain_authentication,
        "7.25": Cause.domain_authentication,
        "7.26": Cause.domain_authentication,
        "7.27": Cause.sender,  # RFC 7505: the sender's domain has a null MX
        "7.28": Cause.rate,
        "7.54": Cause.relay,  # Microsoft, as 7.64
        "7.57": Cause.authentication,  # Microsoft
        "7.64": Cause.relay,
        "7.501": Cause.blocklist,  # Microsoft, as all 7.5xx and 7.6xx below
        "7.502": Cause.blocklist,
        "7.503": Cause.blocklist,
        "7.508": Cause.rate,
        "7.509": Cause.domain_authentication,
        "7.511": Cause.blocklist,
        "7.606": Cause.blocklist,
        "7.705": Cause.daily_limit,
        "7.708": Cause.blocklist,
    }
)
"""By subject and detail, whatever the class."""

_BY_SUBJECT = MappingProxyType(
    {
        "3": Cause.busy,
        "4": Cause.network,
        "5": Cause.protocol,
        "6": Cause.content,
        "7": Cause.policy,
    }
)
_BY_CODE = MappingProxyType(
    {
        **dict.fromkeys((421, 450, 451, 452), Cause.busy),
        **dict.fromkeys((454, 530, 534, 535, 538), Cause.authentication),
        **dict.fromkeys((500, 501, 502, 503, 504, 555), Cause.protocol),
        **dict.fromkeys((522, 552), Cause.full),
        523: Cause.size,
        542: Cause.no_mailbox,  # Symantec Email Security.cloud: not a registered address
        556: Cause.null_mx,  # RFC 7504
    }
)


def cause_of_status(status: str, code: int | None) -> Cause:
    """Return the cause that the status names, or else the reply code; `unknown` if neither does."""
    if (code, status) == (521, "5.3.2"):
        return Cause.null_mx  # RFC 7504: a host that accepts no mail
    if status:
        _, subject, detail = status.split(".")
        cause = _EXACT.get(f"{subject}.{detail}") or _BY_SUBJECT.get(subject)
        if cause is not None:
            return cause
    return _BY_CODE.get(code or 0, Cause.unknown)
