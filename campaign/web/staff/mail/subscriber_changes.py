"""Add a subscriber by hand, and unsubscribe someone who asked for it."""

from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import EmailField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import DateInput

from campaign.campaigns.campaigns import find_campaign
from campaign.core import clock
from campaign.core.errors import SubscriberInvalid, SuppressionChangeRefused
from campaign.core.i18n import get_language, languages
from campaign.donors.subscriber_changes import NewSubscriber, add_by_hand, unsubscribe_on_request
from campaign.mailer.suppressions import is_suppressed
from campaign.models import Campaign, StaffRole
from campaign.reporting.subscriber_detail import find_subscriber
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.form_errors import put_faults
from campaign.web.staff.core.layout import organization_zone

blueprint = staff_blueprint("subscriber_changes", "/subscribers")

_SUPPRESSED = (
    "This address is on the list “Do not email” and stays there. If its owner has agreed again, undo that below, with"
    " the reason."
)


class NewSubscriberForm(FlaskForm):
    """A subscriber and their consent. The blueprint checks the CSRF token."""

    class Meta:
        csrf = False

    email = EmailField()
    name = StringField()
    locale = SelectField(validate_choice=False)
    timezone = StringField()
    consent_source = StringField()
    consent_on = StringField(widget=DateInput())
    consent_wording = TextAreaField()


class UnsubscribeForm(FlaskForm):
    """Which emails to stop, and how the person asked."""

    class Meta:
        csrf = False

    scope = SelectField(validate_choice=False)
    how = StringField()


@blueprint.route("/new", methods=["GET", "POST"])
@needs(StaffRole.finance)
def new() -> ResponseReturnValue:
    """Add a person by hand."""
    form = NewSubscriberForm()
    form.locale.choices = [SelectChoice(one, get_language(one).native_name) for one in languages()]
    at, zone = clock.now(), organization_zone()
    if not form.is_submitted():
        form.consent_on.data = str(at.astimezone(zone).date())
        return _new_page(form)
    typed = NewSubscriber(**{name: value or "" for name, value in form.data.items()})
    try:
        with installation().sessions.begin() as session:
            added = add_by_hand(session, typed, zone, at, actor())
            flash(f"{added.name or added.email} is a subscriber now.")
            if is_suppressed(session, added.email):
                flash(_SUPPRESSED)
    except SubscriberInvalid as error:
        put_faults(form, error.faults)
        return make_response(_new_page(form, error.known_id), 422)
    return redirect(url_for("subscribers.person", subscriber_id=added.id), 303)


def _new_page(form: NewSubscriberForm, known_id: int | None = None) -> str:
    return render_template(
        "staff/subscribers/new.html", page_title="Add a subscriber", form=form, known_id=known_id
    )


@blueprint.route("/<int:subscriber_id>/unsubscribe", methods=["GET", "POST"])
@needs(StaffRole.finance)
def unsubscribe(subscriber_id: int) -> ResponseReturnValue:
    """Stop campaign emails to someone who asked for it."""
    form = UnsubscribeForm()
    with installation().sessions() as session:
        subscriber = find_subscriber(session, subscriber_id)
        form.scope.choices = _scopes(session)
        if not form.is_submitted():
            return _unsubscribe_page(session, subscriber_id, form)
        slug = form.scope.data or ""
        try:
            campaign = find_campaign(session, slug) if slug else None
            new = unsubscribe_on_request(
                session, subscriber, campaign, form.how.data or "", actor()
            )
            session.commit()
        except SuppressionChangeRefused as error:
            put_faults(form, {error.field: str(error)})
            return make_response(_unsubscribe_page(session, subscriber_id, form), 422)
        about = f"about {campaign.title}" if campaign else "any more"
        flash(
            f"{subscriber.email} gets no campaign emails {about}."
            if new
            else "This person was unsubscribed already. Nothing changed."
        )
    return redirect(url_for("subscribers.person", subscriber_id=subscriber_id), 303)


def _scopes(session: Session) -> list[SelectChoice]:
    campaigns = session.scalars(select(Campaign).order_by(Campaign.deadline.desc())).all()
    return [
        SelectChoice("", "All campaign emails"),
        *(SelectChoice(one.slug, f"Only of {one.title}") for one in campaigns),
    ]


def _unsubscribe_page(session: Session, subscriber_id: int, form: UnsubscribeForm) -> str:
    return render_template(
        "staff/subscribers/unsubscribe.html",
        page_title="Unsubscribe",
        subscriber=find_subscriber(session, subscriber_id),
        form=form,
    )
