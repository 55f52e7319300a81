"""A simulated Moroccan home-services market whose truth is known: models learn from what a marketplace would see and are judged by what it cannot."""
