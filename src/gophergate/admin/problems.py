"""Errors of the operators' API: one shape, whatever went wrong.

{"error": {"message", "type", "param", "code", "fields": [{"field", "message"}]}}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from gophergate.errors import KIND_BY_STATUS, BadRequest, GatewayError


class Field(BaseModel):
    """One member of a request that was wrong."""

    field: str
    message: str


class Problem(BaseModel):
    """What was wrong."""

    message: str
    type: str
    code: str
    param: str | None = None
    fields: list[Field] | None = None


class ProblemBody(BaseModel):
    """The body of every error."""

    error: Problem


class WrongFields(BadRequest):
    """Several members of a request are wrong; each says why."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        shown = "; ".join(f"{field}: {message}" if field else message for field, message in fields)
        super().__init__(shown, param=fields[0][0] or None)
        self.fields = [Field(field=field, message=message) for field, message in fields]


class Stale(BadRequest):
    """The object was changed since it was read (RFC 9110, 13.1.1)."""

    status, code = 412, "precondition_failed"


_DESCRIPTIONS = {
    400: "The request is wrong; `fields` says what and where.",
    401: "Nobody is signed in, or the token is not known.",
    403: "Signed in, but not allowed to.",
    404: "There is no such object.",
    405: "The path exists, but not for this method.",
    409: "It contradicts what is stored.",
    412: "It was changed since it was read.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    429: "Too many attempts; wait for Retry-After seconds.",
    502: "The provider failed.",
    503: "The database cannot be reached.",
}


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's entries for error statuses. They name the one schema of `schemas`: given the model, FastAPI would make
    a validator of its own for each status of each route: four megabytes."""
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {status: {"content": content, "description": _DESCRIPTIONS[status]} for status in statuses}


def schemas() -> dict[str, Any]:
    """OpenAPI's schemas that `responses` names."""
    body = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**body.pop("$defs"), "ProblemBody": body}


def answer(error: GatewayError) -> JSONResponse:
    """An error as a response."""
    headers = dict(error.headers)
    if error.retry_after is not None:
        headers.setdefault("retry-after", str(max(1, round(error.retry_after))))
    if error.status == 401:
        headers.setdefault("www-authenticate", "Bearer")
    problem = Problem(
        message=error.message,
        type=error.kind,
        code=error.code,
        param=error.param,
        fields=error.fields if isinstance(error, WrongFields) else None,
    )
    return JSONResponse(
        {"error": problem.model_dump(exclude_none=True, exclude_unset=False)}, status_code=error.status, headers=headers
    )


def install(app: FastAPI) -> None:
    """Let every error of the application wear the one shape."""

    async def ours(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, GatewayError)  # noqa: S101 - narrows the type
        return answer(error)

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - narrows the type
        return answer(WrongFields([_field(item) for item in error.errors()] or [("", "The request is wrong.")]))

    async def http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101 - narrows the type
        made = GatewayError(_sentence(error.status_code, request, error), headers=dict(error.headers or {}))
        made.status = error.status_code
        made.kind = KIND_BY_STATUS.get(error.status_code, "invalid_request")
        made.code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, made.kind)
        return answer(made)

    app.add_exception_handler(GatewayError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)


def _sentence(status: int, request: Request, error: HTTPException) -> str:
    if status == 404:
        return f"There is nothing at {request.url.path}. What there is stands in /api/openapi.json."
    if status == 405:
        return f"{request.url.path} does not answer to {request.method}."
    return str(error.detail)


def _field(item: Mapping[str, Any]) -> tuple[str, str]:
    """A member's place as people write it, and the sentence."""
    where = [str(part) for part in item["loc"] if part not in ("body", "query", "path", "header")]
    message = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "json_invalid":
        return "", f"The body is not JSON: {item.get('ctx', {}).get('error', message)}."
    if item["type"] == "missing" and not where:
        return "", "A JSON body is required."
    if isinstance(item.get("input"), bytes) and tuple(item["loc"]) == ("body",):
        return "", "The body must be sent as JSON, with the header 'content-type: application/json'."
    return ".".join(where), message
