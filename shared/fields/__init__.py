"""The field map: one contact's fields in Business Central and in Outlook (sync rules §5). Pure functions.

A field that changed goes through `same` (are both sides settled?), `to_outlook` or `to_bc` (the value for the
other side, with reasons) and `outlook_body` or `bc_body` (the request). What changed, `fingerprint` tells.
"""

from shared.fields.bodies import bc_body, bc_create_body, outlook_body
from shared.fields.context import FieldContext, Translation, max_length
from shared.fields.countries import CountryBook
from shared.fields.emails import addresses, valid_email
from shared.fields.names import joined_name, split_name, spoken_name
from shared.fields.raw import bc_text, outlook_text, with_outlook_text
from shared.fields.texts import fold_company_name, share_a_word
from shared.fields.translate import same, to_bc, to_outlook

__all__ = [
    "CountryBook",
    "FieldContext",
    "Translation",
    "addresses",
    "bc_body",
    "bc_create_body",
    "bc_text",
    "fold_company_name",
    "joined_name",
    "max_length",
    "outlook_body",
    "outlook_text",
    "same",
    "share_a_word",
    "split_name",
    "spoken_name",
    "to_bc",
    "to_outlook",
    "valid_email",
    "with_outlook_text",
]
