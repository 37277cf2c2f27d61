"""Exchange between cities (ring: daas): packages of what was recorded of layers, from their owner to others.

Knows the ledger, tables and kinds of layers; must not know questions, rights and how a package travels. Nouns:
`EntryChain` (entries of a layer's ledger, each linked to the one before), `Parcel` (what a package has of one layer),
`Manifest` (what it has of all), `Receipt` (what was received when). Start reading at `receipt`.
"""
