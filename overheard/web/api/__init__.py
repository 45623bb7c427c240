"""The API under `/v1`, for programs: the records as they are, problems by RFC 9457, OpenAPI 3.1."""
