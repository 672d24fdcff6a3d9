"""A fake Azure Resource Manager, kept inside the package: to try, to rehearse, to test against.

    Request ──► engine.handle(request, now, rng) ──► Response
                   │  pure: no clock, no socket, no thread
                   ▼
                 Estate: resources · operations (jobs) · conditions

`engine` takes a request through its stages; `resources`, `network`, `recovery`, `fabrics`,
`mappings` and `items` are the providers; `operations`, `jobs` and `settling` are writes over time;
`session` binds an engine to memory or to a file; `server` puts one on loopback. It imports the
standard library and nothing of this project: a fake that shares the code it tests proves nothing.

Behaviour with a source is marked `# ARM:` and names it. Behaviour that no source tells is marked
`# invented: <slug>` and explained in INVENTED.md.
"""

from __future__ import annotations

from asr_netmap.sandbox.demo_estate import demo_estate
from asr_netmap.sandbox.engine import Engine
from asr_netmap.sandbox.estate import Estate, EstateError
from asr_netmap.sandbox.http import Request, Response
from asr_netmap.sandbox.options import Options
from asr_netmap.sandbox.session import FileSandbox, MemorySandbox, Sandbox
from asr_netmap.sandbox.tokens import sandbox_token

__all__ = [
    "Engine",
    "Estate",
    "EstateError",
    "FileSandbox",
    "MemorySandbox",
    "Options",
    "Request",
    "Response",
    "Sandbox",
    "demo_estate",
    "sandbox_token",
]
