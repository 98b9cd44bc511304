"""The donor's own page: links and sessions that open it, what it shows, and what a donor may change there.

For `views.donor_page*` and, where staff finish what a donor asked for, the desk. No address of a person is ever told to
who has not shown that its mailbox is theirs.
"""
