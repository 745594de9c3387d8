"""What the JSON API says of itself at /api/v1/docs: written from its OpenAPI, with nobody else's scripts or styles."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api import pages
from api.doors import TheDesk

router = APIRouter(include_in_schema=False)


@router.get("/api/v1/docs")
async def show(request: Request, desk: TheDesk) -> Response:
    schema = request.app.openapi()
    context = {
        "title": schema["info"]["title"],
        "description": schema["info"]["description"],
        "calls": [
            _call(method.upper(), path, told)
            for path, methods in schema["paths"].items()
            for method, told in methods.items()
        ],
        "shapes": [
            {"name": name, "fields": [_field(field, told) for field, told in shape.get("properties", {}).items()]}
            for name, shape in schema["components"]["schemas"].items()
            if name not in ("HTTPValidationError", "ValidationError")
        ],
    }
    return pages.render(request, desk, "api_docs.html", None, context)


def _call(method: str, path: str, told: dict[str, Any]) -> dict[str, Any]:
    body = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    good: dict[str, Any] = next((answer for status, answer in told["responses"].items() if status.startswith("2")), {})
    answer = good.get("content", {}).get("application/json", {}).get("schema", {})
    return {
        "method": method,
        "path": path,
        "does": str(told.get("description", "")).replace("`", ""),
        "asks": [one["name"] for one in told.get("parameters", []) if one["in"] == "query"],
        "body": _name(body),
        "answer": _name(answer),
    }


def _field(name: str, told: dict[str, Any]) -> dict[str, str]:
    kinds = told.get("anyOf") or [told]
    return {"name": name, "kind": " | ".join(_kind(kind) for kind in kinds)}


def _kind(told: dict[str, Any]) -> str:
    if "$ref" in told:
        return _name(told)
    if told.get("type") == "array":
        return f"[{_kind(told['items'])}]"
    return str(told.get("format") or told.get("type", "any"))


def _name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]
