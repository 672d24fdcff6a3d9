"""Applying a plan's changes: what to do when is decided purely, then done by threads.

    changes ──► Scheduler ──tasks──► Worker ──calls──► Gateway
                   ▲                   │
                   └────── reports ────┘

The scheduler (`scheduler`, with one `course` per change and the `pace`) knows neither threads nor
time nor Azure. The driver carries its tasks to workers and their reports back. A worker does one
task: an idle check with a read and a judgement (`comparison`), one write, one look at an
operation. Nothing here imports an SDK: all calls go through the `Gateway` protocol.
"""
