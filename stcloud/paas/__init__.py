"""What one can ask (ring: paas). Rooms: `query`."""
