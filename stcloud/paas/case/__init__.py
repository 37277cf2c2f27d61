"""Cases of urban management (ring: paas): what is reported about components and matters. Rooms: `classes`."""
