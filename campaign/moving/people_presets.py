"""The columns of mailing tools' exports of people. Names are the tools' own, in any version; a person may map others.

Sources: Mailchimp, "View or export contacts"; Brevo, API reference of contact exports and the default attributes of its
languages; listmonk, `cmd/subscribers.go` of its export; Ghost, the export of members and its tests.
"""

from campaign.moving.columns import Preset

_MAILCHIMP = {
    "email": ("Email Address", "Email"),
    "first_name": ("First Name", "FNAME"),
    "last_name": ("Last Name", "LNAME"),
    "optin_at": ("OPTIN_TIME",),
    "optin_ip": ("OPTIN_IP",),
    "confirmed_at": ("CONFIRM_TIME",),
    "confirmed_ip": ("CONFIRM_IP",),
    "timezone": ("TIMEZONE",),
    "winter_offset": ("GMTOFF",),
    "summer_offset": ("DSTOFF",),
    "country": ("CC",),
    "unsubscribed_at": ("UNSUB_TIME",),
    "bounced_at": ("CLEAN_TIME",),
    "left_because": ("UNSUB_REASON",),
    "left_after": ("UNSUB_CAMPAIGN_TITLE", "CLEAN_CAMPAIGN_TITLE"),
}
_BREVO = {
    "email": ("EMAIL", "E-mail"),
    "first_name": ("FIRSTNAME", "PRENOM", "VORNAME", "NOMBRE", "NOME"),
    "last_name": ("LASTNAME", "NOM", "NACHNAME", "APELLIDOS", "COGNOME", "SURNAME"),
    "consent_at": ("ADDED_TIME", "CREATED_AT", "createdAt", "Creation date"),
    "double_opt_in": ("DOUBLE_OPT-IN",),
    "blocked": ("EMAIL_BLACKLISTED", "emailBlacklisted", "BLACKLISTED", "BLOCKLISTED", "Email blocklisted"),
    "status": ("email_marketing", "Email marketing*", "Email campaigns"),
    "timezone": ("TIME_ZONE", "TIMEZONE"),
}  # fmt: skip
_LISTMONK = {"consent_at": ("created_at",)}
_GHOST = {"consent_at": ("created_at",), "subscribed": ("subscribed_to_emails", "subscribed")}


def _of_every_tool(kind: str) -> tuple[Preset, ...]:
    return (
        Preset("mailchimp", "Mailchimp", kind, _MAILCHIMP, ("LEID", "EUID"), zone="UTC"),
        Preset("brevo", "Brevo", kind, _BREVO, ("ADDED_TIME", "MODIFIED_TIME")),
        Preset(
            "listmonk", "listmonk", kind, _LISTMONK, ("uuid", "attributes", "status"), zone="UTC"
        ),
        Preset(
            "ghost",
            "Ghost",
            kind,
            _GHOST,
            ("subscribed_to_emails", "complimentary_plan"),
            zone="UTC",
        ),
    )


PEOPLE = (
    Preset("plain", "a plain list", "people", {}, strict=True),
    *_of_every_tool("people"),
)
SUPPRESSIONS = (
    Preset("plain", "a plain list", "suppressions", {}, strict=True),
    *_of_every_tool("suppressions"),
)
