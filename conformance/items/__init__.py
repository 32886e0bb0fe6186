"""What each language offers: every public item of core, with its docs."""
