"""IMAP: functional mailboxes watched, and never changed by watching (RFC 3501, 2177, 7162)."""
