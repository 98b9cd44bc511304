"""Translations of a campaign's texts, written by staff. Every change is in the audit log."""

from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.audit.audit_log import Actor, Subject
from campaign.campaigns import form_parsing
from campaign.campaigns.appearance import LONGEST_THANKS, known_languages, short_text
from campaign.campaigns.branding_edit import short_line
from campaign.campaigns.edit import notify_campaign_pages
from campaign.campaigns.form_parsing import FieldReader
from campaign.core.errors import ChangedMeanwhile, NotFound
from campaign.models import Campaign, CampaignText


@dataclass(frozen=True)
class TranslationFields:
    """The form as typed; readers see an empty text in the campaign's first language."""

    title: str = ""
    appeal: str = ""
    thanks: str = ""


def other_locales(campaign: Campaign) -> tuple[str, ...]:
    """List the languages, other than its first, that the campaign can be translated into."""
    return tuple(one for one in known_languages() if one != campaign.locale)


def read_translation(session: Session, campaign: Campaign, locale: str) -> TranslationFields:
    """Return the form's initial values. Raises NotFound for the first language and for unavailable languages."""
    if locale not in other_locales(campaign):
        raise NotFound(f"This campaign cannot be translated into {locale!r}.")
    found = session.get(CampaignText, (campaign.id, locale), populate_existing=True)
    return (
        TranslationFields(found.title, found.appeal, found.thanks) if found else TranslationFields()
    )


def fingerprint(translated: TranslationFields) -> str:
    """Return a short hash of the texts that the form showed."""
    return blake2b("\0".join(asdict(translated).values()).encode(), digest_size=6).hexdigest()


def edit_translation(
    session: Session,
    campaign: Campaign,
    locale: str,
    typed: TranslationFields,
    seen: str,
    actor: Actor,
    at: datetime,
) -> list[str]:
    """Save the form and return the names of the changed fields. `seen` is the `fingerprint` of what the form showed.

    Raises FieldsInvalid with all errors, and ChangedMeanwhile if someone else has saved a change since.
    """
    session.execute(
        select(Campaign.id).where(Campaign.id == campaign.id).with_for_update(key_share=True)
    )
    present = read_translation(session, campaign, locale)
    wanted = _read(typed)
    before, after = asdict(present), asdict(wanted)
    changed = [name for name, text in after.items() if text != before[name]]
    if changed and fingerprint(present) != seen:
        raise ChangedMeanwhile({name: before[name] for name in changed})
    if not changed:
        return []
    row = {"campaign_id": campaign.id, "locale": locale, "changed_at": at, **after}
    session.execute(
        insert(CampaignText)
        .values(row)
        .on_conflict_do_update(
            index_elements=["campaign_id", "locale"], set_={**after, "changed_at": at}
        )
    )
    audit_log.record(
        session,
        actor,
        "campaign.translated",
        Subject("campaign", campaign.slug, campaign.id),
        before={"locale": locale, **{name: before[name] for name in changed}},
        after={"locale": locale, **{name: after[name] for name in changed}},
    )
    notify_campaign_pages(session, campaign)
    return changed


def _read(typed: TranslationFields) -> TranslationFields:
    reader = FieldReader()
    title = reader.read(
        "title", lambda: short_line(typed.title, form_parsing.LONGEST_TITLE, "title")
    )
    appeal = reader.read("appeal", lambda: form_parsing.clean_markdown(typed.appeal))
    thanks = reader.read("thanks", lambda: short_text(typed.thanks, "thanks", LONGEST_THANKS))
    reader.check()
    return TranslationFields(title or "", appeal or "", thanks or "")
