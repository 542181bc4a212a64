"""Where experience rests: fragments, their wire format, tables, shards and their clients."""
