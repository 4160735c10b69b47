"""The garbage collector: deletes what nobody owns any more, and sees deletions with dependents through."""
