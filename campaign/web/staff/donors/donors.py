"""Donor pages: search, details, emails and notes. Changes are in `donor_changes`."""

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import SearchField

from campaign.core.errors import NoteRefused
from campaign.core.input_limits import read_key
from campaign.donations.canonical_donors import canonical_donor, donor_records, find_donor
from campaign.donors.donor_list import find_donors
from campaign.donors.keyset_paging import Cursor
from campaign.donors.notes import add_donor_note
from campaign.models import StaffRole
from campaign.reporting.donor_detail import load_emails, read_donor_detail, read_email_keys
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.paging import pages
from campaign.web.staff.donors.note_form import NoteForm

blueprint: Blueprint = staff_blueprint("donors", "/donors")


class SearchForm(FlaskForm):
    """The search box. A GET form: it changes nothing."""

    class Meta:
        csrf = False

    q = SearchField()


def read_cursor() -> Cursor | None:
    """Return where the page of a list begins, or None if the query string is invalid."""
    keys = {}
    for name in ("before", "after"):
        text = request.args.get(name)
        keys[name] = None if text is None else read_key(text)
        if text is not None and keys[name] is None:
            return None
    return Cursor(**keys)


@blueprint.get("")
@needs(StaffRole.viewer)
def listed() -> ResponseReturnValue:
    """List the donors that match the search."""
    form = SearchForm(formdata=request.args)
    cursor, text = read_cursor(), form.q.data or ""
    form.form_errors = _faults(cursor, {"q", "before", "after"})
    with installation().sessions() as session:
        lines, keys = find_donors(session, text, cursor or Cursor()) if cursor else ([], None)
        page = render_template(
            "staff/donors/list.html",
            page_title="Donors",
            form=form,
            text=text,
            lines=lines,
            pages=pages(keys.newer, keys.older) if keys else pages(None, None),
        )
    return make_response(page, 422 if form.form_errors else 200)


def _faults(cursor: Cursor | None, known: set[str]) -> list[str]:
    unknown = sorted(set(request.args) - known)
    faults = [f"There is no filter named “{name}”." for name in unknown]
    if cursor is None:
        faults.append("The link does not lead to a valid page. Start from the first page.")
    return faults


@blueprint.get("/<int:donor_id>")
@needs(StaffRole.viewer)
def person(donor_id: int) -> ResponseReturnValue:
    """Show everything about one donor. A merged record redirects to its canonical donor."""
    return _person(donor_id, NoteForm(formdata=None))


def _person(donor_id: int, form: NoteForm, status: int = 200) -> ResponseReturnValue:
    with installation().sessions() as session:
        donor = find_donor(session, donor_id)
        if donor.merged_into_id is not None:
            return redirect(url_for(".person", donor_id=donor.merged_into_id), 302)
        cursor = read_cursor()
        form.form_errors = _faults(cursor, {"before", "after"})
        found = read_donor_detail(session, donor, cursor or Cursor())
        page = render_template(
            "staff/donors/detail.html",
            page_title=donor.name or donor.email or f"Donor {donor.id}",
            person=found,
            donor=donor,
            form=form,
            gift_pages=pages(found.gift_keys.newer, found.gift_keys.older),
        )
    return make_response(page, 422 if form.form_errors else status)


@blueprint.get("/<int:donor_id>/mail")
@needs(StaffRole.viewer)
def mail(donor_id: int) -> ResponseReturnValue:
    """List all emails to the donor, page by page."""
    with installation().sessions() as session:
        donor = canonical_donor(session, find_donor(session, donor_id))
        cursor = read_cursor()
        faults = _faults(cursor, {"before", "after"})
        keys = read_email_keys(session, donor_records(session, donor), cursor or Cursor())
        page = render_template(
            "staff/donors/mail.html",
            page_title="Emails",
            donor=donor,
            mails=load_emails(session, keys.ids),
            pages=pages(keys.newer, keys.older),
            faults=faults,
        )
    return make_response(page, 422 if faults else 200)


@blueprint.post("/<int:donor_id>/notes")
@needs(StaffRole.finance)
def note(donor_id: int) -> ResponseReturnValue:
    """Add a note to the donor."""
    form = NoteForm(formdata=request.form)
    try:
        with installation().sessions.begin() as session:
            add_donor_note(session, find_donor(session, donor_id), form.text.data or "", actor())
    except NoteRefused as error:
        form.text.errors = [str(error)]
        return _person(donor_id, form, 422)
    flash("Note saved.")
    return redirect(url_for(".person", donor_id=donor_id, _anchor="notes"), 303)
