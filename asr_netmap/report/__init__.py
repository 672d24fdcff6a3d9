"""From values to what people and programs read; nothing here prints.

    Inventory, Plan, Result ──► pages (blocks of plain texts) ──► terminal · Markdown · CSV
                            └─► documents (JSON shapes)
    Picture ──► html/ (one self-contained file with a map) · picture_pages (the same as a page)

`inert` makes texts that others wrote harmless; every renderer passes every text through it.
"""
