//! CY.SEND's client.
