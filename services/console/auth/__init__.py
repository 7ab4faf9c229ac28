"""Who the visitor is."""
