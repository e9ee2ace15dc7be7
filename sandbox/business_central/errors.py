"""Every refusal Business Central's API gives, by name (contracts/business-central.md §4)."""

from __future__ import annotations


class Refusal(Exception):
    """One error answer. `message` lacks the correlation suffix; `german` is the text a German tenant shows.

    `retry_after`: seconds for the header; `html`: the gateway's page instead of the JSON envelope.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        german: str = "",
        retry_after: str | None = None,
        html: bool = False,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.german = german
        self.retry_after = retry_after
        self.html = html


def invalid_credentials() -> Refusal:
    return Refusal(401, "Authentication_InvalidCredentials", "The server has rejected the client credentials.")


def segment_not_found(segment: str) -> Refusal:
    return Refusal(404, "BadRequest_ResourceNotFound", f"Resource not found for the segment '{segment}'.")


def query_syntax(detail: str = "", status: int = 400) -> Refusal:
    text = "Bad Request - Error in query syntax."
    return Refusal(status, "BadRequest_NotFound", f"{text} {detail}" if detail else text)


def property_not_found(name: str, entity: str) -> Refusal:
    text = f"Could not find a property named '{name}' on type 'Microsoft.NAV.{entity}'."
    return Refusal(400, "BadRequest_NotFound", text)


def property_unknown(name: str, entity: str) -> Refusal:
    text = (
        f"The property '{name}' does not exist on type 'Microsoft.NAV.{entity}'. "
        "Make sure to only use property names that are defined by the type."
    )
    return Refusal(400, "BadRequest", text)


def invalid_body(detail: str = "Invalid Request Body") -> Refusal:
    return Refusal(400, "BadRequest", detail)


def unsupported_media_type() -> Refusal:
    return Refusal(415, "BadRequest", "A body needs the Content-Type application/json.")


def read_only(control: str) -> Refusal:
    return Refusal(400, "BadRequest_InvalidOperation", f"Control '{control}' is read-only")


def invalid_header(detail: str) -> Refusal:
    return Refusal(400, "BadRequest_InvalidOperation", detail)


def not_an_option(value: str, members: tuple[str, ...], code: str) -> Refusal:
    text = f"'{value}' is not an option. The existing options are: {','.join(members)}"
    return Refusal(400, code, text)


def too_long(length: int, limit: int, value: str) -> Refusal:
    return Refusal(
        400,
        "Application_StringExceededLength",
        f"The length of the string is {length}, but it must be less than or equal to {limit} characters. "
        f"Value: {value}",
        german=f"Die Länge der Zeichenfolge ist {length}, sie darf aber höchstens {limit} Zeichen betragen. "
        f"Wert: {value}",
    )


def not_in_table(caption: str, table: str, value: str, related: str) -> Refusal:
    text = (
        f"The field {caption} of table {table} contains a value ({value}) "
        f"that cannot be found in the related table ({related})."
    )
    return Refusal(400, "Internal_InvalidTableRelation", text)


def test_field(message: str) -> Refusal:
    return Refusal(400, "Application_FieldValidationException", message)


def dialog(message: str, german: str = "", code: str = "Application_DialogException") -> Refusal:
    return Refusal(400, code, message, german=german)


def duplicate_key(number: str, status: int) -> Refusal:
    text = f"The record in table Contact already exists. Identification fields and values: No.='{number}'"
    return Refusal(status, "Internal_EntityWithSameKeyExists", text)


def invalid_token() -> Refusal:
    text = (
        "Could not validate the client concurrency token required by the service. "
        "Please provide a valid token in the client request."
    )
    return Refusal(400, "BadRequest_InvalidToken", text)


def changed_meanwhile(status: int) -> Refusal:
    return Refusal(status, "Request_EntityChanged", "Another user has already changed the record.")


def method_not_allowed(method: str, entity_set: str) -> Refusal:
    text = (
        f"'{method}' requests for '{entity_set}' of EdmType 'Entity' are not allowed within "
        "Dynamics 365 Business Central OData web services."
    )
    return Refusal(405, "BadRequest_MethodNotAllowed", text)


def not_implemented(message: str = "The OData filter expression is not supported.") -> Refusal:
    return Refusal(501, "BadRequest_MethodNotImplemented", message)


def or_on_distinct_fields() -> Refusal:
    return not_implemented("The 'OR' operator is not supported on distinct fields on an OData filter.")


def bad_filter_value(value: str, caption: str, table: str) -> Refusal:
    text = f'The filter "{value}" is not valid for the {caption} field on the {table} table.'
    return Refusal(400, "Application_FilterErrorException", text)


def invalid_guid(text: str) -> Refusal:
    return Refusal(400, "Application_InvalidGUID", f"The text '{text}' is not a valid GUID.")


def company_not_found(status: int) -> Refusal:
    return Refusal(status, "Internal_CompanyNotFound", "The company was not found.")


def record_not_found(code: str) -> Refusal:
    return Refusal(404, code, "The record was not found.")


def permission_denied(status: int, code: str, right: str) -> Refusal:
    text = f"You do not have the following permissions on TableData Contact: {right}."
    return Refusal(status, code, text)


def environment_unavailable(retry_after: str, html: bool) -> Refusal:
    text = "The environment is being updated."
    return Refusal(503, "Internal_TenantUnavailable", text, retry_after=retry_after, html=html)


def query_too_long() -> Refusal:
    return Refusal(414, "", "The query string is too long.", html=True)


def skip_token_gone() -> Refusal:
    return Refusal(400, "SkipTokenIsNoLongerValid", "The skip token is no longer valid.")


def batch_too_large(limit: int) -> Refusal:
    text = f"The batch exceeds the maximum number of '{limit}' query operations and changesets."
    return Refusal(500, "Internal_ServerError", text)
