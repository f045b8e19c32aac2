"""The OpenAPI description of the API, made from its models."""

from importlib.metadata import version
from typing import Any

from pydantic.json_schema import models_json_schema

from tim_bots.api.appointments import LONGEST, Appointments
from tim_bots.api.models import DecisionBody, Problem, Request, Requests

_MODELS = (Request, Requests, Appointments, DecisionBody, Problem)
_NUMBER = {
    "name": "number",
    "in": "path",
    "required": True,
    "schema": {"type": "integer", "minimum": 1, "maximum": 9_999_999},
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "New for each decision, the same when it is sent again; remembered for seven days.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"},
}
_PROBLEMS = {
    "400": "The call is not as described here.",
    "401": "The bearer token is missing or wrong.",
    "403": "Not a member of the counter, or a doctor's to decide.",
    "404": "No such request.",
    "409": "Closed, taken by somebody else, or refused by the flow; nothing was changed.",
    "413": "Larger than 15 MiB.",
    "422": "The key was used for another call.",
    "503": "The database does not answer; try again.",
}


def description() -> dict[str, Any]:
    """The document that `/openapi.json` serves."""
    _, definitions = models_json_schema(
        [(model, "serialization" if model is not DecisionBody else "validation") for model in _MODELS],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "TIM Suite: the counter", "version": version("tim-suite")},
        "security": [{"token": []}],
        "paths": {
            "/v1/requests": {"get": _operation("openRequests", "What is open, urgent first.", Requests, "401", "503")},
            "/v1/requests/{number}": {
                "parameters": [_NUMBER],
                "get": _operation("request", "One request.", Request, "400", "401", "404", "503"),
            },
            "/v1/appointments": {
                "parameters": [_time("from"), _time("to")],
                "get": _operation("appointments", "What is booked.", Appointments, "400", "401", "503"),
            },
            "/v1/requests/{number}/decision": {
                "parameters": [_NUMBER],
                "post": {
                    **_operation("decide", "Decide, as with the commands of the counter room.", Request, *_PROBLEMS),
                    "parameters": [_KEY],
                    "requestBody": {"required": True, "content": _json(DecisionBody)},
                },
            },
        },
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _time(name: str) -> dict[str, Any]:
    schema = {"type": "string", "format": "date-time"}
    about = f"RFC 3339 with zone; from is included, to is not; at most {LONGEST.days} days apart."
    return {"name": name, "in": "query", "required": True, "description": about, "schema": schema}


def _operation(name: str, summary: str, model: type, *problems: str) -> dict[str, Any]:
    answers = {"200": {"description": "Done.", "content": _json(model)}}
    answers |= {status: {"description": _PROBLEMS[status], "content": _json(Problem)} for status in problems}
    return {"operationId": name, "summary": summary, "responses": answers}


def _json(model: type) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}
