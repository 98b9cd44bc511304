"""Reading what mail systems write back: the parts of a report, plain words, complaints, and which email it is about."""
