"""Proves that each language sends and tells every operation of the gateway's OpenAPI file whole."""
