"""The managers' pages: HTML made at the server, each with the JSON under ``/v1/`` that it shows."""
