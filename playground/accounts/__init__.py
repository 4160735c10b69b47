"""Who somebody is: guests who start at once, sign-up that keeps what they made, sign-in, roles.

Used by every app through `guests.ensure_user` and Django's own `request.user`. It must not know sandboxes or lessons: a
guest is a user row like any other, so that what hangs on it stays where it is when the guest signs up.
"""
