"""E-mail: composing a message and handing it to the office's SMTP server."""
