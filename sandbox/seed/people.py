"""What seeded donors are called and say, and at what hours they give. For `filling`; nobody is meant."""

FIRST_NAMES = (
    "Maria", "James", "Linda", "Robert", "Susan", "David", "Karen", "Michael", "Patricia", "John", "Elena",
    "Barbara", "Thomas", "Nancy", "Daniel", "Ruth", "Carlos", "Margaret", "Paul", "Sofia", "Anne", "George",
    "Julia", "Peter", "Hannah", "Luis", "Grace", "Samuel", "Ingrid", "Omar", "Alice", "Kenji", "Rosa", "Victor",
    "Wanda", "Priya", "Håkon", "Amara", "Dmitri", "Noor", "Beatriz", "Lars", "Yuki", "Fatima", "Eero", "Zora",
)  # fmt: skip
LAST_NAMES = (
    "Smith", "Johnson", "Garcia", "Miller", "Brown", "Davis", "Martinez", "Wilson", "Anderson", "Lopez", "Taylor",
    "Moore", "Lee", "Hansen", "Clark", "Lewis", "Nguyen", "Walker", "Hall", "Young", "King", "Wright", "Torres",
    "Hill", "Green", "Olson", "Baker", "Rivera", "Campbell", "Carter", "Kowalski", "Peterson", "Reyes", "Morgan",
    "Okafor", "Bell", "Murphy", "Larsen", "Ortiz", "Jensen", "Fischer", "Sato", "Muñoz", "Nakamura", "Lindqvist",
    "Abernathy", "Vasquez", "Whitaker", "Castellanos", "Haddad", "Bjornstad", "Oyelaran", "Petrov", "Achterberg",
)  # fmt: skip
COMMENTS = (
    "For the harbor stories.",
    "I read you on the library's computer.",
    "Keep asking.",
    "My mother reads the printed pages; thank you for mailing them.",
    "For the records requests.",
    "Thank you for staying in the room.",
    "Small, but every month.",
    "In place of the coffee.",
    "The piece on the ferry fares was overdue.",
    "Gracias por escribir también para nosotros.",
    "From one dock worker.",
    "Free to read is right.",
)
HOURS = (
    0.012, 0.020, 0.025, 0.028, 0.032, 0.042, 0.065, 0.105, 0.165, 0.240, 0.315, 0.380, 0.440, 0.495, 0.545, 0.595,
    0.645, 0.695, 0.745, 0.805, 0.870, 0.930, 0.975,
)  # fmt: skip
"""Where each hour of the day ends in the day's gifts, on the wall clock: most come in the morning and at night."""
