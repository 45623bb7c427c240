"""Mail: a mailbox read by IMAP, and what its messages are: letters, leads, newsletters, notices of services."""
