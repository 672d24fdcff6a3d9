"""From values to what people and programs read; nothing here prints.

    Inventory, Plan, Result ──► pages (blocks of plain texts) ──► terminal · Markdown · CSV
                            └─► documents (JSON shapes)

`inert` makes texts that others wrote harmless; every renderer passes every text through it.
"""
