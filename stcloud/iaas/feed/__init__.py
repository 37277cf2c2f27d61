"""Feeds: messages that arrive while they are read, and what acknowledges them (ring: iaas).

Knows: transports (a folder, HTTP, NATS JetStream, MQTT), CloudEvents, and the rows of a message's body. Must not
know: what a layer is, nor whether a message was applied before.

Nouns: a `Message` (a body, and what its transport knows of it), a `Feed` (what messages are taken from, acknowledged
to, released to), a `FeedBatch` (rows of messages, spooled as one source of a load).

Start reading at `message.py`, then `batch.py`, then a transport: `arrivals.py` is the shortest.
"""
