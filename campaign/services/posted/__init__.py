"""The appeal by post, for readers in institutions: their list, their coupons, what stands on each sheet."""
