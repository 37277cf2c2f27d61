"""Questions: chained, as a document, as a plan in JSON (ring: paas, in query).

Nouns: `Query` (an immutable question about a `Subject`), `Question` (the same as a document), `write_plan` and
`read_plan`.
"""
