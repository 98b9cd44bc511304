"""The form for a note on a donation or a donor."""

from flask_wtf import FlaskForm
from wtforms import TextAreaField


class NoteForm(FlaskForm):
    """A note. The blueprint checks the CSRF token."""

    class Meta:
        csrf = False

    text = TextAreaField()
