"""The gateway's own services: protos like any other, served in this process instead of over a channel."""
