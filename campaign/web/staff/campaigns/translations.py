"""Edit a campaign's texts in another language, with a preview of the public page."""

from dataclasses import asdict

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import HiddenField, StringField, TextAreaField

from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.form_parsing import clean_markdown
from campaign.campaigns.translations import (
    TranslationFields,
    edit_translation,
    fingerprint,
    read_translation,
)
from campaign.core import clock
from campaign.core.errors import ChangedMeanwhile, FieldsInvalid
from campaign.core.i18n import get_language
from campaign.models import Campaign, StaffRole
from campaign.web.appeal.page import appeal_html
from campaign.web.context import installation
from campaign.web.staff.campaigns.edit import LARGEST
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.form_errors import put_faults

blueprint = staff_blueprint("translations", "/c/<slug>/texts/<locale>", largest=LARGEST)


class TranslationForm(FlaskForm):
    """The fields of `TranslationFields`, and in `seen` the mark of the version that the form showed."""

    class Meta:
        csrf = False

    title = StringField()
    appeal = TextAreaField()
    thanks = TextAreaField()
    seen = HiddenField()


@blueprint.route("", methods=["GET", "POST"])
@needs(StaffRole.admin)
def edit(slug: str, locale: str) -> ResponseReturnValue:
    """Show the form, preview the changes, or save them."""
    form = TranslationForm()
    with installation().sessions() as session:
        campaign = find_campaign(session, slug)
        present = read_translation(session, campaign, locale)
        if not form.is_submitted():
            form = TranslationForm(formdata=None, data=asdict(present))
            form.seen.data = fingerprint(present)
            return _page(campaign, locale, form)
        typed = TranslationFields(
            form.title.data or "", form.appeal.data or "", form.thanks.data or ""
        )
        try:
            if request.form.get("do") == "preview":
                shown = appeal_html(clean_markdown(typed.appeal))
                return _page(campaign, locale, form, preview=shown)
            seen = form.seen.data or ""
            changed = edit_translation(session, campaign, locale, typed, seen, actor(), clock.now())
            session.commit()
        except FieldsInvalid as error:
            put_faults(form, error.faults)
            return make_response(_page(campaign, locale, form), 422)
        except ChangedMeanwhile as error:
            now_there = read_translation(session, campaign, locale)
            form.seen.raw_data = [fingerprint(now_there)]
            form.seen.data = fingerprint(now_there)
            return make_response(_page(campaign, locale, form, theirs=error.present), 409)
    saved = ", ".join(changed)
    name = get_language(locale).native_name
    flash(f"Saved in {name}: {saved}." if changed else "Nothing changed.")
    return redirect(url_for("campaigns.show", slug=slug), 303)


def _page(
    campaign: Campaign,
    locale: str,
    form: TranslationForm,
    *,
    preview: Markup | None = None,
    theirs: dict[str, str] | None = None,
) -> str:
    spoken = get_language(locale)
    return render_template(
        "staff/campaigns/translation.html",
        page_title=f"Translation: {spoken.native_name}",
        campaign=campaign,
        form=form,
        spoken=spoken,
        preview=preview,
        theirs=theirs or {},
    )
