"""Outgoing webhooks: endpoints, their deliveries, and resending a delivery."""

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import SelectMultipleField, StringField
from wtforms.widgets import CheckboxInput, ListWidget

from campaign.core import clock
from campaign.core.errors import FieldsInvalid, NotFound
from campaign.core.input_limits import read_key
from campaign.integrations.deliveries import PAGE, list_deliveries, requeue_delivery
from campaign.integrations.endpoints import (
    EVENTS,
    add_endpoint,
    disable_endpoint,
    find_endpoint,
    list_endpoints,
    queue_test,
)
from campaign.models import StaffRole
from campaign.web.context import installation
from campaign.web.staff.auth.kept_forms import requires_recent_form
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.form_errors import put_faults
from campaign.web.staff.core.paging import pages

blueprint: Blueprint = staff_blueprint("webhooks", "/webhooks")


class EndpointForm(FlaskForm):
    """URL and events of a new endpoint. The blueprint checks the CSRF token."""

    class Meta:
        csrf = False

    url = StringField()
    events = SelectMultipleField(
        choices=list(EVENTS),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        validate_choice=False,
    )


@blueprint.get("")
@needs(StaffRole.admin)
def index() -> ResponseReturnValue:
    """List the endpoints, with a form to add one."""
    return _index(EndpointForm(formdata=None))


def _index(form: EndpointForm, status: int = 200) -> ResponseReturnValue:
    with installation().sessions() as session:
        endpoints = list_endpoints(session)
    page = render_template(
        "staff/webhooks/page.html", page_title="Webhooks", form=form, endpoints=endpoints
    )
    return make_response(page, status)


@blueprint.post("")
@needs(StaffRole.admin)
@requires_recent_form
def add() -> ResponseReturnValue:
    """Add an endpoint; the same URL again updates the events of the existing one."""
    form = EndpointForm(formdata=request.form)
    here = installation()
    try:
        with here.sessions.begin() as session:
            endpoint = add_endpoint(
                session,
                form.url.data or "",
                form.events.data or [],
                actor(),
                here.settings.outgoing,
            )
            endpoint_id = endpoint.id
    except FieldsInvalid as error:
        put_faults(form, error.faults)
        return _index(form, 422)
    return redirect(url_for(".endpoint", endpoint_id=endpoint_id), 303)


@blueprint.get("/<int:endpoint_id>")
@needs(StaffRole.admin)
def endpoint(endpoint_id: int) -> ResponseReturnValue:
    """Show one endpoint: its secret and its deliveries."""
    with installation().sessions() as session:
        found = find_endpoint(session, endpoint_id)
        log = list_deliveries(session, endpoint_id, read_key(request.args.get("before", "")))
    older = log[-1].id if len(log) == PAGE else None
    return render_template(
        "staff/webhooks/endpoint.html",
        page_title="Webhook",
        endpoint=found,
        log=log,
        pages=pages(None, older),
    )


@blueprint.post("/<int:endpoint_id>/disable")
@needs(StaffRole.admin)
def disable(endpoint_id: int) -> ResponseReturnValue:
    """Disable an endpoint."""
    with installation().sessions.begin() as session:
        disable_endpoint(session, endpoint_id, actor(), clock.now())
    flash("Endpoint disabled.")
    return redirect(url_for(".endpoint", endpoint_id=endpoint_id), 303)


@blueprint.post("/<int:endpoint_id>/test")
@needs(StaffRole.admin)
def test(endpoint_id: int) -> ResponseReturnValue:
    """Send a test event to an endpoint."""
    try:
        with installation().sessions.begin() as session:
            queue_test(session, endpoint_id, actor())
        flash("Test event queued. See the deliveries below.")
    except NotFound as error:
        flash(str(error))
    return redirect(url_for(".endpoint", endpoint_id=endpoint_id), 303)


@blueprint.post("/<int:endpoint_id>/deliveries/<int:delivery_id>")
@needs(StaffRole.admin)
def retry(endpoint_id: int, delivery_id: int) -> ResponseReturnValue:
    """Resend one delivery."""
    with installation().sessions.begin() as session:
        requeue_delivery(session, delivery_id, actor(), clock.now())
    flash("The delivery will be resent within seconds.")
    return redirect(url_for(".endpoint", endpoint_id=endpoint_id), 303)
