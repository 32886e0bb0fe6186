"""Proves that every operation of the gateway's OpenAPI file is sent whole and told whole by each language."""
