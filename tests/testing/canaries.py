"""Known fakes of everything that must not be in a cassette. Put together here, so that no file
of the project holds one."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable

JWT = "eyJ" + "hbGciOiJub25lIn0" + ".eyJ" + "zdWIiOiJDQU5BUlkifQ" + ".Q0FOQVJZc2lnbmF0dXJl"
GUID = "8c9f0e1d-2b3a-4c5d-9e8f-7a6b5c4d3e2f"
EMAIL = "canary.person@contoso.com"
ADDRESS = "20.43.161.77"

# Kind of find, and after a colon what it is planted as -> a text that holds the secret, and the
# secret itself.
PLANTED: dict[str, tuple[str, str]] = {
    "bearer token": ("Bearer CANARY0123456789abcdef", "CANARY0123456789abcdef"),
    "JWT": (f"the token {JWT} is here", JWT),
    "agent authentication": (
        '"Agent-Authentication": "CANARYhmac0123456789abcdef="',
        "CANARYhmac0123456789abcdef",
    ),
    "cookie": ("Set-Cookie: session=CANARYcookie0123; path=/", "CANARYcookie0123"),
    "signed URL": (
        "https://management.azure.com/x/operationresults/1?api-version=2022-01-01"
        "&t=2023-08-29T01%3a12%3a02&c=CANARYcert&s=CANARYsigned012&h=CANARYhash",
        "CANARYsigned012",
    ),
    "account key": (
        "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=CANARYkey0123456789==;",
        "CANARYkey0123456789",
    ),
    "client secret": (
        "grant_type=client_credentials&client_secret=CANARYsecret01234",
        "CANARYsecret01234",
    ),
    "private key": (
        "-----BEGIN " + "RSA PRIVATE KEY-----\nCANARYpem0123456789\n-----END RSA PRIVATE KEY-----",
        "CANARYpem0123456789",
    ),
    "GUID": (f"the tenant {GUID} is here", GUID),
    "e-mail address": (f"created by {EMAIL} today", EMAIL),
    "public IP address": (f"the address {ADDRESS} is here", ADDRESS),
    "basic authentication: header": (
        "Authorization: Basic Q0FOQVJZOmNhbmFyeQ==",
        "Q0FOQVJZOmNhbmFyeQ",
    ),
    "basic authentication: alone": ("sent Basic Q0FOQVJZOmNhbmFyeQ== along", "Q0FOQVJZOmNhbmFyeQ"),
    "secret value: cut off": (
        'the body was {"osProfile": {"adminPassword": "CANARYcut0123456",',
        "CANARYcut0123456",
    ),
    "secret value: nested": (
        '{"parameters": {"admin_password": {"value": "CANARYnest012345"}}}',
        "CANARYnest012345",
    ),
    "secret value: JSON in JSON": (
        json.dumps({"details": json.dumps({"note": json.dumps({"keyData": "CANARYdeep01234"})})}),
        "CANARYdeep01234",
    ),
    "secret value: escaped": (
        r"sent {\"adminPassword\": \"CANARYesc\\\"aped01\"} to it",
        "CANARYesc",
    ),
    **{
        f"secret value: {key}": (json.dumps({"properties": {key: secret}}), secret)
        for key in (
            *("adminPassword", "primaryKey", "keyData", "connectionString", "sasUri"),
            *("userName", "macAddress", "Agent-Authentication", "sas_token"),
        )
        for secret in (f"CANARY {key} 0123456",)
    },
    "tag value: whole": ('{"name": "x", "tags": {"owner": "CANARY Jane Doe"}}', "CANARY Jane Doe"),
    "tag value: in a text": (
        'it was {"id": 1, "Tags": {"cost": "CANARY 4711 x"}} before',
        "CANARY 4711 x",
    ),
    "loopback host": ("see http://127.0.0.1:8480/subscriptions for more", "127.0.0.1:8480"),
}


def kind_of(name: str) -> str:
    """The kind of find of one of PLANTED."""
    return name.partition(":")[0]


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def in_url_safe_base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def in_gzip(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def in_json(text: str) -> str:
    return json.dumps({"properties": {"message": text}})


def percent_encoded(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "base64": in_base64,
    "url-safe base64": in_url_safe_base64,
    "base64 of base64": lambda text: in_base64(in_base64(text)),
    "gzip": in_gzip,
    "base64 of gzip of base64": lambda text: in_base64(in_gzip(in_base64(text))),
    "JSON in base64": lambda text: in_base64(in_json(text)),
}
