"""Show the errors of a service next to the fields of a staff form."""

from collections.abc import Mapping

from flask_wtf import FlaskForm


def put_faults(form: FlaskForm, faults: Mapping[str, str]) -> None:
    """Add each error to its field; errors without a field go into the summary."""
    for name, text in faults.items():
        if name in form:
            field = form[name]
            field.errors = [*field.errors, text]
        else:
            form.form_errors.append(text)
