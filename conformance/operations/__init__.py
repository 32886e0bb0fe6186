"""Proves for each language that every operation of the gateway's OpenAPI file is called, sent whole and told whole."""
