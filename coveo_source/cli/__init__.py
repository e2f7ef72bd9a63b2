"""The verbs, and what they print. `plugin` imports these modules when a verb runs."""
