"""The form of a note, about a donation or a donor."""

from flask_wtf import FlaskForm
from wtforms import TextAreaField


class NoteForm(FlaskForm):
    """A note; the blueprint checks the token."""

    class Meta:
        csrf = False

    text = TextAreaField()
