"""The tests: units room by room, properties, architecture; support holds what they share."""
