"""How lists are asked for: pages, filters and orders, as AIP-158, AIP-160 and AIP-132 say."""
