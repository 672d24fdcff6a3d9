"""The report as one HTML file that loads nothing and sends nothing.

    Picture ──► map_layout (where everything is) ──► map_drawing (SVG) ──┐
            └─► findings, addresses, changes (sections) ─────────────────┴─► page

Every piece is made by `markup.element`, which escapes all texts; style and script are fixed texts
that the page's content security policy names by their digests, so nothing else can run.
"""
