"""What the SDKs' models make of a JSON body: which names they know, and what they lose.

The models keep whatever they are given, unknown names included, so ``as_dict`` shows no loss.
Here a body is taken apart along the models' own fields, each value deserialised and serialised
again as the SDK does both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from azure.mgmt.recoveryservicessiterecovery._utils.model_base import SdkJSONEncoder


@dataclass(frozen=True, order=True)
class Loss:
    """One place of a body that a model does not carry through.

    what -- ``unknown`` name, ``changed`` value, the same moment ``written anew``, ``added``
        default, or ``read-only`` name.
    """

    place: str
    what: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.what} {self.detail}".rstrip()


def losses(model: type[Any], body: dict[str, Any]) -> tuple[Loss, ...]:
    """What is lost when a body goes through a model of the SDK and back."""
    return tuple(_losses(model._deserialize(body, []), body, "$"))


def write_faults(model: type[Any], body: dict[str, Any]) -> tuple[Loss, ...]:
    """Names in a body to be sent that the write model doesn't know, or that only reads have."""
    made = model._deserialize(body, [])
    unknown = [each for each in _losses(made, body, "$") if each.what != "added"]
    return (*unknown, *_read_only(made, body, "$"))


def _losses(model: Any, body: dict[str, Any], place: str) -> Iterator[Loss]:
    fields = _fields(type(model))
    for name, value in body.items():
        here = f"{place}.{name}"
        if name in fields:
            yield from _value_losses(getattr(model, fields[name]), value, here)
        else:
            yield Loss(here, "unknown")
    for name in model.keys() - body.keys():
        yield Loss(f"{place}.{name}", "added")


def _value_losses(held: Any, given: Any, place: str) -> Iterator[Loss]:
    if _is_model(held) and isinstance(given, dict):
        yield from _losses(held, given, place)
    elif isinstance(held, list) and isinstance(given, list) and any(map(_is_model, held)):
        for each, row in zip(held, given, strict=True):
            yield from _value_losses(each, row, f"{place}[]")
    else:
        # Of plain values the serialiser makes nothing else.
        plain = held is None or type(held) in (str, bool, int)
        again = held if plain else json.loads(json.dumps(held, cls=SdkJSONEncoder))
        if again != given or type(again) is not type(given):
            same = isinstance(held, datetime) and _moment(again) == _moment(given)
            yield Loss(place, "written anew" if same else "changed", f"{again!r} for {given!r}")


def _moment(text: str) -> str:
    """A time to the microsecond, with its zone if it has one."""
    return re.sub(r"\.(\d{1,6})\d*", lambda m: f".{m[1]:0<6}", text)


def _read_only(model: Any, body: dict[str, Any], place: str) -> Iterator[Loss]:
    fields = _fields(type(model))
    for name, value in body.items():
        if name not in fields:
            continue
        if type(model)._attr_to_rest_field[fields[name]]._visibility == ["read"]:
            yield Loss(f"{place}.{name}", "read-only")
        held = getattr(model, fields[name])
        rows = zip(held, value, strict=True) if isinstance(held, list) else [(held, value)]
        for each, given in rows:
            if _is_model(each):
                yield from _read_only(each, given, f"{place}.{name}")


_FIELDS: dict[type[Any], dict[str, str]] = {}


def _fields(model: type[Any]) -> dict[str, str]:
    """Name on the wire -> the model's attribute; kept, since there are thousands of bodies."""
    if model not in _FIELDS:
        fields = model._attr_to_rest_field.items()
        _FIELDS[model] = {rf._rest_name: attr for attr, rf in fields}
    return _FIELDS[model]


def _is_model(value: Any) -> bool:
    return bool(getattr(value, "_is_model", False))
